"""Find the MLflow stores on this computer that a student's notebooks wrote, and what is in them."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

NAME = "mlflow.db"
# Somebody may start JupyterLab in a home with a million folders; the nearest ones are looked at.
FOLDERS_AT_MOST = 3000
# Packages, and what MLflow and DVC keep: there is no store in them, but many folders.
SKIPPED = {"node_modules", "site-packages", "__pycache__", "mlruns", "mlartifacts"}


@dataclass(frozen=True)
class Store:
    """A store of MLflow.

    Attributes
    ----------
    path
        The file.
    runs
        How many runs it has; deleted ones do not count.
    experiments
        The names of the experiments that have runs, the one used last first.
    written
        When it was written last, in seconds since 1970.
    """

    path: Path
    runs: int
    experiments: tuple[str, ...]
    written: float

    @property
    def key(self) -> str:
        """A short name that fits into an address, always the same for the same file."""
        return key_of(self.path)


def key_of(path: Path) -> str:
    """Give the short name of a store's file."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:10]


def find_stores(folders: Iterable[Path]) -> list[Store]:
    """Find the stores in and below folders, the one written last first.

    A file `mlflow.db` that is no store of MLflow is left out.
    """
    found = {}
    for folder in folders:
        for path in files_below(folder):
            if path not in found:
                found[path] = read_store(path)
    stores = [store for store in found.values() if store]
    return sorted(stores, key=lambda store: (-store.written, str(store.path)))


def files_below(folder: Path) -> Iterator[Path]:
    """Give every file with a store's name in or below a folder, the nearest first."""
    waiting = deque([Path(folder).resolve()])
    seen = 0
    while waiting and seen < FOLDERS_AT_MOST:
        seen += 1
        try:
            with os.scandir(waiting.popleft()) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError:  # gone, or not ours to read
            continue
        for entry in inside:
            if entry.name == NAME and entry.is_file():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False) and entry.name not in SKIPPED and entry.name[0] != ".":
                waiting.append(Path(entry.path))


def read_store(path: Path) -> Store | None:
    """Look into a store without changing it; None where it is none of MLflow's."""
    query = """SELECT experiments.name, COUNT(*) FROM runs JOIN experiments USING (experiment_id)
               WHERE runs.lifecycle_stage = 'active' GROUP BY experiment_id ORDER BY MAX(start_time) DESC"""
    try:
        written = path.stat().st_mtime
        rows = ask(path, query)
    except (OSError, sqlite3.Error):
        return None
    return Store(path, sum(count for _, count in rows), tuple(name for name, _ in rows), written)


def find_run(stores: Iterable[Store], run_id: str) -> tuple[Store, str] | None:
    """Give the store that has a run, and the id of the run's experiment; None where none has it."""
    for store in stores:
        try:
            rows = ask(store.path, "SELECT experiment_id FROM runs WHERE run_uuid = ?", run_id)
        except sqlite3.Error:
            continue
        if rows:
            return store, str(rows[0][0])
    return None


def ask(path: Path, query: str, *values: str) -> list[tuple]:
    """Ask a store, read-only. A store that is being written to is waited for, a second at most."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1)) as database:
        return database.execute(query, values).fetchall()
