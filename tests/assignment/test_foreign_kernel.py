"""A student opens a notebook in a kernel that is not the course's: the first cell that prepares it says so."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement

from tests.assignment.course_copy import ROOT

RELEASE = ROOT / "release" / "week-09"
LESSON = ROOT / "notebooks" / "lesson_00_start_here.ipynb"


def needed_by(name, found):
    """Add a distribution to `found`, and all that it needs here, by name."""
    if name not in found:
        found[name] = distribution(name)
        for requirement in map(Requirement, found[name].requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed_by(requirement.name.lower(), found)
    return found


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Another Python, with nothing but ipykernel: the distributions are links to the environment's."""
    folder = tmp_path_factory.mktemp("another") / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / Path(sys.executable).relative_to(sys.prefix)
    paths = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    for one in needed_by("ipykernel", {}).values():
        for name in {file.parts[0] for file in one.files} - {"..", "__pycache__"}:
            if not (site / name).exists():
                (site / name).symlink_to(one.locate_file(name))
    return python


@pytest.fixture
def first_cells(foreign, tmp_path, monkeypatch):
    """Run a notebook up to a cell in the given Python, and give what that cell displays."""

    def run(path, last, python=foreign, path_variable="/usr/bin:/bin"):
        kernels = tmp_path / "kernels" / "kernels" / "another"
        kernels.mkdir(parents=True)
        spec = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python"}
        (kernels / "kernel.json").write_text(json.dumps(spec | {"display_name": "Another Python"}))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "kernels"))
        monkeypatch.setenv("PATH", path_variable)
        monkeypatch.delenv("WEEK_09", raising=False)
        notebook = nbformat.read(path, as_version=4)
        ids = [cell.id for cell in notebook.cells]
        notebook.cells = notebook.cells[: ids.index(last) + 1]
        folder = tmp_path / "course" / path.parent.name
        folder.mkdir(parents=True)
        client = NotebookClient(notebook, kernel_name="another", resources={"metadata": {"path": str(folder)}})
        client.execute()
        shown = notebook.cells[-1].outputs
        return "".join(one.get("text", "") or one.get("data", {}).get("text/markdown", "") for one in shown)

    return run


@pytest.mark.skipif(os.name == "nt", reason="makes links to packages")
class TestInAnotherKernel:
    def test_the_assignment_names_what_is_missing_and_the_way_out(self, first_cells, foreign):
        said = first_cells(RELEASE / "01_dvc_basics.ipynb", "set_up")
        assert "Ready." not in said
        assert said.startswith("Not ready.")
        assert str(foreign) in said
        for word in ("dvc", "mlflow", "papermill", "Change Kernel", ".venv"):
            assert word in said
        assert len(said.splitlines()) <= 3

    def test_lesson_00_says_that_nothing_is_right(self, first_cells):
        said = first_cells(LESSON, "check_shown")
        rows = {row.split("|")[1].strip(): row.split("|")[3] for row in said.splitlines() if row.startswith("| ")}
        ours = [
            what
            for what in rows
            if re.search(r"`\.venv`|command `dvc`|mlflow|dvc 3|papermill|DVC can track|MLflow", what)
        ]
        assert len(ours) >= 7
        assert {what for what in ours if "to do" not in rows[what]} == set()
        assert "All is ready" not in said


def test_in_the_course_s_kernel_all_is_ready(first_cells):
    said = first_cells(RELEASE / "01_dvc_basics.ipynb", "set_up", sys.executable, os.environ["PATH"])
    assert said.strip() == "STUDENT_ID is empty: fill it in above, then run this again."


def test_git_that_is_not_there_is_named(first_cells, tmp_path):
    (tmp_path / "nothing").mkdir()
    said = first_cells(RELEASE / "01_dvc_basics.ipynb", "set_up", sys.executable, str(tmp_path / "nothing"))
    assert "Git was not found" in said
    assert "Ready." not in said
    assert "Kernel" not in said
