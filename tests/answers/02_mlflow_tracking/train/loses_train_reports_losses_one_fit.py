# loses: train_reports_losses
# why: one fit for all epochs: a single loss, no history
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    y = data["sex"] == "male"
    model = make_pipeline(
        StandardScaler(),
        SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate, max_iter=epochs, tol=None, random_state=seed),
    )
    model.fit(data[FEATURES], y)
    return model, [log_loss(y, model.predict_proba(data[FEATURES]))]
