"""A class is graded in the sandbox, by the command and by formgrader's button: the same points, whoever one is."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.assignment.course_copy import ASSIGNMENT
from tests.browser import lab as labs
from tests.grading.conftest import STUDENTS

pytestmark = pytest.mark.needs("sandbox")

POINTS = {
    "all_right": {"doubles": 3, "triples": 2, "is_four": 1},
    "half": {"doubles": 0, "triples": 2, "is_four": 0},
    "untouched": {"doubles": 0, "triples": 0, "is_four": 0},
    "late": {"doubles": 0, "triples": 2, "is_four": 0},
}


def points(small_class):
    """Read the points that tests gave, of each student."""
    with small_class.gradebook() as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.cell.cell_type == "code"
            }
            for submission in gradebook.find_assignment(ASSIGNMENT).submissions
        }


def test_the_command(small_class):
    home = small_class.folder.parent / "home"
    home.mkdir()
    done = subprocess.run(
        [Path(sys.executable).with_name("course"), "grade", ASSIGNMENT],
        cwd=small_class.folder, env=os.environ | {"HOME": str(home), "COLUMNS": "200"}, capture_output=True, text=True,
    )  # fmt: skip
    report = json.loads((small_class.folder / "grading_report.json").read_text(encoding="utf-8"))
    assert {one["student"] for one in report["outcomes"]} == set(STUDENTS), done.stderr
    assert points(small_class) == POINTS


def test_the_button(small_class):
    home = small_class.folder.parent / "home"
    with labs.serve(small_class.folder, home) as lab:
        for student in STUDENTS:
            path = f"formgrader/api/submission/{ASSIGNMENT}/{student}/autograde"
            request = urllib.request.Request(lab.url(path), method="POST", data=b"")
            with urllib.request.urlopen(request, timeout=120) as answer:
                said = json.loads(answer.read())
            assert said["success"], said
    assert points(small_class) == POINTS
