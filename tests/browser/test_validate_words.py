"""What Validate says: which task fails and why, in words, without the tests' code."""

import json
import subprocess
import sys

import nbformat
import pytest
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from course.lab.student import HIDDEN_FROM_STUDENTS, is_student_folder
from course.lab.validate_worker import changed_cell, describe, explain, message
from tests.grading.conftest import code


def error(name, text):
    return NotebookNode(output_type="error", ename=name, evalue=text, traceback=["a long traceback"])


def notebook(answer, *, touched, outputs=(), test_outputs=()):
    """A notebook with one task, as it is after it was executed."""
    solution = code("answer", answer, solution=True, checksum="")
    solution.outputs = list(outputs)
    solution.metadata.nbgrader["checksum"] = "another" if touched else compute_checksum(solution)
    test = code("right", "assert 'the code of the test'", grade=True, locked=True, points=1)
    test.outputs = list(test_outputs)
    heading = nbformat.v4.new_markdown_cell("### Task 1 · Count (1 point)\n\nCount.\n\n**Contract**")
    return nbformat.v4.new_notebook(cells=[heading, solution, test])


def words(given):
    entry = describe([given.cells[-1]], given)
    assert [one["source"] for one in entry] == ["Task 1 · Count (1 point)"]
    assert "the code of the test" not in json.dumps(entry)
    assert "traceback" not in json.dumps(entry)
    return entry[0]["raw_error"]


def test_nothing_written_is_told_from_wrong():
    missed = error("NameError", "name 'count' is not defined")
    wrong = error("AssertionError", "count should be 3 < 4")
    assert words(notebook("# YOUR CODE HERE", touched=False, test_outputs=[missed])).splitlines() == [
        "Nothing is written in the answer yet.",
        "",
        "Test right (1 point) waits for it.",
    ]
    assert (
        words(notebook("count = 2", touched=True, test_outputs=[wrong]))
        == "Test right (1 point): count should be 3 < 4"
    )


def test_an_answer_that_stops_is_named_first():
    stops = [error("ZeroDivisionError", "division by zero")]
    missed = [error("NameError", "name 'count' is not defined")]
    said = words(notebook("count = 1 / 0", touched=True, outputs=stops, test_outputs=missed))
    assert said.startswith("Your answer stops with an error. ZeroDivisionError: division by zero")


def test_what_is_shown_as_html_is_escaped():
    wrong = error("AssertionError", "<img src=x> & more")
    given = notebook("count = 2", touched=True, test_outputs=[wrong])
    assert "<img" not in describe([given.cells[-1]], given)[0]["error"]
    assert "&lt;img src=x&gt; &amp; more" in describe([given.cells[-1]], given)[0]["error"]


def test_a_cell_that_does_not_end_is_named():
    cell = notebook("", touched=True, test_outputs=[error("CellTimeoutError", "")]).cells[-1]
    assert message(cell) == "The cell takes longer than the grading allows, and was stopped."


def test_a_changed_test_is_named_by_its_task():
    given = notebook("", touched=True)
    assert changed_cell(given.cells[-1], given).startswith("Task 1 · Count (1 point): the cell right is not as it was")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (DeadKernelError("Kernel died"), "kernel died"),
        (NoSuchKernel("ir"), "asks for the kernel 'ir'"),
        (FileNotFoundError("gone"), "is not there any more"),
        (RuntimeError("first\nlast"), "RuntimeError: last"),
    ],
)
def test_why_a_notebook_could_not_be_run(tmp_path, problem, said):
    assert said in explain(problem, tmp_path / "one.ipynb")


def test_a_damaged_notebook_is_one_answer(tmp_path):
    (tmp_path / "one.ipynb").write_text("not JSON")
    command = [sys.executable, "-m", "course.lab.validate_worker", str(tmp_path / "one.ipynb")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    assert not answer["success"]
    assert "one.ipynb is damaged" in answer["value"]


def test_only_a_students_folder_hides_the_machinery(tmp_path):
    (tmp_path / "notebooks").mkdir()
    assert not is_student_folder(tmp_path)  # somebody's own folder
    (tmp_path / "nbgrader_config.py").touch()
    assert is_student_folder(tmp_path)
    (tmp_path / "source").mkdir()
    assert not is_student_folder(tmp_path)
    assert {"course", "env", "tests"} <= set(HIDDEN_FROM_STUDENTS)
