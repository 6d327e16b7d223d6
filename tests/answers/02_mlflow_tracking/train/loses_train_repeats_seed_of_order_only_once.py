# loses: train_repeats
# why: the global generator is seeded when the cell runs, not when the function is called
np_seeded = __import__('numpy').random.seed(my_seed)
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    y = (data["sex"] == "male").astype(int)
    scaler = StandardScaler().fit(data[FEATURES])
    X = scaler.transform(data[FEATURES])
    classifier = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate)
    losses = []
    for _ in range(epochs):
        classifier.partial_fit(X, y, classes=[0, 1])
        losses.append(log_loss(y, classifier.predict_proba(X)))
    return make_pipeline(scaler, classifier), losses
