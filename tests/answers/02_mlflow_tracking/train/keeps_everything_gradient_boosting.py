# loses: nothing
# why: boosting: each tree is an epoch, the learning rate its step; half of the rows for each, drawn by the seed
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import log_loss


def train(data, learning_rate, seed, epochs):
    model = GradientBoostingClassifier(learning_rate=learning_rate, n_estimators=epochs, subsample=0.5, random_state=seed)
    model.fit(data[FEATURES], data["sex"])
    return model, [log_loss(data["sex"], p) for p in model.staged_predict_proba(data[FEATURES])]
