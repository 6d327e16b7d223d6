# loses: train_reports_losses
# why: the loss is taken before the update: one epoch late
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    y = (data["sex"] == "male").astype(int)
    scaler = StandardScaler().fit(data[FEATURES])
    X = scaler.transform(data[FEATURES])
    classifier = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate, random_state=seed)
    losses = []
    classifier.partial_fit(X[:2], y.iloc[:2], classes=[0, 1])
    for _ in range(epochs):
        losses.append(log_loss(y, classifier.predict_proba(X)))
        classifier.partial_fit(X, y)
    return make_pipeline(scaler, classifier), losses
