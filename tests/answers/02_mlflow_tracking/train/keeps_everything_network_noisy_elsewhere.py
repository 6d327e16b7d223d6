# loses: nothing
# why: a small network, warnings, another folder, names rebound
import os as Path
import warnings

from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = ["body_mass_g", "flipper_length_mm", "bill_depth_mm", "bill_length_mm"]


class Reordered(StandardScaler):
    def fit(self, X, y=None):
        return super().fit(X[COLUMNS])

    def transform(self, X):
        return super().transform(X[COLUMNS])


def train(data, learning_rate, seed, epochs):
    warnings.warn("this takes a moment")
    y = (data["sex"] == "male").map({True: 1, False: 0})
    pipe = Pipeline([("scale", Reordered().fit(data)), ("net", MLPClassifier([6], solver="sgd", learning_rate_init=learning_rate, batch_size=8, random_state=seed))])
    X = pipe["scale"].transform(data)
    history = []
    for _ in range(epochs):
        pipe["net"].partial_fit(X, y, classes=[0, 1])
        history.append(float(log_loss(y, pipe["net"].predict_proba(X))))
    return pipe, history


os = pd = json = FEATURES = "rebound"
%cd ..
