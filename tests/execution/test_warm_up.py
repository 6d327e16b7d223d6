"""What is used once before processes are forked leaves nothing but speed."""

import json
import subprocess
import sys

import pytest

from tests.execution.test_sandbox import run

REPORT = """
import collections.abc, json, logging, os, sys, tempfile, threading
from pathlib import Path
import dvc.cli.parser, dvc.repo
from dvc.ui import ui
from tqdm import tqdm
from course.execution.warm_up import ask_kinds, use_dvc

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
        "arguments": sys.argv,
        "levels": {name: logging.getLogger(name).level for name in ("", "dvc", "dvc_data", "dvc_objects")},
        "handlers": len(logging.getLogger("dvc").handlers),
        "is quiet": not ui._enabled,
        "bars": tqdm.monitor_interval,
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


@pytest.mark.parametrize("what", ["use_dvc", "ask_kinds"])
def test_nothing_is_left(what, tmp_path):
    before, after, _ = use(what, tmp_path)
    assert after == before


def test_the_state_would_show_what_is_left(tmp_path):
    before, after, _ = use(
        "(lambda: [tqdm(disable=False, file=open(os.devnull, 'w')), os.chdir('/')] and None)", tmp_path
    )
    assert {name for name in before if before[name] != after[name]} >= {"threads", "folder"}


def test_all_commands_succeed(tmp_path):
    """A command that fails would prepare little, and nobody would notice."""
    codes = use("use_dvc", tmp_path)[2]
    assert codes == [0] * 9


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap is for Linux")
def test_it_is_used_in_the_sandbox():
    shown, _ = run("import dvc.config\nprint(len(dvc.config.get_compiled_schema.memory))", preload=("dvc.repo",))
    assert shown == ["1\n"]


def test_without_git(tmp_path):
    codes = use("use_dvc", tmp_path, PATH=str(tmp_path))[2]
    assert codes == [0] * 8
