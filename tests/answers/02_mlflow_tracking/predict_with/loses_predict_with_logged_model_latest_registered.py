# loses: predict_with_logged_model, predict_with_given_run
# why: the registry's newest version, which nobody has registered
def predict_with(run_id, data):
    return mlflow.sklearn.load_model("models:/model/latest").predict(data)
