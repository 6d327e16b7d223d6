"""Look at what the last run left in the assignment's folder. Everything is only read; no notebook's code runs."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import yaml

from mlops_course.check.model import Evidence, Status
from mlops_course.check.packages import loose_lines, read_text

NOTHING = Evidence(None, "")


def requirements(folder: Path) -> Evidence:
    """Look at the frozen requirements.txt."""
    path = folder / "requirements.txt"
    if not path.is_file():
        return Evidence(Status.MISSING, "no requirements.txt beside the notebooks")
    loose, count = loose_lines(read_text(path))
    if not count:
        return Evidence(Status.WRONG, "requirements.txt names no package")
    if loose:
        return Evidence(
            Status.WRONG, f"{len(loose)} of {count} lines are not name==version, for example {loose[0][:60]!r}"
        )
    return Evidence(Status.THERE, f"requirements.txt, {count} packages")


def dataset(folder: Path) -> Evidence:
    """Look for a pointer file of DVC that Git keeps, and that agrees with the data beside it."""
    repository = folder / "work" / "track_v1" / "penguins"
    pointer, data = repository / "data" / "penguins.csv.dvc", repository / "data" / "penguins.csv"
    if not repository.is_dir():
        return NOTHING
    if not pointer.is_file():
        return Evidence(Status.MISSING, "no pointer file data/penguins.csv.dvc in work/track_v1/penguins")
    try:
        md5 = yaml.safe_load(pointer.read_text(encoding="utf-8"))["outs"][0]["md5"]
    except (OSError, ValueError, KeyError, IndexError, TypeError, yaml.YAMLError):
        return Evidence(Status.WRONG, "data/penguins.csv.dvc in work/track_v1/penguins cannot be read")
    if not data.is_file() or hashlib.md5(data.read_bytes(), usedforsecurity=False).hexdigest() != md5:
        return Evidence(Status.WRONG, "data/penguins.csv in work/track_v1/penguins is not what its pointer file names")
    kept = kept_by_git(repository)
    if kept is not None and "data/penguins.csv.dvc" not in kept:
        return Evidence(Status.WRONG, "Git does not keep data/penguins.csv.dvc in work/track_v1/penguins")
    if kept is not None and "data/penguins.csv" in kept:
        return Evidence(Status.WRONG, "Git keeps data/penguins.csv itself in work/track_v1/penguins")
    return Evidence(Status.THERE, f"penguins.csv.dvc, md5 {str(md5)[:8]}…")


def kept_by_git(repository: Path) -> set[str] | None:
    """List what Git keeps in a repository; None where Git cannot tell."""
    if not (repository / ".git").exists():
        return set()
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), "ls-files", "-z"], env=variables, capture_output=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return set(done.stdout.decode(errors="replace").split("\0")) if done.returncode == 0 else None


# MLflow's tables are its own business and may change. Its client would take four seconds to import, and writes to an
# older store; a test compares this reading with the client's, so that a change is noticed when MLflow is updated.
RUNS = "SELECT run_uuid FROM runs WHERE status = 'FINISHED' AND lifecycle_stage = 'active'"
PARTS = {
    "the parameter learning_rate": "SELECT 1 FROM params WHERE run_uuid = ? AND key = 'learning_rate'",
    "the parameter seed": "SELECT 1 FROM params WHERE run_uuid = ? AND key = 'seed'",
    "the metric accuracy": "SELECT 1 FROM latest_metrics WHERE run_uuid = ? AND key = 'accuracy'",
    "the metric loss": "SELECT 1 FROM latest_metrics WHERE run_uuid = ? AND key = 'loss'",
    "a model": "SELECT 1 FROM logged_models WHERE source_run_id = ? AND lifecycle_stage = 'active'",
}


def run(folder: Path) -> Evidence:
    """Look for a complete run in the MLflow stores; the newest store that has one is named.

    Each session of the notebook has a store of its own, `store_` and a number.
    """
    stores = sorted((folder / "work").glob("store_*/mlflow.db"), key=lambda path: path.stat().st_mtime, reverse=True)
    if not stores:
        return NOTHING
    answers = []
    for path in stores:
        answers.append(look_into(path))
        if answers[-1].status is Status.THERE:
            return answers[-1]
    return answers[0]


def look_into(path: Path) -> Evidence:
    """Look for a finished run with everything that the checklist names in one store."""
    place = f"work/{path.parent.name}"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)) as store:
            runs = [name for (name,) in store.execute(RUNS)]
            lacking = [
                [part for part, query in PARTS.items() if not store.execute(query, [name]).fetchone()] for name in runs
            ]
    except sqlite3.Error as problem:
        return Evidence(None, f"the store in {place} cannot be read ({problem})")
    if not runs:
        return Evidence(Status.MISSING, f"no finished run in {place}")
    complete = lacking.count([])
    if complete:
        return Evidence(Status.THERE, f"{complete} complete run{'s' * (complete > 1)} in {place}")
    best = min(lacking, key=len)
    return Evidence(Status.WRONG, f"no run in {place} is complete: the best one lacks {', '.join(best)}")


def repaired(folder: Path) -> Evidence:
    """Look for the repaired module."""
    path = folder / "work" / "repair" / "repaired.py"
    if path.is_file():
        return Evidence(Status.THERE, "repaired.py")
    if path.parent.is_dir():
        return Evidence(Status.MISSING, "no repaired.py in work/repair")
    return NOTHING
