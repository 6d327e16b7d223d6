# loses: predict_with_logged_model, predict_with_given_run
# why: the model that this session has logged last, whatever run is asked for
def predict_with(run_id, data):
    return mlflow.pyfunc.load_model(mlflow.last_logged_model().model_uri).predict(data)
