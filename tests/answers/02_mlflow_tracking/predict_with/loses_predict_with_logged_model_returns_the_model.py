# loses: predict_with_logged_model, predict_with_given_run
# why: the loaded model, without a prediction
def predict_with(run_id, data):
    return mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
