"""MLflow stores: experiments to try a function on, and ways to read what it has logged."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import mlflow
import numpy as np
from mlflow.entities import Metric, Run, RunTag

from checks import student
from checks.ben import FEATURES
from checks.repositories import Repository
from checks.stores import address, begin, bens_month, birds, log, repository, rule, survey

__all__ = ["Experiment", "bens_month", "birds", "repository"]


class Experiment:
    """A new experiment in the student's store. It is the current one when the student's function is called.

    Parameters
    ----------
    name
        Of the experiment; a new one if it is left out.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name or f"check {uuid.uuid4()}"
        self.client = mlflow.MlflowClient(address(int(student.on_students_side(begin, self.name))))
        self.number = self.client.get_experiment_by_name(self.name).experiment_id
        self.names: dict[str, str] = {}

    def add(self, name: str, status: str = "FINISHED", **metrics: float | None) -> str:
        """Add a run with these metrics, and return its id. The status may be "DELETED", too."""
        made = self.client.create_run(self.number, run_name=name).info.run_id
        known = {key: value for key, value in metrics.items() if value is not None}
        self.client.log_batch(made, [Metric(key, value, 0, 0) for key, value in known.items()])
        if status != "RUNNING":
            self.client.set_terminated(made, "FINISHED" if status == "DELETED" else status)
        if status == "DELETED":
            self.client.delete_run(made)
        self.names[made] = name
        return made

    def add_tagged(self, **tags: str) -> str:
        """Add a run with these tags, and return its id."""
        made = self.client.create_run(self.number).info.run_id
        self.client.log_batch(made, tags=[RunTag(key, value) for key, value in tags.items()])
        self.client.set_terminated(made)
        return made

    def add_model(self, weights: list[float], threshold: float) -> str:
        """Add a run with a model that says 1 where the weighted sum of the features is above the threshold."""
        made = self.client.create_run(self.number).info.run_id
        mlflow.set_tracking_uri(self.client.tracking_uri)
        with mlflow.start_run(run_id=made):
            log(rule(weights, threshold))
        return made

    def run(self, found: Any) -> Run:
        """Return the run that a student's function says it has logged."""
        assert found is not None, "log_run returned None: expected a run id"
        assert isinstance(found, str), f"log_run returned an object of type {type(found).__name__}: expected a run id"
        try:
            logged = self.client.get_run(found)
        except mlflow.exceptions.MlflowException:
            logged = None
        assert logged, f"there is no run {found!r} in the store that was current when log_run was called (section 11)"
        assert logged.info.status == "FINISHED", (
            f"the run's status is {logged.info.status} after log_run has returned: expected FINISHED (section 3)"
        )
        return logged

    def run_anywhere(self, found: Any) -> tuple[Run, mlflow.MlflowClient]:
        """Return the run, finished or not, in whatever store it is, and what reads that store.

        Where it is has cost its points elsewhere.
        """
        assert found is not None, "log_run returned None: expected a run id"
        uri = student.on_students_side(mlflow.get_tracking_uri)
        client = mlflow.MlflowClient(uri if str(uri).startswith("sqlite:///") else self.client.tracking_uri)
        try:
            return client.get_run(str(found)), client
        except mlflow.exceptions.MlflowException:
            raise AssertionError(f"log_run returned {found!r}, which is no run of the current store") from None

    def chosen(self, found: Any) -> str:
        """Return the name of the run that a student's function has chosen."""
        found = getattr(getattr(found, "info", None), "run_id", found)
        return self.names.get(str(found), f"{found!r}, which is no run of this experiment")


def history(client: mlflow.MlflowClient, run: Run, metric: str) -> tuple[list[int], list[float]]:
    """Return the steps of a metric's history, in their order, and its values."""
    points = sorted(client.get_metric_history(run.info.run_id, metric), key=lambda point: point.step)
    return [point.step for point in points], [point.value for point in points]


def number(text: Any) -> Any:
    """Return a parameter as a number, if it is one: MLflow stores text."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return text


def signature_of(address_of_model: str, store: str) -> list[str] | None:
    """Name the columns of a logged model's signature, on the student's side; None without model or signature."""
    mlflow.set_tracking_uri(store)
    try:
        found = mlflow.models.get_model_info(address_of_model).signature
    except (mlflow.exceptions.MlflowException, OSError):
        return None
    return [str(one.name) for one in found.inputs.inputs] if found is not None and found.inputs else None


def says_male(address_of_model: str, store: str, rows: Any) -> list[float] | None:
    """Load a model, on the student's side, and return how sure it is that each bird is male; None if it cannot.

    A model that says no probabilities is taken to be sure.
    """
    mlflow.set_tracking_uri(store)
    try:
        loaded = mlflow.sklearn.load_model(address_of_model)
        if hasattr(loaded, "predict_proba"):
            return [float(one) for one in np.asarray(loaded.predict_proba(rows[FEATURES]))[:, 1]]
        return [float(one in (1, "male")) for one in np.ravel(loaded.predict(rows[FEATURES])).tolist()]
    except Exception:
        return None


def sure_of(run: Run, reader: mlflow.MlflowClient, rows: Any) -> list[float] | None:
    """Return how sure a run's own model is that each bird is male; None if it has none that knows its job."""
    sure = student.on_students_side(says_male, f"runs:/{run.info.run_id}/model", reader.tracking_uri, rows)
    right = sum((one > 0.5) == (sex == "male") for one, sex in zip(sure or [], rows["sex"], strict=False))
    return sure if right > 0.65 * len(rows) else None


def predictions(found: Any, count: int) -> list[Any]:
    """Return the predictions of a student's function as a list."""
    assert found is not None, "predict_with returned None: expected one prediction for each row"
    values = found.tolist() if hasattr(found, "tolist") else found
    assert isinstance(values, list | tuple), (
        f"predict_with returned an object of type {type(found).__name__}: expected one prediction for each row"
    )
    assert len(values) == count, f"{count} rows gave {len(values)} predictions: expected one for each row"
    return list(values)


def is_yes(prediction: Any) -> bool:
    """Tell whether a prediction means 1, in numbers, words or probabilities."""
    if isinstance(prediction, list | tuple):
        prediction = prediction[-1]
    return prediction == "male" if isinstance(prediction, str) else float(prediction) > 0.5


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a student's function returns, or the name of the error that it raises."""
    try:
        return function(*arguments)
    except Exception as problem:
        return next((kind.__name__ for kind in (ValueError,) if isinstance(problem, kind)), type(problem).__name__)


def pair(found: Any) -> tuple[Any, Any]:
    """Return the two values that `trace` must return."""
    assert found is not None, "trace returned None: expected two values, commit and content"
    assert isinstance(found, tuple | list), f"trace returned a {type(found).__name__}: expected two values"
    assert len(found) == 2, f"trace returned {len(found)} values: expected two, commit and content"
    return tuple(found)


def md5_of(content: Any) -> str:
    """Return the md5 of the bytes that `trace` has returned."""
    assert isinstance(content, bytes), f"content is of type {type(content).__name__}: expected bytes"
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def unseen(student_id: object, aside: bool = False) -> Repository:
    """Make a repository with unfinished work and the tags first, second and third; their bytes are in a remote.

    With `aside`, the branch `trial` has the third version, and main does not.
    """
    place = survey(student_id)
    if aside:
        references = place.git.refs
        references[b"refs/heads/trial"] = place.commit("third").encode()
        references[b"refs/heads/main"] = place.commit("second").encode()
        del references[b"refs/tags/third"]
    return place
