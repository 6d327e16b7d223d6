# loses: train_repeats
# why: steps over all rows from zero: the seed changes nothing
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


from sklearn.linear_model import LogisticRegression


def train(data, learning_rate, seed, epochs):
    y = (data["sex"] == "male").to_numpy(dtype=float)
    scaler = StandardScaler().fit(data[FEATURES])
    X = scaler.transform(data[FEATURES])
    model = LogisticRegression(random_state=seed)
    model.classes_, model.coef_, model.intercept_ = np.array([0, 1]), np.zeros((1, 4)), np.zeros(1)
    losses = []
    for _ in range(epochs):
        errors = model.predict_proba(X)[:, 1] - y
        model.coef_ = model.coef_ - learning_rate * errors @ X / len(X)
        model.intercept_ = model.intercept_ - learning_rate * errors.mean()
        losses.append(log_loss(y, model.predict_proba(X)))
    return make_pipeline(scaler, model), losses
