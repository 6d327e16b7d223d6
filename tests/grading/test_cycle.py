"""The whole cycle, with a small assignment so that it takes a minute."""

import sqlite3
import subprocess
import sys

import pytest

from mlops_course.errors import CourseError
from mlops_course.grading.changes import Change, compare, read_scores
from tests.assignment import cycle
from tests.assignment.course_copy import CourseCopy


@pytest.mark.slow
def test_the_whole_cycle(tmp_path, small_source, right_answers):
    bad = {
        "one": {"double": "def double(number):\n    return {2: 4}.get(number)", "triple": "triple = 3"},
        "two": {"why": "Because.", "four": "four = 4"},
    }
    cycle.run(
        CourseCopy(tmp_path / "course", ("one", "two"), source=small_source),
        good=right_answers,
        bad=bad,
        by_hand=("two", "why"),
        costs={"doubles": 0.0, "triples": 0.0},
        repair=("one", "hidden_limit = 41 + 1", "hidden_limit = double(21)", {"doubles": 3.0}),
    )


def test_the_zip_route(tmp_path, small_source, right_answers):
    course = CourseCopy(tmp_path / "course", ("one", "two"), source=small_source)
    cycle.zip_route(course, right_answers, {"doubles": 3.0, "triples": 2.0, "is_four": 1.0})


def test_changes_are_listed_by_place():
    before = {("ana", "one", "x"): 1.0, ("ben", "one", "x"): 0.0, ("cem", "one", "x"): 2.0}
    after = {("ana", "one", "x"): 1.0, ("ben", "one", "x"): 1.0, ("dua", "one", "x"): 2.0}
    assert compare(before, before) == []
    assert compare(before, after) == [
        Change("ben", "one", "x", 0.0, 1.0),
        Change("cem", "one", "x", 2.0, None),
        Change("dua", "one", "x", None, 2.0),
    ]


def test_what_is_no_gradebook_is_named(tmp_path):
    with pytest.raises(CourseError, match=r"no such file\. Copy gradebook"):
        read_scores(tmp_path / "absent.db", "week-09")
    (tmp_path / "text.db").write_text("hello")
    with pytest.raises(CourseError, match="not a gradebook"):
        read_scores(tmp_path / "text.db", "week-09")
    command = [sys.executable, "-m", "mlops_course.cli", "changes", "week-09", "--before", str(tmp_path / "absent.db")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("course: ")
    assert len(done.stderr.splitlines()) == 1
    sqlite3.connect(tmp_path / "empty.db").close()
