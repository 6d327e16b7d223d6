"""The command as a user meets it: exit codes, messages, what it keeps and what it leaves."""

import json
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from mlops_course.errors import CourseError
from mlops_course.execution.job import Finding, decode_result, encode
from mlops_course.grading import gradebook
from mlops_course.grading.command import grade
from mlops_course.grading.engines import find_engine
from mlops_course.grading.journal import only_one
from mlops_course.grading.messages import headline, warnings
from mlops_course.grading.report import status as report_status
from tests.assignment.course_copy import ASSIGNMENT
from tests.grading import stubs
from tests.grading.conftest import STUDENTS, edit


def status(outcome):
    return {one.student: one.status for one in outcome.outcomes}


# ---------------------------------------------------------------- What is graded, what is kept


def test_graded_once_then_kept(small_class):
    first = small_class.grade()
    assert status(first) == dict.fromkeys(STUDENTS, "graded")
    again = small_class.grade(engine=lambda jobs: pytest.fail("no engine is needed"))
    assert status(again) == dict.fromkeys(STUDENTS, "kept")
    assert again.exit_code == 0
    assert [one.cells for one in again.outcomes] == [one.cells for one in first.outcomes]
    assert again.backup == ""


@pytest.mark.parametrize(
    ("moment", "expected"), [("2026-02-28 10:00:00 UTC", "graded"), ("2026-02-26 10:00:00 UTC", "kept"), ("", "kept")]
)
def test_newer_submission_is_graded(small_class, moment, expected):
    small_class.grade()
    (small_class.submitted("half") / "timestamp.txt").write_text(moment)
    found = status(small_class.grade())
    assert found.pop("half") == expected
    assert set(found.values()) == {"kept"}


def change_file(course, *parts):
    with course.folder.joinpath(*parts).open("a") as file:
        file.write("\n")


def move_up(course, notebook, grade_id):
    """Move a cell before the one that it stands after."""
    path = course.folder / "source" / ASSIGNMENT / f"{notebook}.ipynb"
    content = nbformat.read(path, as_version=4)
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in content.cells]
    content.cells.insert(ids.index(grade_id) - 1, content.cells.pop(ids.index(grade_id)))
    nbformat.write(content, path)


def leave_behind(course):
    """Leave in `source/` what Python, Jupyter and MLflow leave, and nbgrader does not hand out."""
    source = course.folder / "source" / ASSIGNMENT
    for path in ("__pycache__/helper.cpython-311.pyc", ".ipynb_checkpoints/data-checkpoint.csv"):
        (source / path).parent.mkdir()
        (source / path).write_bytes(b"1")


@pytest.mark.parametrize(
    ("change", "outdated"),
    [
        pytest.param(lambda course: edit(course, "source", "one", "doubles", "assert", "assert 1 and"), 4, id="a test"),
        pytest.param(lambda course: change_file(course, "source", ASSIGNMENT, "data.csv"), 4, id="a file"),
        pytest.param(lambda course: edit(course, "source", "one", "triples", "6", "6.0"), 4, id="another test"),
        pytest.param(lambda course: move_up(course, "one", "triples"), 4, id="the order"),
        pytest.param(lambda course: edit(course, "source", "two", "why_question", "Why?", "Well?"), 0, id="a question"),
        pytest.param(lambda course: edit(course, "source", "one", "triple", "def", "# Mind.\ndef"), 0, id="a stub"),
        pytest.param(leave_behind, 0, id="what is ignored"),
        pytest.param(lambda course: change_file(course, "nbgrader_config.py"), 0, id="a setting"),
        pytest.param(lambda course: None, 0, id="nothing"),
    ],
)
def test_scores_of_other_tests_are_kept_and_that_is_said(small_class, change, outdated):
    small_class.grade()
    change(small_class)
    small_class.generate()
    again = small_class.grade()
    assert status(again) == dict.fromkeys(STUDENTS, "kept")
    assert (again.outdated, again.exit_code) == (outdated, int(outdated > 0))
    told = [text for text in warnings(again) if "were graded before the assignment's tests" in text]
    assert len(told) == (outdated > 0)
    assert ("graded before a change" in headline(again)) == (outdated > 0)
    assert {report_status(one) for one in again.outcomes} == {"kept, outdated" if outdated else "kept"}
    one = small_class.grade(students=("half",), force=True)
    assert (one.outdated, one.exit_code) == (0, 0)
    rest = small_class.grade()
    assert rest.outdated == max(outdated - 1, 0), "the others are still as they were"
    everybody = small_class.grade(force=True)
    assert (everybody.outdated, everybody.exit_code) == (0, 0)


def test_a_change_after_the_first_run_of_this_version_is_seen(small_class):
    """What an earlier version of the program has written down says nothing about the tests."""
    small_class.grade()
    seen = list((small_class.folder / ".course-grade" / ASSIGNMENT / "seen").iterdir())
    for path in seen:
        content = json.loads(path.read_text())
        del content["tests"]
        path.write_text(json.dumps(content))
    assert small_class.grade().outdated == 0
    change_file(small_class, "source", ASSIGNMENT, "data.csv")
    assert small_class.grade().outdated == len(seen) == 4


def test_it_is_not_known_what_tests_somebody_else_graded_with(small_class):
    small_class.grade()
    os.utime(small_class.autograded("half") / "one.ipynb", (0, 0))  # as if nbgrader had graded it
    change_file(small_class, "source", ASSIGNMENT, "data.csv")
    assert {one.student for one in small_class.grade().outcomes if one.outdated} == set(STUDENTS) - {"half"}


def test_one_student(small_class):
    assert status(small_class.grade(students=("half",))) == {"half": "graded"}
    assert not small_class.autograded("all_right").exists()
    assert status(small_class.grade(students=("half", "late"), force=True)) == {"half": "graded", "late": "graded"}


def test_scores_are_those_of_the_gradebook(small_class):
    outcome = small_class.grade()
    with small_class.gradebook() as book:
        for one in outcome.outcomes:
            assert one.points == book.find_submission(ASSIGNMENT, one.student).score
    found = {one.student: {cell.cell: cell for cell in one.cells} for one in outcome.outcomes}
    assert found["all_right"]["why"].points is None
    assert found["all_right"]["why"].by_hand
    assert found["untouched"]["why"].points == 0
    assert found["half"]["triples"].points == found["half"]["triples"].max_points == 2
    assert not found["half"]["triples"].by_hand


def test_grades_by_hand_and_comments_survive(small_class):
    small_class.grade()
    with small_class.gradebook() as book:
        grade_by_hand = book.find_grade("why", "two", ASSIGNMENT, "all_right")
        grade_by_hand.manual_score, grade_by_hand.extra_credit = 4.5, 0.5
        grade_by_hand.needs_manual_grade = False
        book.find_grade("doubles", "one", ASSIGNMENT, "half").manual_score = 1.5
        book.find_comment("why", "two", ASSIGNMENT, "all_right").manual_comment = "Well said."
        book.db.commit()
    found = {one.student: {cell.cell: cell for cell in one.cells} for one in small_class.grade(force=True).outcomes}
    assert found["all_right"]["why"].points == 5.0
    assert found["half"]["doubles"].points == 1.5
    assert found["half"]["doubles"].by_hand
    with small_class.gradebook() as book:
        assert book.find_comment("why", "two", ASSIGNMENT, "all_right").manual_comment == "Well said."
        assert book.find_grade("why", "two", ASSIGNMENT, "all_right").needs_manual_grade


def test_working_files_are_removed(small_class):
    small_class.grade()
    state = small_class.folder / ".course-grade"
    assert sorted(path.name for path in (state / ASSIGNMENT).iterdir()) == ["executed", "seen"]
    assert not list((state / ASSIGNMENT / "executed").iterdir())
    assert (state / ".gitignore").read_text() == "*\n"
    assert oct(state.stat().st_mode & 0o777) == "0o700"


def test_what_was_seen_is_shown_again(small_class):
    """The report after the next run, or after one that was killed, must not forget what is suspicious."""

    def suspicious(job, result):
        found = decode_result(result)
        finding = Finding("limit", "one", "doubles", "a cell ran too long")
        return encode(replace(found, findings=(finding,))) if job.student == "half" else result

    first = small_class.grade(engine=stubs.changed(suspicious))
    again = small_class.grade()
    assert (first.exit_code, again.exit_code) == (1, 1)
    for one, other in zip(first.outcomes, again.outcomes, strict=True):
        assert replace(one, status="kept") == other


def test_what_was_seen_ends_with_the_next_grading(small_class):
    test_what_was_seen_is_shown_again(small_class)
    path = small_class.autograded("half") / "one.ipynb"
    os.utime(path, (0, 0))  # as if nbgrader had graded it
    with small_class.gradebook() as book:
        book.find_grade("doubles", "one", ASSIGNMENT, "half").needs_manual_grade = False
        book.db.commit()
    assert small_class.grade().exit_code == 0


# ---------------------------------------------------------------- Backups


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select count(*) from grade").fetchone()[0]


def test_backup_is_from_before_the_run(small_class):
    backup = Path(small_class.grade().backup)
    assert rows(backup) == 0
    assert rows(small_class.folder / "gradebook.db") > 0
    assert backup.parent == small_class.folder / ".course-grade" / "backups"
    assert rows(small_class.grade(force=True, students=("half",)).backup) == rows(small_class.folder / "gradebook.db")


def test_twenty_backups_are_kept(tmp_path):
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}"):
        pass
    copies = [gradebook.back_up(tmp_path / "gradebook.db", tmp_path / "backups") for _ in range(23)]
    assert sorted((tmp_path / "backups").iterdir()) == copies[3:]


def test_no_file_no_backup():
    assert gradebook.database_file("postgresql://user@server/points") is None
    assert gradebook.database_file("sqlite:///relative.db") == Path("relative.db")


# ---------------------------------------------------------------- Wrong use


@pytest.mark.parametrize(
    ("assignment", "change", "words"),
    [
        ("week-10", lambda folder: None, f"week-10: the gradebook knows no such assignment, but {ASSIGNMENT}\\.$"),
        ("week-10", lambda folder: (folder / "source" / "week-10").mkdir(), "nbgrader generate_assignment week-10"),
        (ASSIGNMENT, lambda folder: (folder / "gradebook.db").unlink(), "nbgrader generate_assignment"),
        (ASSIGNMENT, lambda folder: (folder / "submitted").rename(folder / "elsewhere"), "nothing was handed in"),
        (ASSIGNMENT, lambda folder: (folder / "gradebook.db").write_text("no database at all, but text"), "gradebook"),
    ],
)
def test_wrong_use(small_class, assignment, change, words):
    change(small_class.folder)
    with pytest.raises(CourseError, match=words):
        grade(assignment, small_class.folder, sandbox=False, engine=stubs.quick)


def test_student_who_has_not_handed_in(small_class):
    with pytest.raises(CourseError, match="--student nobody"):
        small_class.grade(students=("half", "nobody"))


def test_no_course_directory(tmp_path):
    with pytest.raises(CourseError, match="no such folder"):
        grade(ASSIGNMENT, tmp_path / "nowhere", sandbox=False)
    with pytest.raises(CourseError, match="not a course directory"):
        grade(ASSIGNMENT, tmp_path, sandbox=False)


@pytest.mark.parametrize("name", ["cluster", "no.such.module:engine", "tests.grading.stubs:no_such_engine"])
def test_no_such_engine(name):
    with pytest.raises(CourseError, match=f"--engine {name}"):
        find_engine(name)


def test_two_at_once(small_class):
    state = small_class.folder / ".course-grade"
    state.mkdir()
    with only_one(state), pytest.raises(CourseError, match="another `course grade`"):
        small_class.grade()
    assert small_class.grade().exit_code == 0


@pytest.mark.parametrize("shared", [True, False])
def test_what_is_remembered_can_be_written_by_the_group_that_shares_a_course(small_class, shared):
    """Or else the second grader of a course is refused by the first one's files."""
    with (small_class.folder / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.groupshared = {shared}\n")
    before = os.umask(0o022)
    try:
        small_class.grade(students=("half",))
    finally:
        os.umask(before)
    state = small_class.folder / ".course-grade"
    modes = {path: oct(path.stat().st_mode & 0o7777) for path in [state, *state.rglob("*")]}
    assert {path.name for path in modes} > {".course-grade", "lock", ASSIGNMENT, "backups", "seen"}
    folders = {mode for path, mode in modes.items() if path.is_dir() and path != state}
    files = {mode for path, mode in modes.items() if path.is_file()}
    assert folders == ({"0o2775"} if shared else {"0o755"})
    assert files == ({"0o664"} if shared else {"0o644"})
    assert modes[state] == ("0o2770" if shared else "0o700"), "nobody else gets in"


def test_working_directory_and_path_are_restored(small_class, monkeypatch, tmp_path):
    before = os.getcwd(), list(sys.path)
    small_class.grade()
    assert (os.getcwd(), list(sys.path)) == before


# ---------------------------------------------------------------- In a terminal


def test_exit_codes_and_reports(small_class):
    code, out, err = small_class.run("--student", "all_right")
    assert code == 0, err
    report = json.loads((small_class.folder / "grading_report.json").read_text())
    assert (small_class.folder / "grading_report.html").exists()
    assert [one["student"] for one in report["outcomes"]] == ["all_right"]
    assert "grading_report.html" in out

    (small_class.submitted("half") / "one.ipynb").write_text("<html>")
    code, out, err = small_class.run()
    assert code == 1, err
    assert "half: one.ipynb cannot be graded" in out + err
    assert "Traceback" not in out + err
    assert "WARNING |" not in out + err, "nbgrader's log is not for the terminal"

    code, out, err = small_class.run("--student", "nobody")
    assert code == 2
    assert err.startswith("course: --student nobody")


def test_stopped_by_the_user(small_class, graded_content):
    log = small_class.folder / "executions"
    process = small_class.command(EXECUTION_SECONDS="30", EXECUTION_LOG=str(log))
    for _ in range(600):
        if log.exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "course: stopped. What is graded stays; the same command goes on with the rest."
    assert small_class.grade().exit_code == 0
    assert (small_class.content(), small_class.tree()) == graded_content


def test_a_stop_that_a_library_swallows_is_not_lost(small_class, graded_content):
    pressed = []

    def swallow(*_event):
        if not pressed:
            pressed.append(True)
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
                time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        grade("week-09", small_class.folder, sandbox=False, engine=stubs.quick, jobs=2, on_event=swallow)
    assert pressed
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert small_class.grade().exit_code == 0
    assert (small_class.content(), small_class.tree()) == graded_content


def test_notebook_without_ids_is_not_executed_twice(small_class, monkeypatch, tmp_path):
    """nbformat makes up other ids each time it reads such a notebook."""
    path = small_class.submitted("half") / "one.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        cell.pop("id", None)
    notebook["nbformat_minor"] = 5
    path.write_text(json.dumps(notebook))
    monkeypatch.setattr("mlops_course.grading.submission.put_in_place", refuse)
    first = small_class.grade(students=("half",))
    assert status(first) == {"half": "failed"}
    monkeypatch.undo()
    again = small_class.grade(
        students=("half",), engine=lambda jobs: stubs.Stub(jobs, lambda job: pytest.fail("executed again"))
    )
    assert status(again) == {"half": "graded"}
    assert nbformat.read(small_class.autograded("half") / "one.ipynb", as_version=4).cells


def refuse(new, final):
    raise PermissionError(13, "Permission denied", str(final))
