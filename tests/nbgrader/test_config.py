"""nbgrader's commands work from the repository's folder, and one variable moves the exchange."""

import fnmatch
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from traitlets.config import PyFileConfigLoader

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nbgrader's exchange does not work on Windows")


@pytest.fixture
def course(root, tmp_path):
    """A folder with nothing but the configuration."""
    folder = tmp_path / "course"
    folder.mkdir()
    shutil.copyfile(root / "nbgrader_config.py", folder / "nbgrader_config.py")
    return folder


def nbgrader(*arguments, cwd, **variables):
    program = Path(sys.prefix) / "bin" / "nbgrader"
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "HOME": str(cwd)} | variables
    return subprocess.run([program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)


def test_the_exchange_lies_beside_the_course_unless_it_is_moved(course, tmp_path):
    done = nbgrader("list", cwd=course)
    assert done.returncode == 0, done.stderr
    assert (course / "exchange").is_dir()
    moved = tmp_path / "shared exchange"
    done = nbgrader("list", cwd=course, NBGRADER_EXCHANGE=str(moved))
    assert done.returncode == 0, done.stderr
    assert moved.is_dir()


def test_the_course_is_named_and_scratch_is_kept_out(course):
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    assert config.CourseDirectory.course_id == "w09"
    assert config.CourseDirectory.root == str(course)
    kept_out = config.CourseDirectory.ignore
    for name in ("mlflow.db", "mlflow.db-wal", ".dvc", ".git", "work", "mlruns"):
        assert any(fnmatch.fnmatch(name, pattern) for pattern in kept_out), name
    for name in ("requirements.txt", "repaired.py", "penguins.csv.dvc", "01_dvc_basics.ipynb"):
        assert not any(fnmatch.fnmatch(name, pattern) for pattern in kept_out), name
