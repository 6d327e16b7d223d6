# loses: nothing
# why: steps over all rows, from weights that the seed draws
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


from sklearn.linear_model import LogisticRegression


def train(data, learning_rate, seed, epochs):
    y = (data["sex"] == "male").to_numpy(dtype=float)
    rng = np.random.default_rng(seed)
    model = make_pipeline(StandardScaler().fit(data[FEATURES]), LogisticRegression())
    X, last = model[0].transform(data[FEATURES]), model[1]
    last.classes_, last.coef_, last.intercept_ = np.array([0, 1]), rng.normal(size=(1, 4)), rng.normal(size=1)
    losses = []
    for _ in range(epochs):
        errors = last.predict_proba(X)[:, 1] - y
        last.coef_ = last.coef_ - learning_rate * errors @ X / len(X)
        last.intercept_ = last.intercept_ - learning_rate * errors.mean()
        losses.append(log_loss(y, last.predict_proba(X)))
    return model, losses
