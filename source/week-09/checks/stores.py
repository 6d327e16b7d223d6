"""MLflow stores, models and repositories that the tasks of notebook 02 begin with."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Metric
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from checks import given
from checks.ben import FEATURES
from checks.repositories import Repository
from checks.repositories import unseen as new_repository


def address(process: int) -> str:
    """Return the address of the store that a process of the student's has: one for each session of the notebook."""
    return f"sqlite:///{(given.work() / f'store_{process}' / 'mlflow.db').as_posix()}"


def begin(experiment: str) -> int:
    """Make an experiment in this process's store the current one, and its folder the working directory."""
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.sklearn.autolog(disable=True)
    folder = given.work() / f"store_{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    mlflow.set_tracking_uri(address(os.getpid()))
    client = mlflow.MlflowClient()
    if client.get_experiment_by_name(experiment) is None:
        client.create_experiment(experiment)
    mlflow.set_experiment(experiment)
    return os.getpid()


def rule(weights: list[float], threshold: float) -> LogisticRegression:
    """Make a model of a given rule, without training."""
    model = LogisticRegression()
    model.classes_, model.coef_, model.intercept_ = np.array([0, 1]), np.array([weights]), np.array([-threshold])
    model.n_features_in_, model.feature_names_in_ = 4, np.array(FEATURES, dtype=object)
    return model


def log(model: Any) -> None:
    """Log a model in the current run, under the name `model`."""
    one = birds(2009).head(2)
    signature = mlflow.models.infer_signature(one, model.predict(one))
    mlflow.sklearn.log_model(model, name="model", signature=signature, pip_requirements=["scikit-learn"])


def birds(year: int) -> pd.DataFrame:
    """Return the four measurements of a season's penguins, without gaps."""
    table = pd.read_csv(given.WEEK / "seasons" / f"penguins_{year}.csv")
    return table.dropna(subset=FEATURES)[FEATURES].astype("float64")


def repository() -> str:
    """Unpack Ana's repository with the tags v2007 and v2008 into a new folder; return its path."""
    given.work().mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=given.work(), prefix="ana_"))
    shutil.unpack_archive(given.WEEK / "start" / "dvc_two_versions.zip", folder)
    return str(folder / "penguins")


def survey(student_id: object) -> Repository:
    """Make a repository with unfinished work and the tags first, second and third; their bytes are in a remote."""
    given.work().mkdir(exist_ok=True)
    sizes = {"first": 60, "second": 75, "third": 90}
    return new_repository(given.excerpts(student_id, sizes), branch="other", at="first")


def doubted_run(place: Repository, version: str) -> str:
    """Log a run that says only which bytes it was trained on; return its id."""
    with mlflow.start_run(run_name="doubted", tags={"dvc_md5": place.pointed_md5(version)}) as run:
        return run.info.run_id


def log_month(year: int, species: str = "") -> str:
    """Train a model on a season's penguins, perhaps of one species only, and log it; return the run's id."""
    rows = pd.read_csv(given.WEEK / "seasons" / f"penguins_{year}.csv").dropna(subset=[*FEATURES, "sex"])
    rows = rows[rows["species"].isin([species] if species else set(rows["species"]))]
    inputs = rows[FEATURES].astype("float64")
    is_male = (rows["sex"] == "male").astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.001)).fit(inputs, is_male)
    with mlflow.start_run() as run:
        log(model)
    return run.info.run_id


def fill_search(draw: random.Random) -> str:
    """Fill a new experiment with a search of ten runs, of which four do not count; return its name."""
    name = f"Ben's search {uuid.uuid4().hex[:4]}"
    begin(name)
    client = mlflow.MlflowClient()
    losses = [loss / 1000 for loss in draw.sample(range(210, 490), 6)]
    tries = [(f"try {number}", "FINISHED", loss) for number, loss in enumerate(losses, start=1)]
    nan, infinity = float("nan"), float("inf")
    tries += [("crashed", "FAILED", 0.1), ("never ended", "RUNNING", 0.15)]
    tries += [("odd", "FINISHED", nan), ("too far", "FINISHED", infinity)]
    for run_name, status, loss in tries:
        made = client.create_run(client.get_experiment_by_name(name).experiment_id, run_name=run_name).info.run_id
        client.log_metric(made, "validation_loss", loss)
        client.log_metric(made, "loss", draw.randrange(210, 490) / 1000)
        if status != "RUNNING":
            client.set_terminated(made, status)
    return name


def bens_month(student_id: object) -> list[dict[str, Any]]:
    """Draw the runs that Ben has logged: name, parent's name, and the validation loss after each epoch."""
    draw = given.drawn(f"{str(student_id).strip()} month")
    runs = [{"name": name, "parent": None, "history": [0.3]} for name in ("search 1", "search 2")]
    for parent, count in (("search 1", draw.randint(4, 9)), ("search 2", draw.randint(4, 9))):
        runs += [{"name": f"try {n}", "parent": parent, "history": [draw.uniform(0.2, 0.6)]} for n in range(count)]
    best, length = draw.randint(12, 30), 40
    history = [0.2 + 0.0004 * (epoch - best) ** 2 + draw.uniform(0, 0.0003) for epoch in range(1, length + 1)]
    return [*runs, {"name": "long", "parent": None, "history": history}]


def fill(runs: list[dict[str, Any]], seed: object) -> dict[str, str]:
    """Log runs into a new experiment, the points of a history in no order; return their ids by name."""
    name = f"Ben's month {uuid.uuid4().hex[:4]}"
    begin(name)
    client, draw, ids = mlflow.MlflowClient(), given.drawn(seed), {}
    experiment = client.get_experiment_by_name(name).experiment_id
    for run in runs:
        tags = {"mlflow.parentRunId": ids[run["parent"]]} if run["parent"] else {}
        made = client.create_run(experiment, run_name=run["name"], tags=tags).info.run_id
        points = [Metric("validation_loss", loss, 0, step) for step, loss in enumerate(run["history"], start=1)]
        client.log_batch(made, draw.sample(points, len(points)))
        client.set_terminated(made)
        ids[run["name"]] = made
    return ids
