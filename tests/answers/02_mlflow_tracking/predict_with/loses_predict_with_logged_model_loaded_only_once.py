# loses: predict_with_logged_model, predict_with_given_run
# why: keeps the first model it has loaded for every run
loaded = None


def predict_with(run_id, data):
    global loaded
    if loaded is None:
        loaded = mlflow.sklearn.load_model(f"runs:/{run_id}/model")
    return loaded.predict(data)
