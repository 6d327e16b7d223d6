"""Feedback tells what failed and why, and shows neither hidden tests nor mark schemes."""

import re
from html import unescape

import nbformat
import pytest

from mlops_course.grading.feedback import HideTests, split_regions, without
from tests.assignment.secret_lines import shown_in_feedback
from tests.grading.conftest import HIDDEN

BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"


def test_regions_are_cut_and_named():
    source = f"assert a\n### {BEGIN}\nsecret = 1\n\n    assert b\n### {END}\nassert c\n### {BEGIN}\nmore()\n### {END}"
    visible, secret = split_regions(source, BEGIN, END, "# hidden")
    assert visible == "assert a\n# hidden\nassert c\n# hidden"
    assert secret == ["secret = 1", "assert b", "more()"]


def test_a_region_that_does_not_end_shows_nothing():
    visible, secret = split_regions(f"a\n# {BEGIN}\nsecret", BEGIN, END, "-")
    assert visible == "a\n-"
    assert secret == ["secret"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("      8 x = 1\n----> 9 assert secret_value == 3\n     10 y = 2", "      8 x = 1\n     10 y = 2"),
        ("\x1b[0;32m----> 9\x1b[0m assert secret_value == 3", ""),
        ("the student printed: assert secret_value == 3", ""),
        ("else:", "else:"),
        ("AssertionError: double(2) should be 4", "AssertionError: double(2) should be 4"),
    ],
)
def test_secret_lines_go_and_the_others_stay(text, left):
    assert without(text, ["assert secret_value == 3", "or:"]) == left


def test_all_kinds_of_output_are_cleaned():
    grade = nbformat.v4.new_code_cell(f"assert a\n### {BEGIN}\nassert very_secret_number == 42\n### {END}")
    line = "assert very_secret_number == 42"
    grade.outputs = [
        nbformat.v4.new_output(
            "error",
            ename="AssertionError",
            evalue="why it failed",
            traceback=["head", f"-> 3 {line}", f"   4 ### {END}"],
        ),
        nbformat.v4.new_output("stream", name="stdout", text=f"before\n{line}\nafter"),
    ]
    other = nbformat.v4.new_code_cell("show()")
    other.outputs = [nbformat.v4.new_output("display_data", data={"text/html": f"<b>\n{line}\n</b>"})]
    notebook = nbformat.v4.new_notebook(cells=[grade, other])
    assert "very_secret" in str(notebook)
    HideTests().preprocess(notebook, {})
    assert "very_secret" not in str(notebook)
    assert grade.outputs[0].evalue == "why it failed"
    assert grade.outputs[0].traceback == ["head"]
    assert grade.outputs[1].text == "before\nafter"


@pytest.mark.slow
def test_feedback_of_a_real_course(small_course, right_answers):
    """One fails a visible test, one only a hidden test, one has the test's text shown by their own code."""
    peeking = (
        "import inspect\n\ndef double(number):\n"
        "    for frame in inspect.stack():\n        print(frame.code_context)\n"
        "    print(In[-1])\n    return 5"
    )
    answers = {
        "ana": {"double": "def double(number):\n    return 5", "triple": "triple = None"},
        "ben": {"double": "def double(number):\n    return 4", "triple": "triple = None"},
        "cem": {"double": peeking, "triple": "triple = None"},
    }
    for student, given in answers.items():
        notebooks = {
            "one": small_course.fill("one", given, student),
            "two": small_course.fill("two", right_answers["two"], student),
        }
        small_course.hand_in(student, notebooks)
    done = small_course.autograde()
    assert done.returncode == 0, done.stderr
    graded = small_course.folder / "autograded" / "ben" / "week-09" / "one.ipynb"
    assert HIDDEN in graded.read_text(encoding="utf-8"), "the instructor sees the hidden test"
    written = graded.with_name("two.ipynb").read_text(encoding="utf-8")
    assert "One point for the secret reason." in written, "the grader sees the mark scheme"
    done = small_course.nbgrader("generate_feedback", "week-09")
    assert done.returncode == 0, done.stderr
    pages = {}
    for student in answers:
        for name in ("one", "two"):
            page = small_course.folder / "feedback" / student / "week-09" / f"{name}.html"
            pages[student, name] = unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))
    for (student, name), page in pages.items():
        assert "hidden_limit" not in page, (student, name)
        assert "secret reason" not in page, (student, name)
    assert "double(2) should be 4" in pages["ana", "one"]
    assert "double(21) should be another number than 4" in pages["ben", "one"]
    assert "Here stand tests that run only when the work is graded." in pages["ben", "one"]
    assert "TypeError: 'NoneType' object is not callable" in pages["ben", "one"]
    assert "Because bytes change" in pages["ana", "two"]
    assert shown_in_feedback(small_course, "one") == []
    with (small_course.folder / "nbgrader_config.py").open("a") as file:
        file.write("\ndel c.GenerateFeedback.preprocessors  # nbgrader's own\n")
    found = shown_in_feedback(small_course, "one")
    assert any(HIDDEN in line for line in found), "the search finds what nbgrader's own feedback shows"
