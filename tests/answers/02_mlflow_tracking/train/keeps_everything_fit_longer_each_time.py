# loses: nothing
# why: from scratch, but one epoch more each time: wasteful and right
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    y = np.where(data["sex"] == "male", 1, 0)
    losses = []
    for n in range(1, epochs + 1):
        model = make_pipeline(
            StandardScaler(),
            SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate, max_iter=n, tol=None, random_state=seed),
        )
        model.fit(data[FEATURES], y)
        losses.append(log_loss(y, model.predict_proba(data[FEATURES])))
    return [model, losses]
