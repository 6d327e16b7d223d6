"""Copies of the course in which notebooks may be executed."""

import os
import shutil
import subprocess
import sys
import time

import nbformat
import pytest


@pytest.fixture
def course_copy(root, tmp_path, request):
    """A clone of the course with the working tree's notebooks and data: running them leaves the original alone.

    Its path is one that people have: commands must quote it, and what is named by a URI must decode it. Only lesson 01,
    which names a remote by its path, needs plain letters: DVC cannot write others (`test_dvc_cannot_write_a_path_with_other_letters`).
    """
    folder = tmp_path / "my laptop" / ("the course" if "lesson_01" in request.node.name else "Kurs ä")
    subprocess.run(["git", "clone", "--quiet", str(root), str(folder)], check=True)
    shutil.copytree(root / "notebooks", folder / "notebooks", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("work", "mlflow.db*", "mlruns", ".ipynb_checkpoints"))  # fmt: skip
    shutil.copyfile(root / "data" / "penguins.csv", folder / "data" / "penguins.csv")
    return folder


@pytest.fixture
def execute(tmp_path):
    """Execute a notebook in place, offline, in a fresh kernel; return the executed notebook and the seconds."""

    home = tmp_path / "home"
    home.mkdir()

    def run(notebook, label):
        output = home / f"{notebook.stem}-{label}.ipynb"
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DVC_", "MLFLOW_"))
        }
        variables |= {"HOME": str(home), "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
                      "no_proxy": "127.0.0.1,localhost", "PIP_NO_INDEX": "1"}  # fmt: skip
        begun = time.monotonic()
        command = [sys.executable, "-m", "papermill", "--no-progress-bar", str(notebook), str(output)]
        done = subprocess.run([*command, "--cwd", str(notebook.parent)], env=variables, capture_output=True, text=True)
        assert done.returncode == 0, f"{notebook.name}, {label}: {done.stderr[-3000:]}"
        return nbformat.read(output, as_version=4), time.monotonic() - begun

    return run
