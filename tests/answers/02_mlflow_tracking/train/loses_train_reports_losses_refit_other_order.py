# loses: train_reports_losses
# why: from scratch in each epoch, each time with another order
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
    for epoch in range(epochs):
        classifier.set_params(random_state=seed + epoch)
        classifier.fit(X, y)
        losses.append(log_loss(y, classifier.predict_proba(X)))
    return make_pipeline(scaler, classifier), losses
