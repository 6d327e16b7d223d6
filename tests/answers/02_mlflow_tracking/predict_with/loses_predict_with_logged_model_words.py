# loses: predict_with_logged_model
# why: translates 1 and 0 into words
def predict_with(run_id, data):
    found = mlflow.sklearn.load_model(f"runs:/{run_id}/model").predict(data)
    return ["male" if one else "female" for one in found]
