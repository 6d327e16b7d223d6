# loses: train_repeats, train_uses_learning_rate, train_reports_losses
# why: the untouched stub
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
    # YOUR CODE HERE
