# loses: predict_with_logged_model
# why: sorts the rows by their index: the predictions come in another order
def predict_with(run_id, data):
    return mlflow.sklearn.load_model(f"runs:/{run_id}/model").predict(data.sort_index())
