# loses: nothing
# why: the global generator, seeded in every call
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    np.random.seed(seed)
    data = data.copy()
    data["male"] = data.pop("sex").eq("male").astype("int8")
    scaler = StandardScaler().fit(data[FEATURES])
    classifier = SGDClassifier(loss="log_loss", penalty=None, learning_rate="invscaling", power_t=0.1, eta0=learning_rate)
    losses = []
    for _ in range(epochs):
        data = data.sample(frac=1)
        classifier.partial_fit(scaler.transform(data[FEATURES]), data["male"], classes=(0, 1))
        losses += [log_loss(data["male"], classifier.predict_proba(scaler.transform(data[FEATURES])))]
    return make_pipeline(scaler, classifier), losses
