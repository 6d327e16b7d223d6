"""Bad submissions get a clear line, lose what they must, and never stop the rest."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from mlops_course.grading.hand_in import compare_names, other_capitals, put_names_right, trouble_with
from mlops_course.grading.student_id import complaint, written_ids
from tests.assignment.course_copy import ASSIGNMENT, CourseCopy

FULL = {"doubles": 3.0, "triples": 2.0, "is_four": 1.0}


def without_metadata(notebook):
    """Save as editors do that know nothing of nbgrader; Colab drops the ids of the cells, too."""
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()
        cell.pop("id", None)
    notebook.nbformat_minor = 0
    return notebook


def without_cells(notebook, *names):
    notebook.cells = [cell for cell in notebook.cells if cell.id not in names]
    return notebook


def copied(notebook, name):
    at = next(position for position, cell in enumerate(notebook.cells) if cell.id == name)
    notebook.cells.insert(at + 1, nbformat.from_dict(notebook.cells[at] | {"id": "copied"}))
    return notebook


def edited(notebook, name, source, kind="code"):
    for at, cell in enumerate(notebook.cells):
        if cell.id == name:
            cell.source = source
            if kind == "markdown":
                notebook.cells[at] = nbformat.v4.new_markdown_cell(source, id=name, metadata=cell.metadata)
    return notebook


@pytest.fixture(scope="module")
def graded(module_path, small_source, right_answers):
    """Everything that goes wrong, in one class, graded by one command."""
    course = CourseCopy(module_path / "course", ("one", "two"), source=small_source)
    with (course.folder / "nbgrader_config.py").open("a") as file:
        file.write("\nc.ExecutePreprocessor.timeout = 5\nc.CourseDirectory.max_file_size = 100\n")
    course.generate()

    def one(student, **changes):
        return course.fill("one", right_answers["one"] | changes, student)

    def two(student):
        return course.fill("two", right_answers["two"], student)

    def hand_in(student, notebook):
        return course.hand_in(student, {"one": notebook, "two": two(student)})

    hand_in("all_right", one("all_right"))
    hand_in("deleted", without_cells(one("deleted"), "doubles", "triple", "triples", "start_double"))
    hand_in("duplicated", copied(one("duplicated"), "doubles"))
    hand_in("edited", edited(one("edited", double="double = 3"), "doubles", "assert True"))
    hand_in("markdown", edited(one("markdown", double="double = 3"), "doubles", "assert True", "markdown"))
    hand_in("stripped", without_metadata(one("stripped")))
    hand_in("endless", one("endless", double="while True:\n    pass"))
    hand_in("dies", one("dies", triple="import os\nos._exit(1)"))
    hand_in("other_id", one("somebody"))
    hand_in("no_id", one(""))
    mixed = one("mixed")
    mixed.nbformat_minor = 4
    folder = hand_in("mixed", one("mixed"))
    for cell in mixed.cells:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    (folder / "one.ipynb").write_text(json.dumps(mixed), encoding="utf-8")
    hand_in(
        "noisy",
        one(
            "noisy",
            double="import sys, os\nsys.__stderr__.write('x')\ndouble = lambda n: [os.write(2, b'loud'), 2 * n][1]",
        ),
    )
    shutil.move(
        hand_in("renamed", one("renamed")) / "one.ipynb", course.folder / "submitted/renamed/week-09/one (1).ipynb"
    )
    (hand_in("missing", one("missing")) / "one.ipynb").unlink()
    (hand_in("not_json", one("not_json")) / "one.ipynb").write_text("<<<<<<< HEAD\n{}", encoding="utf-8")
    (hand_in("no_cells", one("no_cells")) / "one.ipynb").write_text(json.dumps({"nbformat": 4}), encoding="utf-8")
    large = one("large")
    large.cells.append(nbformat.v4.new_markdown_cell("x" * 150_000))
    hand_in("large", large)
    folder = hand_in("marked", one("marked", triple="triple = 3"))
    (folder / "one.ipynb").write_bytes(b"\xef\xbb\xbf" + (folder / "one.ipynb").read_bytes())
    shutil.move(hand_in("capital", one("capital")) / "one.ipynb", course.folder / "submitted/capital/week-09/One.ipynb")
    hand_in("zz_last", one("zz_last"))
    return course, course.autograde()


@pytest.mark.parametrize(
    ("student", "lost", "line"),
    [
        ("all_right", {}, None),
        ("zz_last", {}, None),
        ("deleted", {"triples": 0.0}, "the cell 'doubles' was deleted; it was put back"),
        ("duplicated", {}, "a copy of the cell 'doubles' is not graded"),
        ("edited", {"doubles": 0.0}, None),
        ("markdown", {"doubles": 0.0}, None),
        ("stripped", {}, "an editor had removed what nbgrader needs"),
        ("endless", {"doubles": 0.0}, None),
        ("dies", {"triples": 0.0}, "dies, one.ipynb: the kernel died in cell"),
        ("other_id", {}, "STUDENT_ID is 'somebody', so the numbers belong to 'somebody'"),
        ("no_id", {}, "no_id, one.ipynb: STUDENT_ID is empty"),
        ("mixed", {}, None),
        ("noisy", {}, None),
        ("renamed", {"doubles": 0.0, "triples": 0.0}, "renamed: one (1).ipynb is not graded: rename it to one.ipynb"),
        ("marked", {"triples": 0.0}, None),
        ("capital", {}, "capital: One.ipynb is taken for one.ipynb; it was renamed in submitted/"),
        ("missing", {"doubles": 0.0, "triples": 0.0}, "missing: one.ipynb is missing: no points for it"),
        ("not_json", {"doubles": None, "triples": None}, "not_json: one.ipynb cannot be graded: it is not a notebook"),
        ("no_cells", {"doubles": None, "triples": None}, "no_cells: one.ipynb cannot be graded: it is not a"),
        ("large", {"doubles": None, "triples": None}, "large: one.ipynb cannot be graded: it has 0.2 MB"),
    ],
)
def test_what_it_costs_and_what_is_said(graded, student, lost, line):
    course, done = graded
    assert course.points(student) == FULL | lost
    if line:
        assert line in done.stderr
        assert sum(line in text for text in done.stderr.splitlines()) == 1


def test_nobody_was_stopped(graded):
    course, done = graded
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    assert len(list((course.folder / "autograded").iterdir())) == 20


def test_a_dead_kernel_is_named_in_its_cell_and_after(graded):
    course, _ = graded
    cells = nbformat.read(course.folder / "autograded" / "dies" / ASSIGNMENT / "one.ipynb", as_version=4).cells
    said = {
        cell.id: output.evalue for cell in cells for output in cell.get("outputs", []) if output.output_type == "error"
    }
    assert said["triple"] == "Python ended here"
    assert said["triples"].startswith("Python ended in cell ")
    assert "doubles" not in said


def test_other_capitals_are_the_same_name():
    assert other_capitals({"Q", "b"}, {"q", "b"}) == {"Q": "q"}
    assert other_capitals({"Q", "q"}, {"q"}) == {}
    assert other_capitals({"QQ", "Qq"}, {"qq"}) == {}, "which of the two?"


def test_a_name_that_cannot_be_put_right_is_said(tmp_path, monkeypatch):
    folder = tmp_path / "ana" / "week-09"
    folder.mkdir(parents=True)
    (folder / "Q.ipynb").write_text("{}")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    notebooks = [str(folder / "Q.ipynb")]
    assert put_names_right(notebooks, {"q"}) == []
    assert notebooks == [str(folder / "Q.ipynb")]
    missing, others = compare_names({"Q"}, {"q"})
    assert missing == ["Q.ipynb is not graded: rename it to q.ipynb in submitted/ and grade again"]
    assert others == []


def test_names_are_compared():
    assert compare_names({"a", "b"}, {"a", "b"}) == ([], [])
    assert compare_names({"a", "b-Copy1", "mine"}, {"a", "b", "c"}) == (
        [
            "b-Copy1.ipynb is not graded: rename it to b.ipynb in submitted/ and grade again",
            "c.ipynb is missing: no points for it",
        ],
        ["mine.ipynb is not part of the assignment and is not graded"],
    )


def test_a_good_notebook_is_no_trouble(tmp_path):
    path = tmp_path / "good.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    assert trouble_with(path, 10_000) is None
    assert "more than 0 MB" in trouble_with(path, 10)
    path.write_bytes(b"\xff\xfe\x00")
    assert "not a notebook" in trouble_with(path, 10_000)


def test_a_byte_order_mark_is_no_trouble(tmp_path):
    path = tmp_path / "good.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert trouble_with(path, 10_000) is None


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ('STUDENT_ID = "ana"', ["ana"]),
        ('NAME = "x"\nSTUDENT_ID = " ana "  # mine', ["ana"]),
        ('%matplotlib inline\nSTUDENT_ID: str = "ana"', ["ana"]),
        ("STUDENT_ID = 4711", ["4711"]),
        ('STUDENT_ID = ""', [""]),
        ('STUDENT_ID = "a" + "b"', [None]),
        ('STUDENT_ID, NAME = "ana", "Ana"', [None]),
        ('STUDENT_ID = "ana"\nSTUDENT_ID = "ben"', ["ana", "ben"]),
        ("STUDENT_ID = (", []),
        ("print(STUDENT_ID)", []),
        ("print(globals().get('STUDENT_ID'))", []),
        ("""STUDENT_ID = globals().get("STUDENT_ID", 'x')""", [None]),
        ("""print('STUDENT_ID'); STUDENT_ID = "ana"; print('STUDENT_ID')""", ["ana"]),
    ],
)
def test_the_id_is_read_without_running_anything(source, written):
    assert written_ids([nbformat.v4.new_markdown_cell("STUDENT_ID"), nbformat.v4.new_code_cell(source)]) == written


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["ana"], None),
        (["ana", "ana"], None),
        ([], "is gone"),
        ([None], "cannot be read"),
        ([""], "is empty"),
        (["ben"], "the numbers belong to 'ben'"),
        (["ben", "ana"], "set more than once: 'ben', 'ana'"),
    ],
)
def test_what_is_odd_about_an_id_is_said(written, said):
    found = complaint(written, "ana")
    assert found is None if said is None else said in found


def test_what_editors_leave_out_is_no_trouble(tmp_path):
    """Ids of cells in a file of an older minor version; code cells without outputs; text cells with them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x"), nbformat.v4.new_markdown_cell("y")])
    del notebook.cells[0]["outputs"], notebook.cells[0]["execution_count"]
    notebook.cells[1]["outputs"] = []
    notebook.nbformat_minor = 4
    (tmp_path / "mixed.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert trouble_with(tmp_path / "mixed.ipynb", 10_000) is None
