"""What is used once before processes are forked leaves nothing but speed."""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from course.execution.warm_up import ask_kinds
from tests.execution.test_sandbox import run

REPORT = """
import json, logging, os, signal, sys, tempfile, threading, warnings
from pathlib import Path
import dvc.cli.parser, dvc.repo, mlflow, psutil, ruamel.yaml
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from dvc.ui import ui
from tqdm import tqdm
from course.execution.warm_up import use_dvc, use_mlflow

def state():
    return {
        "threads": len(threading.enumerate()),
        "tasks": len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0,
        "open files": len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,
        "temporary files": sorted(os.listdir(os.environ["TMPDIR"])),
        "where they are": tempfile.tempdir,
        "home": sorted(str(path) for path in Path.home().rglob("*")),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "arguments": list(sys.argv),
        "levels": {name: logging.getLogger(name).level for name in ("", "dvc", "dvc_data", "dvc_objects")},
        "handlers": len(logging.getLogger("dvc").handlers),
        "is quiet": not ui._enabled,
        "bars": tqdm.monitor_interval,
        "switched off": logging.root.manager.disable,
        "warnings": len(warnings.filters),
        "path": list(sys.path),
        "signals": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)],
        "streams": [id(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "mask": [os.umask(0o22), os.umask(0o22)],
        "children": len(psutil.Process().children()),
        "stores": list(SqlAlchemyStore._engine_map),
        "store": mlflow.get_tracking_uri(),
        "run": str(mlflow.active_run() or mlflow.last_active_run()),
    }

before = state()
done = WHAT()
print("REPORT", json.dumps([before, state(), done]))
"""


def use(what, folder, **variables):
    """Do it in a new process; return the process's state before and after, and what came of it."""
    home, temporary = folder / "home", folder / "temporary"
    for one in (home, temporary):
        one.mkdir()
    environment = {"HOME": str(home), "TMPDIR": str(temporary), "PATH": "/usr/bin:/bin", "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", REPORT.replace("WHAT", what)],
        env={**environment, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *printed, report = done.stdout.strip().splitlines()
    assert printed == []
    return json.loads(report.removeprefix("REPORT "))


@pytest.mark.parametrize("what", ["use_dvc", "use_mlflow"])
def test_nothing_is_left(what, tmp_path):
    before, after, _ = use(what, tmp_path)
    assert after == before


LEFT = {
    "threads": "tqdm(disable=False, file=sys.stderr)",
    "open files": "os.dup(0)",
    "temporary files": "tempfile.mkdtemp()",
    "where they are": "tempfile.gettempdir()",
    "home": "Path.home().joinpath('file').touch()",
    "environment": "os.environ.update(A='1')",
    "folder": "os.chdir('/')",
    "arguments": "sys.argv.append('1')",
    "levels": "logging.getLogger('dvc').setLevel(50)",
    "is quiet": "ui.enable()",
    "switched off": "logging.disable()",
    "warnings": "warnings.simplefilter('always', BytesWarning)",
    "path": "sys.path.append('/nowhere')",
    "signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "streams": "setattr(sys, 'stdout', open(1, 'w', closefd=False))",
    "mask": "os.umask(0o77)",
    "stores": "SqlAlchemyStore('sqlite:///' + os.environ['TMPDIR'] + '/one.db', os.environ['TMPDIR'])",
    "store": "mlflow.set_tracking_uri('sqlite:///' + os.environ['TMPDIR'] + '/one.db')",
    "run": "mlflow.start_run()",
    "children": "setattr(sys, 'child', os.posix_spawn('/bin/sleep', ['sleep', '1'], {}))",
}


def test_the_state_would_show_what_is_left(tmp_path):
    everything = ", ".join(f"lambda: {left}" for left in LEFT.values())
    before, after, _ = use(f"(lambda: [one() for one in ({everything})] and None)", tmp_path)
    assert {name for name in before if before[name] != after[name]} >= set(LEFT)


def test_kinds_are_asked_once():
    asked = []

    class Noting(type(Mapping)):
        def __subclasscheck__(cls, kind):
            asked.append(kind)
            return False

    class Odd(Mapping, metaclass=Noting):
        pass

    def forget():
        Mapping.register(type("Other", (), {}))  # Python forgets what is no mapping whenever one is registered

    forget()
    asked.clear()
    assert not isinstance([], Mapping)
    assert asked == [list]
    forget()
    asked.clear()
    ask_kinds()
    assert list in asked
    asked.clear()
    assert not isinstance([], Mapping)
    assert asked == []


def test_all_commands_succeed(tmp_path):
    """A command that fails would prepare little, and nobody would notice."""
    codes = use("use_dvc", tmp_path)[2]
    assert codes == [0] * 9


KNOWS_TABLES = (
    "import sqlalchemy\nfrom mlflow.store.tracking.dbmodels.models import SqlRun\n"
    "knows_tables = lambda: sqlalchemy.inspect(SqlRun).configured\nprint(knows_tables())"
)


def test_tables_are_known_afterwards(tmp_path):
    program = f"{KNOWS_TABLES}\nfrom course.execution.warm_up import use_mlflow\nuse_mlflow()\nprint(knows_tables())"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap is for Linux")
def test_both_are_used_in_the_sandbox():
    shown, _ = run(
        "import dvc.config\nprint(len(dvc.config.get_compiled_schema.memory))",
        KNOWS_TABLES,
        preload=("dvc.repo", "mlflow"),
    )
    assert shown == ["1\n", "True\n"]


def test_without_git(tmp_path):
    codes = use("use_dvc", tmp_path, PATH=str(tmp_path))[2]
    assert codes == [0] * 8
