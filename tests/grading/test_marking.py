"""Formgrader's page for marking by hand: each mark scheme beside its answer, and nothing of it elsewhere."""

import nbformat
import pytest

from mlops_course.grading.marking import MarkingView, lay_out, take_scheme
from mlops_course.lab.formgrader_worker import readable

SCHEME = "- 1 point: the fact\n\nAt most 2 points."
MARKED = f"### Question 1\n\nWhy?\n\n=== BEGIN MARK SCHEME ===\n{SCHEME}\n=== END MARK SCHEME ==="


def task(source, points=0):
    names = {"task": True, "grade": False, "solution": False, "grade_id": "question", "points": points}
    return nbformat.v4.new_markdown_cell(source, metadata={"nbgrader": names})


def answer(source):
    names = {"task": False, "grade": True, "solution": True, "grade_id": "answer", "points": 5}
    return nbformat.v4.new_markdown_cell(source, metadata={"nbgrader": names})


def test_the_scheme_moves_beside_the_answer():
    question, written = cells = [task(MARKED), answer("Because.")]
    assert lay_out(cells) == [("answer", "Question 1")]
    assert question.source == "### Question 1\n\nWhy?"
    assert not question.metadata.nbgrader.task
    scheme, _, text = written.source.partition("</aside>")
    assert SCHEME in scheme
    assert text.strip() == "Because."


@pytest.mark.parametrize("cells", [[task(MARKED, points=3), answer("Because.")], [task(MARKED)]])
def test_a_question_with_points_of_its_own_keeps_its_boxes(cells):
    lay_out(cells)
    assert cells[0].metadata.nbgrader.task
    assert cells[0].source.count(SCHEME) == 1
    assert '<aside class="mark-scheme' in cells[0].source
    assert "MARK SCHEME" not in cells[0].source
    assert [cell.source for cell in cells[1:]] == ["Because."] * len(cells[1:])


def test_a_text_without_scheme_stays():
    assert take_scheme("What is a mark scheme?") == ("What is a mark scheme?", "")


def test_only_formgrader_is_laid_out():
    notebook = nbformat.v4.new_notebook(cells=[task(MARKED), answer("Because.")])
    before = nbformat.writes(notebook)
    MarkingView().preprocess(notebook, {"nbgrader": {}})
    assert nbformat.writes(notebook) == before
    MarkingView().preprocess(notebook, {"submission_id": "1"})
    assert nbformat.writes(notebook) != before


TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in start\n    raise it\n'


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        ("SystemExit: course: Install bubblewrap.", "Install bubblewrap."),
        ("nbgrader.converters.base.NbGraderException: No notebooks\nwere matched", "No notebooks\nwere matched"),
    ],
)
def test_a_message_for_people_is_shown_without_its_traceback(exception, message):
    assert readable({"success": False, "error": TRACEBACK + exception + "\n"}, "/c") == {
        "success": False,
        "log": message,
    }


@pytest.mark.parametrize("exception", ["KeyError: 'x'", "SystemExit: 1"])
def test_what_nobody_foresaw_keeps_its_traceback(exception):
    shown = readable({"success": False, "error": TRACEBACK + exception}, "/c")
    assert shown == {"success": False, "error": TRACEBACK + exception}


def test_the_log_keeps_what_needs_a_look():
    log = (
        "[INFO] Copying /c/a -> /c/b\n[WARNING] Attribute 'checksum' for cell x has changed!\n"
        "[WARNING] ana, 01: a kernel died\nin /c/submitted/ana\n[ERROR] ben: not a notebook\n"
    )
    kept = readable({"success": True, "log": log}, "/c")["log"]
    assert kept == "[WARNING] ana, 01: a kernel died\nin submitted/ana\n[ERROR] ben: not a notebook"
