# loses: predict_with_given_run
# why: the model that was logged last
def predict_with(run_id, data):
    return mlflow.pyfunc.load_model(mlflow.last_logged_model().model_uri).predict(data)
