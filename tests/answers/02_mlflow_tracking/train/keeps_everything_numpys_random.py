# loses: nothing
# why: calls NumPy's module by the name random
from numpy import random
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(data, learning_rate, seed, epochs):
    """Train a classifier that tells male from female penguins.

    Parameters: data, a DataFrame with the columns in FEATURES and sex, without gaps;
    learning_rate, the size of the steps; seed, for everything that is random; epochs, how many
    times every row is visited.

    Returns: model, losses. The model has predict and predict_proba and takes data[FEATURES];
    losses is the list of the log losses on data, one after each epoch.
    """
    is_male = (data["sex"] == "male").to_numpy(dtype=int)
    scaler = StandardScaler().fit(data[FEATURES])
    inputs = scaler.transform(data[FEATURES])
    classifier = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate, random_state=seed)
    generator = random.default_rng(seed)
    losses = []
    for _ in range(epochs):
        order = generator.permutation(len(inputs))
        classifier.partial_fit(inputs[order], is_male[order], classes=[0, 1])
        losses.append(log_loss(is_male, classifier.predict_proba(inputs)))
    return make_pipeline(scaler, classifier), losses
