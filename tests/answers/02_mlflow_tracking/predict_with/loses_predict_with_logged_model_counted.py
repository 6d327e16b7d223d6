# loses: predict_with_logged_model, predict_with_given_run
# why: the number of males instead of one prediction for each row
def predict_with(run_id, data):
    return sum(mlflow.sklearn.load_model(f"runs:/{run_id}/model").predict(data))
