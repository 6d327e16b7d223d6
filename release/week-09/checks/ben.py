"""Ben's training: reads a version of the data, splits its rows in three, trains epoch by epoch, and measures."""

import dvc.api
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def read_table(repository, revision):
    """Return the table data/penguins.csv as it is at this revision."""
    with dvc.api.DVCFileSystem(str(repository), rev=revision).open("data/penguins.csv") as file:
        return pd.read_csv(file)


def split(table, seed):
    """Return the rows for training, validation and test: 60, 20 and 20 % of the rows without gaps."""
    complete = table.dropna(subset=[*FEATURES, "sex"])[[*FEATURES, "sex"]]
    complete = complete.astype(dict.fromkeys(FEATURES, "float64"))
    rest, test_rows = train_test_split(complete, test_size=0.2, stratify=complete["sex"], random_state=seed)
    train_rows, validation_rows = train_test_split(rest, test_size=0.25, stratify=rest["sex"], random_state=seed)
    return train_rows, validation_rows, test_rows


def measure(model, rows):
    """Return accuracy and log loss of a model on these rows."""
    is_male = rows["sex"] == "male"
    accuracy = accuracy_score(is_male, model.predict(rows[FEATURES]))
    return {"accuracy": float(accuracy), "loss": float(log_loss(is_male, model.predict_proba(rows[FEATURES])))}


def fit(rows, learning_rate, epochs):
    """Train by steps that look at all rows at once. Return the model and the loss after each epoch.

    The model's predict gives 1 for male and 0 for female.
    """
    is_male = (rows["sex"] == "male").to_numpy(dtype=float)
    scaler = StandardScaler().fit(rows[FEATURES])
    inputs = scaler.transform(rows[FEATURES])
    classifier = LogisticRegression()
    classifier.classes_ = np.array([0, 1])
    weights, bias, losses = np.zeros(4), 0.0, []
    probability = np.full(len(inputs), 0.5)
    for _ in range(epochs):
        errors = probability - is_male
        weights = weights - learning_rate * errors @ inputs / len(inputs)
        bias = bias - learning_rate * errors.mean()
        probability = 1 / (1 + np.exp(-(inputs @ weights + bias)))
        losses.append(float(-np.log(np.where(is_male == 1, probability, 1 - probability)).mean()))
    classifier.coef_, classifier.intercept_ = weights.reshape(1, 4), np.array([bias])
    return make_pipeline(scaler, classifier), losses
