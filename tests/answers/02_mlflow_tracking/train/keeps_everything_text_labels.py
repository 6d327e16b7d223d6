# loses: nothing
# why: labels as text, random_state only, losses as an array
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    model = make_pipeline(
        StandardScaler(),
        SGDClassifier("log_loss", learning_rate="constant", eta0=learning_rate, random_state=seed),
    )
    scaled = model[0].fit_transform(data[FEATURES])
    losses = np.zeros(epochs)
    for i in range(epochs):
        model[1].partial_fit(scaled, data["sex"], classes=np.array(["female", "male"]))
        losses[i] = log_loss(data["sex"], model.predict_proba(data[FEATURES]))
    return model, losses
