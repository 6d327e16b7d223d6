# loses: predict_with_logged_model
# why: scales the rows, although the scaler is in the model: the run is the right one
from sklearn.preprocessing import StandardScaler


def predict_with(run_id, data):
    scaled = data.copy()
    scaled[:] = StandardScaler().fit_transform(data)
    return mlflow.sklearn.load_model(f"runs:/{run_id}/model").predict(scaled)
