"""A submission's folder while it is graded holds what was handed in: every file with an honest name, the notebooks."""

import nbformat
import pytest

from mlops_course.grading import files
from tests.assignment.course_copy import ASSIGNMENT, CourseCopy
from tests.grading import stubs
from tests.grading.conftest import HIDDEN, STUDENTS, hand_in
from tests.grading.test_errors import outcomes

HONEST_NAMES = [
    "Screenshot 2026-11-30 at 4.05.12\N{NARROW NO-BREAK SPACE}PM.png",
    "a\N{NO-BREAK SPACE}plan.txt",
    "family \N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}.txt",
    "new \U0001fae9.txt",  # an emoji that this Python's Unicode does not know yet
    "données.csv",
    " blanks \t.txt".replace("\t", ""),
]

# Runs one notebook, and reads all of them; only the graded copies have the hidden tests.
READS_NOTEBOOKS = """from pathlib import Path
texts = {path.name: path.read_text() for path in Path().glob("*.ipynb")}
assert sorted(texts) == ["helper.ipynb", "one.ipynb", "two.ipynb"], sorted(texts)
assert "number + number" in texts["one.ipynb"]
assert "hidden_" + "limit" not in "".join(texts.values())
%run ./helper.ipynb
four = from_helper"""


def hand_in_with_helper(course, student):
    folder = hand_in(course, student, four=READS_NOTEBOOKS)
    helper = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("from_helper = 4", id="helper")])
    nbformat.write(helper, course.folder / "submitted" / student / ASSIGNMENT / "helper.ipynb")
    return folder


@pytest.mark.parametrize("name", HONEST_NAMES)
def test_honest_names_are_kept(small_class, name):
    (small_class.submitted("half") / name).write_text("x")
    seen = []
    outcome = small_class.grade(engine=stubs.changed(lambda job, result: seen.append(job) or result))
    assert outcomes(outcome)["half"].findings == outcomes(small_class.grade())["half"].findings
    assert not [one for one in outcomes(outcome)["half"].findings if "left out" in one.message]
    assert [job.files[name] for job in seen if job.student == "half"] == [b"x"]
    assert (small_class.autograded("half") / name).read_text() == "x"


def test_the_job_has_the_notebooks_as_they_were_handed_in(small_class):
    seen = []
    small_class.grade(engine=stubs.changed(lambda job, result: seen.append(job) or result))
    assert {job.student for job in seen} >= set(STUDENTS)
    for job in seen:
        notebooks = {name: content for name, content in job.files.items() if name.endswith(".ipynb")}
        assert set(notebooks) >= {f"{name}.ipynb" for name in job.notebooks}
        assert HIDDEN in job.notebooks["one"]
        assert not [name for name, content in notebooks.items() if HIDDEN.encode() in content]
        if job.student in STUDENTS:
            folder = small_class.submitted(job.student)
            assert notebooks == {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}
    assert not list(small_class.folder.glob("autograded/*/*/helper.ipynb"))


def test_notebooks_count_for_the_size_of_a_submission(small_class, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 1_000_000)
    for number in range(2):
        (small_class.submitted("half") / f"extra{number}.ipynb").write_text('{"cells": []}' + " " * 600_000)
    assert "1 MB are not graded" in outcomes(small_class.grade())["half"].trouble


@pytest.mark.needs("sandbox")
@pytest.mark.parametrize("command", ["course grade", "nbgrader autograde"])
def test_a_notebook_runs_and_reads_its_neighbours(tmp_path, class_template, small_class, command):
    course = CourseCopy.__new__(CourseCopy)
    course.__dict__ |= vars(class_template) | {"folder": small_class.folder}
    hand_in_with_helper(course, "reader")
    if command == "course grade":
        small_class.grade(sandbox=True, engine="local", students=("reader",))
    else:
        done = course.nbgrader("autograde", ASSIGNMENT, "--student", "reader")
        assert done.returncode == 0, done.stderr
    grades = [grade for grade in small_class.content()["grades"] if grade[0] == "reader"]
    assert {(name, auto) for _, _, name, auto, *_ in grades} >= {("is_four", 1), ("doubles", 3), ("triples", 2)}
