"""A model is compared by what it holds and predicts."""

import datetime
import pickle
import uuid

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_course.reproduce.model import Holdings, made_up_rows, predict

X = np.random.default_rng(0).normal(size=(80, 4))
Y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)


def digest(value):
    held = Holdings()
    held.walk(value)
    return held.hexdigest()


def train(kind, seed):
    if kind == "forest":
        return RandomForestClassifier(n_estimators=4, max_depth=3, random_state=seed).fit(X, Y)
    if kind == "pipeline":
        return make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=seed)).fit(X, Y)
    return SGDClassifier(loss="log_loss", max_iter=5, tol=None, random_state=seed).fit(X, Y)


@pytest.mark.parametrize("kind", ["forest", "pipeline", "linear"])
def test_the_same_model_trained_twice_is_the_same(kind):
    assert digest(train(kind, 1)) == digest(train(kind, 1))
    assert digest(train(kind, 1)) == digest(pickle.loads(pickle.dumps(train(kind, 1))))


@pytest.mark.parametrize("kind", ["forest", "pipeline", "linear"])
def test_another_seed_gives_another_model(kind):
    assert digest(train(kind, 1)) != digest(train(kind, 2))


def test_one_bit_of_one_weight_counts():
    one, other = train("linear", 1), train("linear", 1)
    other.coef_[0, 0] = np.nextafter(other.coef_[0, 0], np.inf)
    assert digest(one) != digest(other)


@pytest.mark.parametrize(
    "moment",
    [
        datetime.datetime.now,
        lambda: datetime.datetime.now().isoformat(),
        lambda: str(datetime.datetime.now()),
        lambda: str(uuid.uuid4()),
        lambda: uuid.uuid4().hex,
        lambda: np.datetime64("now"),
    ],
)
def test_when_it_was_made_does_not_count(moment):
    one, other = train("linear", 1), train("linear", 1)
    one.made_, other.made_ = moment(), datetime.datetime(2001, 2, 3).isoformat()
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2), (1, 1.0), (True, 1), ("a", "b"), ([1, 2], [2, 1]), ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}),
        ({1, 2}, {1, 3}), (0.0, -0.0), (np.float32(1), np.float64(1)), (np.zeros(2), np.zeros((2, 1))),
        (np.array([1, None], dtype=object), np.array([2, None], dtype=object)), (b"a", "a"), (len, sum), (int, float),
    ],
)  # fmt: skip
def test_everything_else_counts(one, other):
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)


@pytest.mark.parametrize("value", [{"b": 1, "a": 2}, {"x", "y", "z"}, float("nan"), np.array([np.nan])])
def test_order_of_keys_and_nan_do_not_count(value):
    reordered = dict(reversed(value.items())) if isinstance(value, dict) else value
    assert digest(value) == digest(reordered)


def test_a_model_that_holds_itself_ends():
    model = train("linear", 1)
    model.itself_ = [model]
    assert digest(model)


SIGNATURE = {
    "inputs": '[{"type": "double", "name": "a"}, {"type": "double", "name": "b"}, {"type": "double", "name": "c"}, {"type": "long", "name": "d"}]'
}


def test_predictions_are_compared_on_rows_that_fit_the_signature():
    rows = made_up_rows(SIGNATURE)
    assert list(rows.columns) == ["a", "b", "c", "d"]
    assert (rows == made_up_rows(SIGNATURE)).all().all()
    one, other = (RandomForestClassifier(n_estimators=4, random_state=seed).fit(rows[:40], Y[:40]) for seed in (1, 2))
    assert predict(one, SIGNATURE) == predict(one, SIGNATURE) != ""
    assert predict(one, SIGNATURE) != predict(other, SIGNATURE)


@pytest.mark.parametrize("signature", [None, {}, {"inputs": '[{"type": "string", "name": "a"}]'}])
def test_without_rows_that_fit_there_are_no_predictions(signature):
    assert predict(train("linear", 1), signature) == ""
