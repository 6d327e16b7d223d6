# loses: train_reports_losses
# why: splits once more and reports the loss on the rows it keeps back
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


from sklearn.model_selection import train_test_split


def train(data, learning_rate, seed, epochs):
    X_train, X_test, y_train, y_test = train_test_split(
        data[FEATURES], (data["sex"] == "male").astype(int), random_state=seed
    )
    scaler = StandardScaler().fit(X_train)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate, random_state=seed)
    losses = []
    for _ in range(epochs):
        model.partial_fit(scaler.transform(X_train), y_train, classes=[0, 1])
        losses.append(log_loss(y_test, model.predict_proba(scaler.transform(X_test))))
    return make_pipeline(scaler, model), losses
