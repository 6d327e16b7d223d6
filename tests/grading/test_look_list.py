"""What of a student's code points at what grades it: noted, and nothing else."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mlops_course.grading.look_list import mentioned, notes_on
from tests.assignment.course_copy import ROOT


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("get_ipython().ast_transformers.append(T())", ["ast_transformers"]),
        ("import nbgrader.api", ["nbgrader.api"]),
        ("os.environ['NBGRADER_EXECUTION']", ["NBGRADER_EXECUTION"]),
        ("%matplotlib inline\nx = kernel.do_execute", ["do_execute"]),
        ("events.register('post_run_cell', f)", ["post_run_cell"]),
        ("x = 1\nprint('graded')", []),
        ("no Python (", []),
    ],
)
def test_what_is_noted(source, names):
    assert list(mentioned(source)) == names


def test_the_instructors_cells_are_left_out_and_messages_accuse_nobody():
    cells = [new_code_cell("do_execute"), new_code_cell("do_execute")]
    cells[0].metadata["nbgrader"] = {"grade_id": "locked"}
    assert list(notes_on(new_notebook(cells=cells), {"locked": "do_execute"})) == [
        ("cell 2", "the code names do_execute, which belongs to what grades it")
    ]


def test_nothing_is_noted_in_honest_answers():
    answers = sorted((ROOT / "tests" / "answers").rglob("*.py"))
    assert len(answers) > 50
    assert [path.name for path in answers if list(mentioned(path.read_text(encoding="utf-8")))] == []
    for path in (ROOT / "source" / "week-09").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert [cell.source for cell in cells if cell.cell_type == "code" and list(mentioned(cell.source))] == []
