"""The reading of MLflow's tables agrees with MLflow's own client."""

import os
import time

import mlflow
import pytest

from mlops_course.check.evidence import run
from mlops_course.check.model import Status


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Make one store; each test takes a copy, which is faster."""
    folder = tmp_path_factory.mktemp("empty")
    mlflow.MlflowClient(tracking_uri=f"sqlite:///{(folder / 'mlflow.db').as_posix()}").search_experiments()
    return (folder / "mlflow.db").read_bytes()


@pytest.fixture
def store(tmp_path, empty):
    """Give a function that makes a store of a session, and returns its client and an experiment."""

    def make(number):
        folder = tmp_path / "work" / f"store_{number}"
        folder.mkdir(parents=True)
        (folder / "mlflow.db").write_bytes(empty)
        client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{(folder / 'mlflow.db').as_posix()}")
        return client, client.create_experiment("my tries", artifact_location=(folder / "artifacts").as_uri())

    return make


def log(store, without=(), status="FINISHED"):
    client, experiment = store
    made = client.create_run(experiment).info.run_id
    for name in ("learning_rate", "seed"):
        if name not in without:
            client.log_param(made, name, 1)
    for name in ("accuracy", "loss"):
        if name not in without:
            client.log_metric(made, name, 0.5)
    if "model" not in without:
        model = client.create_logged_model(experiment, name="model", source_run_id=made)
        client.finalize_logged_model(model.model_id, "READY")
    if status:
        client.set_terminated(made, status)
    return made


def test_nothing_there(tmp_path):
    assert run(tmp_path).status is None


def test_complete(tmp_path, store):
    mine = store(1)
    made = log(mine)
    log(mine)
    found = run(tmp_path)
    assert (found.status, found.text) == (Status.THERE, "2 complete runs in work/store_1")
    # What MLflow itself says about it
    client, experiment = mine
    stored = client.get_run(made)
    assert stored.info.status == "FINISHED"
    assert set(stored.data.params) == {"learning_rate", "seed"}
    assert set(stored.data.metrics) == {"accuracy", "loss"}
    assert {model.source_run_id for model in client.search_logged_models([experiment])} >= {made}


@pytest.mark.parametrize("part", ["learning_rate", "seed", "accuracy", "loss", "model"])
def test_a_part_is_missing(tmp_path, store, part):
    log(store(1), without={part})
    found = run(tmp_path)
    assert found.status is Status.WRONG
    assert found.text.endswith(part)


@pytest.mark.parametrize("status", ["FAILED", "KILLED", None])
def test_not_finished(tmp_path, store, status):
    log(store(1), status=status)
    assert run(tmp_path).status is Status.MISSING


def test_deleted(tmp_path, store):
    mine = store(1)
    mine[0].delete_run(log(mine))
    assert run(tmp_path).status is Status.MISSING


def test_newest_store_that_has_one(tmp_path, store):
    log(store(1))
    log(store(2))
    store(3)
    now = time.time()
    for number in (1, 2, 3):
        os.utime(tmp_path / "work" / f"store_{number}" / "mlflow.db", (now + number, now + number))
    assert run(tmp_path).text.endswith("store_2")


@pytest.mark.parametrize("content", [b"", b"no database at all, but quite a long text" * 40])
def test_broken_store(tmp_path, content):
    folder = tmp_path / "work" / "store_1"
    folder.mkdir(parents=True)
    (folder / "mlflow.db").write_bytes(content)
    found = run(tmp_path)
    assert found.status is None
    assert "cannot be read" in found.text


def test_reading_changes_nothing(tmp_path, store):
    log(store(1))
    path = tmp_path / "work" / "store_1" / "mlflow.db"
    before = path.read_bytes(), sorted(path.parent.iterdir())
    run(tmp_path)
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == before
