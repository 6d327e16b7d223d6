# loses: nothing
# why: stochastic gradient descent written by hand, in a class of its own
import numpy as np


class Logistic:
    def __init__(self, mean, spread):
        self.mean, self.spread, self.weights, self.bias = mean, spread, np.zeros(4), 0.0

    def predict_proba(self, rows):
        z = ((np.asarray(rows, float) - self.mean) / self.spread) @ self.weights + self.bias
        p = 1 / (1 + np.exp(-z))
        return np.column_stack([1 - p, p])

    def predict(self, rows):
        return (self.predict_proba(rows)[:, 1] > 0.5).astype(int)


def train(data, learning_rate, seed, epochs):
    x, y = data[FEATURES].to_numpy(float), (data["sex"] == "male").to_numpy(float)
    model = Logistic(x.mean(axis=0), x.std(axis=0))
    scaled, rng, losses = (x - model.mean) / model.spread, np.random.RandomState(seed), []
    for _ in range(epochs):
        for i in rng.permutation(len(x)):
            error = 1 / (1 + np.exp(-(scaled[i] @ model.weights + model.bias))) - y[i]
            model.weights = model.weights - learning_rate * error * scaled[i]
            model.bias -= learning_rate * error
        p = model.predict_proba(data[FEATURES])[:, 1]
        losses.append(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
    return model, losses
