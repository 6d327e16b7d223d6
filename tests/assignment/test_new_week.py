"""A new week: the README's commands, typed one after another in a copy of the course, lead from nothing to feedback."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from traitlets.config import PyFileConfigLoader

from mlops_course.grading.header import IncludeHeader
from tests.assignment.course_copy import ROOT
from tests.browser.lab import copy_course
from tests.grading.conftest import code, text

WEEK = "week-10"
SECTION = re.compile(r"^### A new week$(.*?)^##", re.M | re.S)
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.M | re.S)
HIDDEN = "assert mean([0, 10, 20]) == 10, 'mean([0, 10, 20]) should be the middle one'"


def commands(readme):
    """Give the commands of the section, block by block, without their comments."""
    section = SECTION.search(readme)
    assert section, "README: no section 'A new week'"
    blocks = [block.splitlines() for block in BLOCK.findall(section[1])]
    return [[line.split("  #")[0].strip() for line in lines if line.strip()] for lines in blocks]


def new_notebook():
    """Make the notebook that an instructor writes: each kind of cell that the README's table names."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("## Means (8 points)", id="means"),
            code("prepare_mean", "numbers = [2, 4, 9]", locked=True),
            code(
                "mean",
                "def mean(numbers):\n    ### BEGIN SOLUTION\n    return sum(numbers) / len(numbers)\n    ### END SOLUTION",
                solution=True,
            ),
            code(
                "mean_right",
                "assert mean(numbers) == 5, 'mean([2, 4, 9]) should be 5'\n"
                f"### BEGIN HIDDEN TESTS\n{HIDDEN}\n### END HIDDEN TESTS",
                grade=True,
                locked=True,
                points=3,
            ),
            text(
                "why_mean_question",
                "When does a mean mislead?\n\n"
                "=== BEGIN MARK SCHEME ===\nTwo points for an outlier.\n=== END MARK SCHEME ===",
                locked=True,
                task=True,
                points=0,
            ),
            text("why_mean", "With one outlier, as in 1, 2, 900.", grade=True, solution=True, points=5),
        ]
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["tags"] = ["raises-exception"]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return notebook


class Shell:
    """A terminal with the environment activated, in which `cd` stays."""

    def __init__(self, folder, home):
        self.folder, self.home = folder, home

    def type(self, line, codes=(0,)):
        programs = Path(sys.prefix) / "bin"
        environment = os.environ | {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            "NO_COLOR": "1",
        } | {f"GIT_{who}_{what}": "course@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
        environment.pop("NBGRADER_EXCHANGE", None)
        done = subprocess.run(
            ["bash", "-c", f"{line}\ncode=$?; pwd > '{self.home}/pwd'; exit $code"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode in codes, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        self.folder = Path((self.home / "pwd").read_text(encoding="utf-8").strip())
        return done.stdout + done.stderr


def edit(path, change):
    """Change a notebook as a person does in JupyterLab."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = change(cell.id, cell.source)
    nbformat.write(notebook, path)


def source_of(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


@pytest.mark.slow
def test_the_steps_of_the_readme_make_a_new_week(tmp_path):
    start, make, trial = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    home = tmp_path / "home"
    home.mkdir()
    shell = Shell(copy_course(tmp_path / "course"), home)

    for line in start:
        shell.type(line)
    source = shell.folder / "source"
    nbformat.write(new_notebook(), source / WEEK / "01_means.ipynb")
    edit(source / f"header_{WEEK}.ipynb", lambda _, old: old.replace("Week 9", "Week 10 · Means"))

    for line in make:
        shell.type(line)
    released = source_of(shell.folder / "release" / WEEK / "01_means.ipynb")
    assert released.startswith("# Week 10 · Means")
    assert 'STUDENT_ID = ""' in released
    assert "YOUR CODE HERE" in released
    for secret in (HIDDEN, "sum(numbers)", "outlier"):
        assert secret not in released
    assert "Week 9" in source_of(ROOT / "release" / "week-09" / "01_dvc_basics.ipynb")
    tracked = shell.type("git status --short; git ls-files source release")
    assert f"release/{WEEK}/01_means.ipynb" in tracked
    assert "??" not in tracked

    said = {}
    for line in trial:
        said[line] = shell.type(line, codes=(0, 1) if line.startswith("course grade") else (0,))
        if line.startswith("nbgrader validate"):
            assert "failed" in said[line], "nothing is solved yet"
        if line.startswith("nbgrader fetch_assignment"):
            mine = shell.folder / WEEK / "01_means.ipynb"
            assert mine.is_file()
        if line.startswith("nbgrader validate"):  # the student answers
            edit(mine, answer)
            assert "Success" in shell.type(line)
        if line.startswith("nbgrader submit"):
            assert "WARNING" not in said[line]
        if line.startswith("course grade"):
            scores = points(shell.folder, getpass.getuser())
            assert scores == {"mean_right": (3.0, False), "why_mean_question": (0.0, False), "why_mean": (0.0, True)}
    kinds = " ".join(trial)
    for verb in ("release_assignment", "fetch_assignment", "validate", "submit", "collect", "course grade",
                 "generate_feedback", "release_feedback", "fetch_feedback"):  # fmt: skip
        assert verb in kinds, f"README: {verb} is missing"
    (page,) = (shell.folder / WEEK / "feedback").rglob("01_means.html")
    feedback = unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))
    assert "With a handful of large values." in feedback
    assert HIDDEN not in feedback
    assert "Two points for an outlier" not in feedback
    assert WEEK not in shell.type("git status --short"), "what a student makes is ignored"


def answer(identifier, old):
    """Do the work, in other words than the solution."""
    if identifier == "student":
        return old.replace('STUDENT_ID = ""', f'STUDENT_ID = "{getpass.getuser()}"')
    given = {
        "mean": "import statistics\n\n\ndef mean(numbers):\n    return statistics.mean(numbers)",
        "why_mean": "With a handful of large values.",
    }
    return given.get(identifier, old)


def points(folder, student):
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            grade.name: (grade.score, grade.needs_manual_grade)
            for notebook in gradebook.find_submission(WEEK, student).notebooks
            for grade in notebook.grades
        }


def test_the_section_is_read_as_it_stands():
    start, make, trial = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert f"mkdir source/{WEEK}" in start
    assert any(line.startswith("nbgrader generate_assignment") for line in make)
    assert any(line.startswith("nbgrader submit") for line in trial)
    with pytest.raises(AssertionError, match="no section"):
        commands("## Instructors\n")


def headers(folder, *weeks):
    """Give the first line of each week's notebook after the header was put in front."""
    include = IncludeHeader(header=str(folder / "header.ipynb"))
    found = []
    for week in weeks:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("body")])
        include.preprocess(notebook, {"nbgrader": {"assignment": week}})
        found.append([cell.source for cell in notebook.cells])
    return found


def test_an_assignment_may_have_a_header_of_its_own(tmp_path):
    for name in ("header", "header_week-10"):
        cells = [nbformat.v4.new_markdown_cell(name)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    assert headers(tmp_path, "week-09", "week-10", "week-09") == [
        ["header", "body"],
        ["header_week-10", "body"],
        ["header", "body"],
    ]


def test_the_configuration_changes_only_the_header(tmp_path):
    shutil.copyfile(ROOT / "nbgrader_config.py", tmp_path / "nbgrader_config.py")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(tmp_path)).load_config()
    ours = [one.__name__ for one in config.GenerateAssignment.preprocessors]
    theirs = [one.__name__ for one in GenerateAssignment().preprocessors]
    assert ours == ["IncludeHeader", *theirs[1:]]
    assert theirs[0] == "IncludeHeaderFooter"


def test_nothing_but_documents_is_tied_to_one_week():
    """What instructors' commands and settings do must not ask for week-09."""
    places = [*(ROOT / "mlops_course" / "grading").rglob("*.py")]
    places.append(ROOT / "nbgrader_config.py")
    found = []
    for path in places:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"week.?09", line.split("#")[0]):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert len(places) > 20
    assert found == []
