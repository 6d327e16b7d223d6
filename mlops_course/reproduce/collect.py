"""Read what an execution logged, from its MLflow store, into plain values.

This runs behind the wall (`reader`): loading a model executes code that the notebook wrote.
"""

from __future__ import annotations

import csv
import hashlib
import importlib
import json
import os
import re
import shutil
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlops_course.errors import CourseError
from mlops_course.reproduce.model import DURATION, describe_model

# Identify the run and not the result.
EXCLUDED = (
    "run, experiment and model ids, and names that MLflow invents",
    "tags that begin with `mlflow.` (user, source file, Git commit of the notebook's folder, ...)",
    "metrics that begin with `system/` (processor and memory use)",
    "start and end times, durations, times at which a metric was logged",
    "artifact locations, sources of datasets, user and host",
    "in a model: its ids, when and where it was made, the size and bytes of its file",
    "the order in which runs were made, where parameters, tags, datasets or names tell which is which",
    "how long scikit-learn's searches took, where MLflow logs it by itself (`mean_fit_time`, `refit_time_`, ...)",
)


IDENTIFIER = re.compile(r"(m-)?[0-9a-f]{32}")
PARENT = "mlflow.parentRunId"
# Bytes of a table's first line.
MOST_HEADER = 2**20
DISPLAYED_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)


class UnreadableError(CourseError):
    """A project or a store is there, but cannot be read; the message says why."""


def warm_up() -> None:
    """Import what reading takes while the notebooks still run."""
    for name in ("skops.io", "mlflow.sklearn", "mlflow.store.tracking.sqlalchemy_store", "alembic.command"):
        importlib.import_module(name)


def read_store(folder: str, shown: str, real: str) -> dict[str, Any]:
    """Read all runs of the store in a notebook's folder.

    Parameters
    ----------
    folder
        Real path of the notebook's working directory; the store is its `mlflow.db`.
    shown, real
        Where the notebook saw its root folder and where that really is; artifact locations begin with `shown`.

    Returns
    -------
    dict
        `"runs"`: list of dicts with `key` (experiment, then the places among siblings from the outermost parent on),
        `parent` (its key), `experiment`, `name`, `status`, `parameters`, `metrics` (name → list of [step, value as
        hexadecimal text]), `datasets`, `tags`, `artifacts` (path → digest), `models` (name → description).

    Raises
    ------
    UnreadableError
        MLflow refuses the store, or it is elsewhere.
    """
    database = Path(folder) / "mlflow.db"
    if not os.path.lexists(database):
        return {"runs": [], "notes": []}
    root = Path(real).resolve()
    if not database.resolve().is_relative_to(root):
        raise UnreadableError("mlflow.db is a link that leads out of the notebook's project")
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as copy:
        for file in database.parent.glob("mlflow.db*"):  # SQLite keeps what is not settled yet in files beside it
            shutil.copy(file, copy)
        return read_database(Path(copy) / "mlflow.db", shown, root)


def read_database(database: Path, shown: str, root: Path) -> dict[str, Any]:
    """Read all runs of a store whose artifacts are below `root`, where the notebook saw `shown`."""
    from mlflow import MlflowClient
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(f"sqlite:///{database.as_posix()}")
        experiments = {one.experiment_id: one.name for one in client.search_experiments(view_type=ViewType.ALL)}
        runs = pages(lambda token: client.search_runs(list(experiments), max_results=1000, page_token=token))
        # Several can start in a millisecond; their order matters for nothing but their numbers.
        runs.sort(key=lambda run: (run.info.start_time, PARENT in run.data.tags, sorted(run.data.params.items())))
        models = defaultdict(list)
        for model in pages(lambda token: client.search_logged_models(list(experiments), page_token=token)):
            models[model.source_run_id].append(model)
    except (MlflowException, SQLAlchemyError) as problem:
        raise UnreadableError(f"MLflow cannot read the store it wrote: {str(problem).splitlines()[0]}") from None
    keys = name_runs(runs, experiments)
    known = {run_id: f"<id of {key}>" for run_id, key in keys.items()}
    known |= {model.model_id: f"<id of a model of {keys.get(run_id, '?')}>"
              for run_id, found in models.items() for model in found}  # fmt: skip
    notes: list[str] = []

    def locate(uri: str) -> Path | None:
        """Find a folder of artifacts; None where it is not among the files of the execution."""
        path = url2pathname(urlsplit(uri).path) if uri.startswith("file:") else uri
        place = Path(f"{root}{path.removeprefix(shown)}" if path.startswith(shown) else path)
        if place.resolve().is_relative_to(root):
            return place
        notes.append(f"The artifacts at {uri} are outside the notebook's project; they were not compared.")
        return None

    records = []
    for run in runs:
        logged = sorted(models[run.info.run_id], key=lambda model: (model.creation_timestamp, model.name))
        artifacts = locate(run.info.artifact_uri)
        records.append(
            {
                "key": keys[run.info.run_id],
                "parent": keys.get(run.data.tags.get(PARENT, ""), ""),
                "experiment": experiments[run.info.experiment_id],
                "name": run.info.run_name or "",
                "status": run.info.status,
                "parameters": {name: without_ids(value, known) for name, value in run.data.params.items()},
                "metrics": histories(client, run),
                "tags": {
                    name: without_ids(value, known)
                    for name, value in run.data.tags.items()
                    if not name.startswith("mlflow.")
                },
                "datasets": datasets(run),
                "artifacts": digests(artifacts, root) if artifacts else {},
                "models": describe_models(logged, locate, root),
            }
        )
    return {"runs": records, "notes": list(dict.fromkeys(notes))}


def without_ids(value: str, known: dict[str, str]) -> str:
    """Put names in place of the identifiers that MLflow invented: "the best run" is the same run in both executions."""
    return IDENTIFIER.sub(lambda match: known.get(match.group(), match.group()), value)


def pages(search: Any) -> list[Any]:
    """Collect all pages of one of MLflow's searches."""
    found, token = [], None
    while True:
        page = search(token)
        found += page
        token = page.token
        if not token:
            return found


def name_runs(runs: list[Any], experiments: dict[str, str]) -> dict[str, str]:
    """Name every run by its experiment and its place among its siblings, from the outermost parent on."""
    known = {run.info.run_id: run for run in runs}
    siblings: dict[str, int] = defaultdict(int)
    keys: dict[str, str] = {}

    def name(run: Any) -> str:
        if run.info.run_id not in keys:
            above = known.get(run.data.tags.get(PARENT, ""))
            prefix = name(above) + "." if above is not None else experiments[run.info.experiment_id] + " / run "
            siblings[prefix] += 1
            keys[run.info.run_id] = f"{prefix}{siblings[prefix]}"
        return keys[run.info.run_id]

    for run in runs:
        name(run)
    return keys


def histories(client: Any, run: Any) -> dict[str, list[list[Any]]]:
    """Read the histories of all metrics of a run.

    Those of the computer are left out; and in a run that autologging made, where a user has logged nothing, what
    scikit-learn calls a time, as in its `cv_results_`.
    """
    automatic = "mlflow.autologging" in run.data.tags
    names = [name for name in run.data.metrics
             if not name.startswith("system/") and not (automatic and DURATION.search(name))]  # fmt: skip
    return {name: history(client, run.info.run_id, name) for name in names}


def history(client: Any, run_id: str, name: str) -> list[list[Any]]:
    """Read all values of a metric as exact text, in order; the same value twice at one step counts once.

    MLflow itself keeps or drops such a repetition depending on the millisecond.
    """
    values = sorted(client.get_metric_history(run_id, name), key=lambda one: (one.step, one.timestamp, one.value))
    exact = [[one.step, float(one.value).hex()] for one in values]
    return [one for place, one in enumerate(exact) if place == 0 or one != exact[place - 1]]


def datasets(run: Any) -> dict[str, str]:
    """Digests of the logged datasets, by name and context."""
    found: dict[str, list[str]] = defaultdict(list)
    for logged in run.inputs.dataset_inputs if run.inputs else []:
        context = next((tag.value for tag in logged.tags if tag.key == "mlflow.data.context"), "")
        found[f"{logged.dataset.name} ({context})" if context else logged.dataset.name].append(logged.dataset.digest)
    return {name: ", ".join(sorted(values)) for name, values in found.items()}


def digests(folder: Path, root: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder; a saved model counts as one entry, by what it holds.

    Of a link that leads out of `root`, only where it leads is taken down.
    """
    paths = sorted(folder.rglob("*")) if folder.is_dir() else []
    outside = {path for path in paths if not path.resolve().is_relative_to(root)}
    models = {path.parent for path in paths if path.name == "MLmodel" and path not in outside}
    found = {path.relative_to(folder).as_posix(): f"-> {os.readlink(path)}" for path in outside if path.is_symlink()}
    for path in paths:
        if path not in outside and path.is_file() and not models.intersection(path.parents):
            found[path.relative_to(folder).as_posix()] = digest_file(path)
    for model in sorted(models):
        description = json.dumps(describe_model(model), sort_keys=True)
        found[f"{model.relative_to(folder).as_posix()} (model)"] = hashlib.sha256(description.encode()).hexdigest()
    return found


def digest_file(path: Path) -> str:
    """SHA-256 of a file, but for times that scikit-learn measured.

    MLflow logs its `cv_results_` as a table, where columns are left out, and its display of a search, where rows are.
    """
    if path.suffix == ".csv" and (times := times_of(path)):
        kept = hashlib.sha256()
        with path.open(encoding="utf-8", errors="replace", newline="") as table:
            for row in csv.reader(table):
                kept.update(json.dumps([value for place, value in enumerate(row) if place not in times]).encode())
        return kept.hexdigest()
    if path.suffix == ".html" and "sk-top-container" in (text := path.read_text(encoding="utf-8", errors="replace")):
        rows = DISPLAYED_ROW.sub(lambda row: "" if DURATION.search(row[0]) else row[0], text)
        return hashlib.sha256(rows.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def times_of(path: Path) -> list[int]:
    """Find the columns that are times in a table of `cv_results_`; none in any other table."""
    with path.open("rb") as file:
        columns = next(csv.reader([file.readline(MOST_HEADER).decode(errors="replace")]), [])
    own = {"params", "mean_fit_time"}.issubset(columns)
    return [place for place, name in enumerate(columns) if own and DURATION.search(name)]


def describe_models(logged: list[Any], locate: Any, root: Path) -> dict[str, dict[str, str]]:
    """Describe every logged model of a run, by its name and its place among models of that name."""
    seen: dict[str, int] = defaultdict(int)
    found = {}
    for model in logged:
        seen[model.name] += 1
        name = model.name if seen[model.name] == 1 else f"{model.name} #{seen[model.name]}"
        folder = locate(model.artifact_location)
        found[name] = describe_model(folder) if folder else {}
        parameters = json.dumps(dict(sorted((model.params or {}).items())))
        found[name]["logged parameters"] = hashlib.sha256(parameters.encode()).hexdigest()
    return found


def checked(record: dict[str, Any]) -> dict[str, Any]:
    """Take from an answer what `read_store` returns, in the types that it has there.

    The process that answers has loaded models, which can make it say anything; UnreadableError if it did.
    """
    texts = ("parameters", "tags", "datasets", "artifacts")
    try:
        runs = [
            {name: str(run[name]) for name in ("key", "parent", "experiment", "name", "status")}
            | {name: {str(one): str(value) for one, value in run[name].items()} for name in texts}
            | {"metrics": {str(name): [[int(step), float.fromhex(value).hex()] for step, value in values]
                           for name, values in run["metrics"].items() if values},
               "models": {str(name): {str(part): str(value) for part, value in parts.items()}
                          for name, parts in run["models"].items()}}
            for run in record["runs"]
        ]  # fmt: skip
        left = {
            str(name): {str(one): str(value) for one, value in files.items()} for name, files in record["left"].items()
        }
        return {
            "runs": runs,
            "left": left,
            **{name: [str(one) for one in record[name]] for name in ("notes", "stores")},
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UnreadableError("what was read is not what a store holds") from None
