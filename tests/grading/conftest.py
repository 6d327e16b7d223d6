"""A small assignment of two notebooks, so that nbgrader's commands take seconds."""

import shutil

import nbformat
import pytest

from tests.assignment.course_copy import ASSIGNMENT, ROOT, CourseCopy

HIDDEN = "hidden_limit = 41 + 1"


def metadata(name, **settings):
    """Make what nbgrader writes into a cell."""
    base = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3, "grade_id": name}
    return {"nbgrader": base | settings}


def code(name, source, **settings):
    return nbformat.v4.new_code_cell(source, id=name, metadata=metadata(name, **settings))


def text(name, source, **settings):
    return nbformat.v4.new_markdown_cell(source, id=name, metadata=metadata(name, **settings))


def doubling():
    """Make a notebook with two tasks for code; each has one grade cell."""
    stub = "def {0}(number):\n    ### BEGIN SOLUTION\n    return {1}\n    ### END SOLUTION"
    return [
        nbformat.v4.new_markdown_cell("# One", id="title_one"),
        code("start_double", "ready = True", locked=True),
        code("double", stub.format("double", "2 * number"), solution=True),
        code(
            "doubles",
            "assert ready\nassert double(2) == 4, 'double(2) should be 4'\n### BEGIN HIDDEN TESTS\n"
            f"{HIDDEN}\nassert double(21) == hidden_limit, f'double(21) should be another number than {{double(21)}}'\n"
            "### END HIDDEN TESTS",
            grade=True,
            locked=True,
            points=3,
        ),
        code("triple", stub.format("triple", "3 * number"), solution=True),
        code("triples", "assert triple(2) == 6, 'triple(2) should be 6'", grade=True, locked=True, points=2),
    ]


def written():
    """Make a notebook with a question, its mark scheme, and an answer graded by hand."""
    return [
        nbformat.v4.new_markdown_cell("# Two", id="title_two"),
        text(
            "why_question",
            "Why?\n\n=== BEGIN MARK SCHEME ===\nOne point for the secret reason.\n=== END MARK SCHEME ===",
            locked=True,
            task=True,
            points=0,
        ),
        text("why", "Because of the model answer.", grade=True, solution=True, points=5),
        code("four", "### BEGIN SOLUTION\nfour = 4\n### END SOLUTION", solution=True),
        code("is_four", "assert four == 4, 'four should be 4'", grade=True, locked=True, points=1),
    ]


@pytest.fixture(scope="session")
def small_source(tmp_path_factory):
    """Folder like `source/`, with a small assignment and the course's own header."""
    folder = tmp_path_factory.mktemp("small") / "source"
    (folder / ASSIGNMENT).mkdir(parents=True)
    shutil.copyfile(ROOT / "source" / "header.ipynb", folder / "header.ipynb")
    for name, cells in (("one", doubling()), ("two", written())):
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / ASSIGNMENT / f"{name}.ipynb")
    return folder


@pytest.fixture
def small_course(tmp_path, small_source):
    """A course with the small assignment, generated."""
    course = CourseCopy(tmp_path / "course", ("one", "two"), source=small_source)
    course.generate()
    return course


@pytest.fixture(scope="session")
def right_answers():
    """Answers that earn every point."""
    return {
        "one": {
            "double": "def double(number):\n    return number + number",
            "triple": "def triple(number):\n    return 3 * number",
        },
        "two": {"why": "Because bytes change, and the run of 3 May proves it.", "four": "four = 2 + 2"},
    }
