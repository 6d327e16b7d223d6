"""A damaged gradebook: the message names the copy and the command that restores it, and that command does."""

import re
import shutil
import sqlite3
import subprocess

import pytest

from mlops_course.errors import CourseError
from mlops_course.grading import errors, gradebook
from tests.grading.test_errors import Listener, outcomes


def damage(database):
    """Write over what SQLite reads last: the file still begins as a gradebook does."""
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * len(content[4096:])
    database.write_bytes(content)


def restore(problem):
    """Do what a message says."""
    command = re.search("`((?:rm|cp) [^`]*)`", str(problem))[1]
    subprocess.run(command, shell=True, check=True)


@pytest.mark.parametrize("how", ["damaged", "no database"])
def test_the_command_that_is_named_restores_it(small_class, graded_content, how):
    database, backups = small_class.folder / "gradebook.db", small_class.folder / ".course-grade" / "backups"
    small_class.grade()
    small_class.grade(force=True)
    newest = max(backups.iterdir())
    shutil.copy(newest, newest.with_name("gradebook-9999.db"))
    damage(newest.with_name("gradebook-9999.db"))
    if how == "damaged":
        damage(database)
    else:
        database.write_text("<html>" * 1000)
    (small_class.folder / "gradebook.db-journal").write_text("of the damaged one")
    with pytest.raises(CourseError, match="the gradebook is damaged") as caught:
        small_class.grade()
    assert str(newest) in str(caught.value)
    assert "`course grade week-09 --force`" in str(caught.value)
    assert "upgrade" not in str(caught.value)
    assert "notebooks" not in str(caught.value)
    restore(caught.value)
    assert small_class.grade(force=True).exit_code == 0
    assert (small_class.content(), small_class.tree()) == graded_content


def test_without_a_copy_it_says_what_is_left(small_class):
    damage(small_class.folder / "gradebook.db")
    with pytest.raises(CourseError, match=r"no sound copy of it in .*backups.*generate_assignment week-09 --force"):
        small_class.grade()


def test_damage_while_a_class_is_graded_ends_the_run(small_class):
    def act(kind, student):
        if kind == "executed":
            damage(small_class.folder / "gradebook.db")

    small_class.events = Listener(act)
    with pytest.raises(CourseError, match="the gradebook is damaged") as caught:
        small_class.grade(jobs=1)
    restore(caught.value)
    small_class.events = []
    assert {one.status for one in outcomes(small_class.grade(force=True)).values()} == {"graded"}


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("no such column: notebook.kernelspec", "nbgrader db upgrade"),
        ("attempt to write a readonly database", "make it and its folder writable"),
        ("unable to open database file", "make it and its folder writable"),
        ("disk I/O error", "put that right"),
    ],
)
def test_advice_fits_the_cause(message, advice):
    problem = gradebook.OperationalError("SELECT", None, sqlite3.OperationalError(message))
    said = errors.explain(problem, [])
    assert message in said
    assert advice in said
    assert ("upgrade" in said) == ("upgrade" in advice)


@pytest.mark.parametrize("name", [".", "backups", "week-09", "lock"])
def test_links_are_not_written_through(small_class, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    state = small_class.folder / ".course-grade"
    if name != ".":
        state.mkdir()
    if name == "lock":
        elsewhere.write_text("somebody's")
    else:
        elsewhere.mkdir()
    (state / name if name != "." else state).symlink_to(elsewhere)
    with pytest.raises(CourseError, match=r"this is a link to another place.*Remove the link\.$"):
        small_class.grade()
    assert elsewhere.read_text() == "somebody's" if name == "lock" else not list(elsewhere.iterdir())
