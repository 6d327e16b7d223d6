"""What Validate says: which task fails and why, in words, without the tests' code."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum
from traitlets.config import Config

from mlops_course.lab.student import HIDDEN_FROM_STUDENTS, is_student_folder
from mlops_course.lab.validate_worker import changed_cell, describe, explain, message, validate
from tests.check.states import ROOT
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


def test_a_rebound_name_of_pythons_own_is_named():
    fails = error("TypeError", "'list' object is not callable")
    given = notebook("list = [1]\ncount = 3", touched=True, test_outputs=[fails])
    said = words(given)
    assert "TypeError" in said  # the test has nothing to do with it
    given.cells[-1].source = "assert list(range(count)), 'the code of the test'"
    assert words(given) == (
        "Test right (1 point): it needs Python's own list. Your code has given this name\n"
        "to something else: choose another name."
    )


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
    command = [sys.executable, "-m", "mlops_course.lab.validate_worker", str(tmp_path / "one.ipynb")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    assert not answer["success"]
    assert "one.ipynb is damaged" in answer["value"]


LONG = "count should be 3, because there are three of them; it is {count!r}. " * 2 + "(lesson 01, section 4)"


@pytest.fixture
def course(tmp_path):
    """A course with a released notebook of one task."""
    solution = code("answer", "# YOUR CODE HERE", solution=True)
    test = code("right", f"assert count == 3, f'{LONG}'", grade=True, locked=True, points=1)
    set_up = code("set_up", "ready = True", locked=True)
    for cell in (set_up, solution, test):
        cell.metadata.nbgrader.update(cell_type=cell.cell_type, checksum=compute_checksum(cell))
    heading = nbformat.v4.new_markdown_cell("### Task 1 · Count")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    released = nbformat.v4.new_notebook(cells=[set_up, heading, solution, test], metadata=kernel)
    for folder in ("release/week-09", "week-09"):
        (tmp_path / folder).mkdir(parents=True)
        nbformat.write(released, tmp_path / folder / "one.ipynb")
    shutil.copyfile(ROOT / "nbgrader_config.py", tmp_path / "nbgrader_config.py")
    return tmp_path


def change(course, edit):
    """Change the student's notebook; return its path."""
    path = course / "week-09" / "one.ipynb"
    given = nbformat.read(path, as_version=4)
    edit({cell.id: cell for cell in given.cells}, given)
    nbformat.write(given, path)
    return path


def in_terminal(path):
    """Validate in a terminal; give the lines of what is said, without the indent."""
    command = [sys.executable, "-m", "nbgrader", "validate", f"{path.parent.name}/{path.name}"]
    done = subprocess.run(command, cwd=path.parents[1], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return [line.strip() for line in (done.stdout + done.stderr).splitlines()]


def split(cells, given):
    """Split the answer in two, as JupyterLab does: both have the metadata."""
    again = nbformat.from_dict(cells["answer"] | {"id": "again", "source": "count = 3"})
    given.cells.insert(given.cells.index(cells["answer"]), again)


def test_the_terminal_says_what_the_dialog_says(course):
    path = change(course, lambda cells, _: cells["answer"].update(source="count = 2"))
    (entry,) = validate(path, Config())["value"]["failed"]
    assert " ".join(entry["raw_error"].split()).endswith("it is 2. (lesson 01, section 4)")
    said = in_terminal(path)
    at = said.index("The error was:")
    wanted = ["", entry["source"], "", *entry["raw_error"].splitlines()]
    assert said[at + 1 : at + 1 + len(wanted)] == wanted


def test_a_split_cell_is_said_to_be_one(course):
    path = change(course, split)
    (entry,) = validate(path, Config())["value"]["changed"]
    words = " ".join(entry["source"].split())
    assert words.startswith("The cell answer is there twice: it was split or copied")
    assert "Merge Selected Cells (Shift+M)" in words
    said = in_terminal(path)
    assert sum(words in line for line in said) == 1
    assert not any("corrupted" in line for line in said)


def strip(cells, given):
    """Save as Colab does: no metadata, no ids."""
    cells["answer"].source = "count = 2"
    for cell in given.cells:
        cell.metadata = NotebookNode()
        cell.pop("id")
    given.nbformat_minor = 0


def test_an_editor_that_drops_metadata_drops_no_test(course):
    """nbgrader would say that all tests pass: it sees none."""
    path = change(course, strip)
    (entry,) = validate(path, Config())["value"]["failed"]
    assert entry["source"] == "Task 1 · Count"
    assert "Task 1 · Count" in in_terminal(path)
    # where nothing is there to compare with
    shutil.rmtree(course / "release")
    answer = validate(path, Config())
    assert not answer["success"]
    assert "one.ipynb has no tests" in answer["value"]
    said = " ".join(in_terminal(path))
    assert "one.ipynb has no tests" in said
    assert "Success" not in said


@pytest.mark.parametrize("cell", ["right", "answer"])
def test_a_deleted_cell_is_put_back_as_in_grading(course, cell):
    path = change(course, lambda cells, given: given.cells.remove(cells[cell]))
    (entry,) = validate(path, Config())["value"]["failed"]
    assert "Nothing is written in the answer yet." in entry["raw_error"]


def test_a_byte_order_mark_and_other_capitals(course):
    path = change(course, lambda cells, _: cells["answer"].update(source="count = 3"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert validate(path, Config()) == {"success": True, "value": {}}
    assert any("byte-order mark" in line for line in in_terminal(path))
    path = path.rename(path.with_name("One.ipynb"))
    change_to = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
    del change_to.cells[-1]
    change_to.cells[-1].source = "count = 2"
    nbformat.write(change_to, path)
    assert len(validate(path, Config())["value"]["failed"]) == 1


def test_changed_cells_are_named_as_before(course):
    path = change(course, lambda cells, _: cells["right"].update(source="pass"))
    (entry,) = validate(path, Config())["value"]["changed"]
    assert "the cell right is not as it was handed out" in " ".join(entry["source"].split())

    def retype(cells, given):
        at = given.cells.index(cells["answer"])
        given.cells[at] = nbformat.v4.new_markdown_cell("three", id="answer", metadata=cells["answer"].metadata)

    path = change(course, retype)
    (entry,) = validate(path, Config())["value"]["type_changed"]
    assert (entry["old_type"], entry["new_type"]) == ("code", "markdown")


def test_only_a_students_folder_hides_the_machinery(tmp_path):
    (tmp_path / "notebooks").mkdir()
    assert not is_student_folder(tmp_path)  # somebody's own folder
    (tmp_path / "nbgrader_config.py").touch()
    assert is_student_folder(tmp_path)
    (tmp_path / "source").mkdir()
    assert not is_student_folder(tmp_path)
    assert {"mlops_course", "env", "tests"} <= set(HIDDEN_FROM_STUDENTS)
