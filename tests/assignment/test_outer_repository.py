"""A student works inside the course's own repository and forgets `init`: nothing there may change."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from tests.assignment.course_copy import ASSIGNMENT, CourseCopy
from tests.assignment.matrix import ANSWERS, read_answer

NOTEBOOK = "01_dvc_basics"


def run(*command, cwd):
    identity = {"GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org"}
    identity |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()}
    environment = os.environ | identity | {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def state(folder):
    """Give every file outside the assignment with its bytes, except what DVC keeps for itself while it looks."""
    leave = (ASSIGNMENT, "tmp")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not set(leave) & set(path.relative_to(folder).parts)
    }


def hand_out(course, outer, name):
    """Lay the assignment into the outer repository, with one answer in which something is forgotten."""
    shutil.copytree(course.generate(), outer / ASSIGNMENT)
    forgotten = read_answer(ANSWERS / NOTEBOOK / "track_v1" / f"{name}.py")
    answers = course.solutions(NOTEBOOK) | {"track_v1": forgotten.text}
    nbformat.write(course.fill(NOTEBOOK, answers, "ana"), outer / ASSIGNMENT / f"{NOTEBOOK}.ipynb")
    return forgotten


@pytest.fixture
def outer(tmp_path):
    """A repository with Git and DVC, as the course is one, that holds the assignment."""
    folder = tmp_path / "outer"
    folder.mkdir()
    run("git", "init", "--quiet", cwd=folder)
    run(sys.executable, "-m", "dvc", "init", "--quiet", cwd=folder)
    (folder / "data.csv").write_text("a,b\n1,2\n")
    run(sys.executable, "-m", "dvc", "add", "--quiet", "data.csv", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "--message", "start", cwd=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["loses_all_forgotten_git_init", "loses_all_forgotten_dvc_init", "loses_all_forgotten_both"]
)
def test_the_outer_repository_stays_as_it_is(name, outer, tmp_path):
    course = CourseCopy(tmp_path / "course", (NOTEBOOK,))
    forgotten = hand_out(course, outer, name)
    before = state(outer)
    assert ".dvc/config" in before
    assert course.validate(outer / ASSIGNMENT, NOTEBOOK) == forgotten.loses
    assert state(outer) == before
    assert run("git", "tag", cwd=outer) == ""
    assert run("git", "rev-list", "--count", "--all", cwd=outer).strip() == "1"


@pytest.mark.slow
def test_without_the_fence_it_would_change(outer, tmp_path):
    """What the set-up cell prevents does happen: the check above can fail."""
    course = CourseCopy(tmp_path / "course", (NOTEBOOK,))
    path = course.folder / "source" / "header.ipynb"
    header = nbformat.read(path, as_version=4)
    (cell,) = (cell for cell in header.cells if cell.id == "set_up")
    fence = [line for line in cell.source.splitlines() if "GIT_CEILING_DIRECTORIES" in line or '(work / ".dvc"' in line]
    assert len(fence) == 3
    for line in fence:
        cell.source = cell.source.replace(line, "work.mkdir(exist_ok=True)")
    nbformat.write(header, path)
    hand_out(course, outer, "loses_all_forgotten_both")
    before = state(outer)
    course.nbgrader("validate", str(outer / ASSIGNMENT / f"{NOTEBOOK}.ipynb"))
    assert state(outer) != before
