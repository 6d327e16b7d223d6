"""What `course grade` leaves equals what `nbgrader autograde` leaves."""

import shutil
import types

import pytest

from mlops_course.execution import engine, sandbox
from mlops_course.grading.engines import local
from mlops_course.grading.messages import NO_SANDBOX, warnings
from tests.assignment.course_copy import ASSIGNMENT, CourseCopy
from tests.grading import stubs
from tests.grading.conftest import SmallClass


def plain_nbgrader(folder):
    """Grade a copy of the class with nbgrader's own command."""
    shutil.copytree(folder, folder.with_name("plain"), symlinks=True)
    course = CourseCopy.__new__(CourseCopy)
    course.folder = folder.with_name("plain")
    with (course.folder / "nbgrader_config.py").open("a") as config:  # the course's own would use the sandbox
        config.write("\nfrom nbgrader.preprocessors import Execute\nc.Autograde.autograde_preprocessors[0] = Execute\n")
    done = course.nbgrader("autograde", ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    return SmallClass(course.folder)


def test_gradebook_and_files_equal_those_of_nbgrader(small_class):
    plain = plain_nbgrader(small_class.folder)
    outcome = small_class.grade(engine=stubs.kernels)
    assert outcome.exit_code == 0, outcome.outcomes
    assert small_class.content() == plain.content()
    ours, theirs = small_class.tree(), plain.tree()
    # What notebooks write while they run stays where they ran.
    assert theirs.keys() - ours.keys() == {"autograded/all_right/week-09/made.txt"}
    for path in ours:
        assert ours[path] == theirs[path], path


def test_without_linux_the_scores_are_the_same_and_the_report_says_what_is_missing(small_class, monkeypatch):
    plain = plain_nbgrader(small_class.folder)
    monkeypatch.setattr(engine, "sys", types.SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(sandbox.Sandbox, "__init__", lambda *_: pytest.fail("a sandbox"))
    outcome = small_class.grade(engine=local)
    assert outcome.exit_code == 0, outcome.outcomes
    assert small_class.content() == plain.content()
    assert warnings(outcome) == [NO_SANDBOX]
