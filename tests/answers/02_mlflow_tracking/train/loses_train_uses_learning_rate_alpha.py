# loses: train_uses_learning_rate
# why: alpha is the strength of the regularisation, not the size of the steps
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    y = (data["sex"] == "male").astype(int)
    scaler = StandardScaler().fit(data[FEATURES])
    X = scaler.transform(data[FEATURES])
    classifier = SGDClassifier(loss="log_loss", alpha=learning_rate, random_state=seed)
    losses = []
    for _ in range(epochs):
        classifier.partial_fit(X, y, classes=[0, 1])
        losses.append(log_loss(y, classifier.predict_proba(X)))
    return make_pipeline(scaler, classifier), losses
