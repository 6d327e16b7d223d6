# loses: train_reports_losses
# why: fit begins from scratch in each epoch, so nothing is learned from one to the next
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    y = (data["sex"] == "male").astype(int)
    scaler = StandardScaler().fit(data[FEATURES])
    X = scaler.transform(data[FEATURES])
    classifier = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate, random_state=seed, max_iter=1, tol=None)
    losses = []
    for _ in range(epochs):
        classifier.fit(X, y)
        losses.append(log_loss(y, classifier.predict_proba(X)))
    return make_pipeline(scaler, classifier), losses
