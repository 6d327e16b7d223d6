"""Use a library once where forked processes inherit what it finds out and prepares when it is first used.

A program's first steps are its most expensive ones: DVC compiles the schema of its configuration, Python remembers what
is an instance of what, and counts how often a function is called. A forked process does all that anew, and each byte it
writes makes the operating system copy a page. Done once before the fork, `dvc add`, `status`, `diff` and `checkout`
take about a quarter less processor time, and have a third fewer pages copied; the first run of MLflow in a kernel takes
0.1 s less of 0.5 s. Nothing that a command depends on is left: no thread, no file, no setting.
"""

from __future__ import annotations

import collections.abc
import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

COMMANDS = (
    ["remote", "add", "--default", "storage", "remote"],
    ["add", "file.txt"],
    ["status"],
    ["push"],
    ["status", "--cloud"],
    ["pull"],
    ["checkout"],
)


def use_dvc() -> list[int]:
    """Execute a few commands of DVC, which must be loaded, in a repository that is deleted afterwards.

    Returns
    -------
    list of int
        Their exit codes.
    """
    from dvc.cli import main
    from tqdm import tqdm

    known = tempfile.tempdir  # what is found here once, is not looked up again
    folder = Path(tempfile.mkdtemp(prefix="dvc-"))
    of_its_own = {name: str(folder / name.lower()) for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR")}
    repository = folder / "repository"
    try:
        repository.mkdir()
        (repository / "file.txt").write_text("0\n")
        with changed(of_its_own), contextlib.chdir(repository), no_thread(tqdm):
            without = [] if use_git("init") else ["--no-scm"]
            codes = [main(["init", "--quiet", *without])]
            codes += [main([*command, "--quiet"]) for command in COMMANDS]
            if use_git("add", ".") and use_git("commit", "--message", "one"):
                codes.append(main(["diff", "--quiet"]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        tempfile.tempdir = known
    return codes


def use_mlflow() -> None:
    """Keep one run in a store of MLflow, which must be loaded, that is deleted afterwards.

    SQLAlchemy finds out then how the tables hang together, and how each kind of question is put to them. That is done
    below what a notebook uses: there is no active run, no experiment and no address of a store afterwards.
    """
    from mlflow.entities import LoggedModelStatus, Metric, Param, RunStatus, RunTag, ViewType
    from mlflow.store.db import utils
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    known = tempfile.tempdir
    folder = Path(tempfile.mkdtemp(prefix="mlflow-"))
    address = f"sqlite:///{folder / 'mlflow.db'}"
    is_silent, utils._logger.disabled = utils._logger.disabled, True
    try:
        store = SqlAlchemyStore(address, folder.as_uri())
        experiment = store.create_experiment("experiment")
        store.get_experiment_by_name("experiment")
        run = store.create_run(experiment, "nobody", 1, [RunTag("tag", "value")], "run").info.run_id
        store.log_param(run, Param("one", "1"))
        store.log_metric(run, Metric("one", 1.0, 1, 0))
        store.set_tag(run, RunTag("one", "1"))
        store.log_batch(run, [Metric("two", 2.0, 1, 0)], [Param("two", "2")], [RunTag("two", "2")])
        model = store.create_logged_model(experiment, "model", run)
        store.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        store.search_logged_models([experiment])
        store.update_run_info(run, RunStatus.FINISHED, 2, "run")
        store.get_run(run)
        store.get_metric_history(run, "one")
        store.search_runs([experiment], "metrics.one > 0", ViewType.ACTIVE_ONLY)
    finally:
        engine = SqlAlchemyStore._engine_map.pop(address, None)
        if engine is not None:
            engine.dispose()
        utils._logger.disabled = is_silent
        shutil.rmtree(folder, ignore_errors=True)
        tempfile.tempdir = known


def ask_kinds() -> None:
    """Have Python find out which of its own types are mappings, sequences and so on.

    It asks every class that was derived from `Mapping` anywhere, and remembers the answer.
    """
    for one in ("", b"", 0, 0.0, 1j, True, None, [], (), set(), frozenset(), {}, {}.keys(), range(0), len, ask_kinds):
        for name in collections.abc.__all__:
            isinstance(one, getattr(collections.abc, name))


def use_git(*arguments: str) -> bool:
    """Execute a command of Git, if there is Git; tell whether it succeeded."""
    git = shutil.which("git")
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    return git is not None and subprocess.run([git, *identity, *arguments], capture_output=True).returncode == 0


@contextlib.contextmanager
def changed(variables: dict[str, str]) -> collections.abc.Iterator[None]:
    """Set environment variables, and bring back the environment that was."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def no_thread(kind: type) -> collections.abc.Iterator[None]:
    """Keep progress bars from starting the thread that watches them: who forks must have no other thread."""
    before = kind.monitor_interval
    kind.monitor_interval = 0
    try:
        yield
    finally:
        kind.monitor_interval = before
