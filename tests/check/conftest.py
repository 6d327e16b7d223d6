"""What the tests of `course check` share."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from mlops_course.check.check import check
from mlops_course.cli import main
from tests.check.states import ROOT, Work


@pytest.fixture
def work(tmp_path):
    """Give the assignment as it was fetched."""
    return Work(tmp_path)


@pytest.fixture
def rows():
    """Check a folder; give the rows by the first word of what they are about."""

    def look(work, root=ROOT):
        report = check(work.folder, root)
        names = {"STUDENT_ID,": "id", "requirements.txt,": "freeze", "A": "dvc", "An": "mlflow"}
        words = {"reproducibility": "repeat", "conceptual": "questions"}
        return {names.get(one.name.split()[0]) or words[one.name.split()[1]]: one for one in report.deliverables}

    return look


@pytest.fixture
def course_check(monkeypatch):
    """Call the command in this process: nothing is imported again."""

    def run(*arguments, cwd):
        monkeypatch.chdir(cwd)
        done = CliRunner().invoke(main, ["check", *map(str, arguments)], env={"COLUMNS": "80"})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)

    return run


@pytest.fixture(scope="session")
def command():
    """Call the command as a student does."""

    def run(*arguments, cwd, **variables):
        environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "PYTHONPATH")}
        return subprocess.run(
            [sys.executable, "-m", "mlops_course.cli", "check", *map(str, arguments)],
            cwd=cwd,
            env=environment | {"COLUMNS": "80", "PYTHONPATH": str(ROOT)} | variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    return run
