"""Preprocessors that no other test sees alone."""

import nbformat
import pytest
from nbgrader.utils import determine_grade

from mlops_course.grading.preprocessors import IgnoreStderr
from tests.grading.conftest import code


def noisy(**settings):
    """Make a cell whose tools wrote on stderr."""
    cell = code("noisy", "assert True", **settings)
    cell.outputs = [nbformat.v4.new_output("stream", name="stderr", text="a warning")]
    return cell


def test_stderr_in_a_grade_cell_costs_points_without_ignore_stderr_and_none_with_it():
    cell = noisy(grade=True, locked=True, points=3)
    assert determine_grade(cell) == (0, 3)
    IgnoreStderr().preprocess_cell(cell, {}, 0)
    assert determine_grade(cell) == (3, 3)
    assert cell.outputs[0].text == "a warning", "it stays readable"


def test_a_failed_assertion_still_costs_points():
    cell = noisy(grade=True, locked=True, points=3)
    cell.outputs.append(nbformat.v4.new_output("error", ename="AssertionError", evalue="no", traceback=[]))
    IgnoreStderr().preprocess_cell(cell, {}, 0)
    assert determine_grade(cell) == (0, 3)


@pytest.mark.parametrize("settings", [{"solution": True}, {"locked": True}])
def test_what_a_student_wrote_on_stderr_stays_there(settings):
    cell = noisy(**settings)
    IgnoreStderr().preprocess_cell(cell, {}, 0)
    assert cell.outputs[0].name == "stderr"
