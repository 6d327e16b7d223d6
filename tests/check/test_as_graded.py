"""`course check --as-graded`: what passes on a student's computer as grading runs it, and what separates the two."""

import nbformat
import pytest
from nbformat.v4 import new_output
from nbgrader.utils import is_solution

from mlops_course.check import as_graded
from mlops_course.check.as_graded import ONLY_BEFORE, ONLY_SEPARATE, check_as_graded, names_of
from mlops_course.check.pack import read_configuration
from mlops_course.execution.engine import SandboxError
from tests.check.states import ALL, ROOT
from tests.grading.conftest import code

CONFIGURATION = "c = get_config()\nc.SandboxedExecute.separate_tests = True\nc.ExecutePreprocessor.timeout = 30\n"
ALWAYS_EQUAL = (
    "class Same:\n    def __eq__(self, other):\n        return True\n\ndef double(number):\n    return Same()"
)
WORK = {"double": "def double(number):\n    return 2 * number\nspread = 4", "size": "size = LIMIT"}


def test_cell(name, source):
    return code(name, source, grade=True, locked=True, points=1)


test_cell.__test__ = False


def cells(double="def double(number):\n    # YOUR CODE HERE", size="# YOUR CODE HERE"):
    """The assignment's cells; by default as it was released."""
    return [
        code("start", "LIMIT = 3\nspread = None", locked=True),
        code("double", double, solution=True),
        test_cell("doubles", "assert double(2) == 4, 'double(2) should be 4'"),
        test_cell("has_spread", "assert spread == 4, f'spread should be 4, it is {spread}'"),
        code("size", size, solution=True),
        test_cell("is_limit", "assert size == LIMIT == 3, f'size should be 3, LIMIT is {LIMIT}'"),
    ]


@pytest.fixture
def place(tmp_path):
    """A course as students have it, and the assignment to work in."""
    (tmp_path / "nbgrader_config.py").write_text(CONFIGURATION)
    for folder in (tmp_path / "release" / "small", tmp_path / "small"):
        folder.mkdir(parents=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells()), folder / "one.ipynb")
    return tmp_path


def hand_over(place, *more, **answers):
    """Save the student's notebook."""
    notebook = nbformat.v4.new_notebook(cells=[*cells(**(WORK | answers)), *more])
    nbformat.write(notebook, place / "small" / "one.ipynb")
    return notebook


def look(place):
    """Check; give what each test complained of."""
    outcome = check_as_graded(place / "small", place, read_configuration(place))
    return {test.test: test.why for test in outcome.tests}


@pytest.mark.needs("sandbox")
def test_all_passes_without_the_solution(place):
    hand_over(place)
    before = (place / "small" / "one.ipynb").read_bytes()
    assert look(place) == {"doubles": "", "has_spread": "", "is_limit": ""}
    assert (place / "small" / "one.ipynb").read_bytes() == before


@pytest.mark.needs("sandbox")
def test_what_separates_the_two_is_said(place):
    """An object that equals everything; a constant that the student's cell rebinds; a value that is not there."""
    hand_over(place, double=f"{ALWAYS_EQUAL}\nspread = None", size="size = 5\nLIMIT = 3")
    said = look(place)
    assert said["doubles"] == f"double(2) should be 4 ({ONLY_SEPARATE})"
    assert said["has_spread"] == "spread should be 4, it is None"
    assert said["is_limit"] == "size should be 3, LIMIT is 3"


@pytest.mark.needs("sandbox")
def test_a_run_that_had_more_is_told_from_a_wrong_answer(place, course_check):
    notebook = hand_over(place, size="size = left_by_a_cell_that_is_gone")
    notebook.cells[-1].execution_count = 7
    nbformat.write(notebook, place / "small" / "one.ipynb")
    done = course_check("--as-graded", "small", cwd=place)
    assert done.returncode == 1
    assert ONLY_BEFORE in done.stdout
    assert "2 of 3 tests pass as graded" in done.stdout


@pytest.mark.needs("sandbox")
def test_a_test_that_was_changed_is_put_back(place):
    notebook = hand_over(place, double="def double(number):\n    return 0\nspread = 4")
    notebook.cells[2].source = "assert True"
    notebook.cells[2].outputs = [new_output("stream", text="fine")]
    nbformat.write(notebook, place / "small" / "one.ipynb")
    assert look(place)["doubles"] == "double(2) should be 4"


def test_names_are_the_student_s_unless_a_locked_cell_gives_them_a_value(place):
    notebook = hand_over(place, size="size = LIMIT = 9\n\nclass Box:\n    pass")
    names, declared = names_of({"one": notebook}, place / "release" / "small")
    assert set(names["one"]) == {"double", "spread", "size", "Box"}
    assert declared["one"] == ["Box"]


def test_where_tests_cannot_be_apart_one_line_says_so(place, course_check, monkeypatch):
    def refuse(_job):
        raise SandboxError("Students' code is executed in a sandbox: this is not Linux. Use --no-sandbox")

    monkeypatch.setattr(as_graded, "execute", refuse)
    hand_over(place)
    done = course_check("--as-graded", "small", cwd=place)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "course: --as-graded: tests could not be run apart from your code on this computer (Students' code is executed "
        "in a sandbox: this is not Linux). Validate runs the same tests, in one kernel."
    )
    assert course_check("--as-graded", "--zip", "small", cwd=place).returncode == 2


@pytest.mark.needs("sandbox")
@pytest.mark.slow
def test_the_week_without_an_answer(work):
    """Each test is there, and none is passed by the cells as they were given."""
    outcome = check_as_graded(work.folder, ROOT, read_configuration(ROOT))
    assert len(outcome.tests) > 20
    assert not outcome.passes
    assert not [test for test in outcome.tests if ONLY_SEPARATE in test.why]


@pytest.mark.needs("sandbox")
@pytest.mark.slow
def test_the_week_solved(work):
    """Which names are the student's is found without the solution in `source/`."""
    work.sign()
    for name in ALL:
        own = nbformat.read(ROOT / "source" / "week-09" / f"{name}.ipynb", as_version=4)
        answers = {cell.metadata.nbgrader.grade_id: cell.source for cell in own.cells if is_solution(cell)}

        def solve(cells, notebook, answers=answers):
            for cell in notebook.cells:
                if is_solution(cell):
                    cell.source = answers[cell.metadata.nbgrader.grade_id]

        work.change(name, solve)
    outcome = check_as_graded(work.folder, ROOT, read_configuration(ROOT))
    assert [(test.test, test.why) for test in outcome.tests if not test.passes] == []
