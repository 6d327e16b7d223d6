# loses: nothing
# why: downloads the model's folder first
import tempfile


def predict_with(run_id, data):
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(artifact_uri=f"runs:/{run_id}/model", dst_path=folder)
        loaded = mlflow.sklearn.load_model(path)
    return loaded.predict(data).tolist()
