# loses: predict_with_logged_model
# why: predict_proba instead of predict
def predict_with(run_id, data):
    return mlflow.sklearn.load_model(f"runs:/{run_id}/model").predict_proba(data)
