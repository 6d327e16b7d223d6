"""The instructor's own solution: what it gets, why it loses points, and what students would be told."""

import hashlib
import io
import os
import re
import shutil
import signal
import threading
import time
from dataclasses import fields, replace

import nbformat
import pytest
from nbgrader.api import Gradebook
from rich.console import Console

from mlops_course.errors import CourseError
from mlops_course.execution.engine import WorkerVanished
from mlops_course.execution.job import Finding, decode_result, encode
from mlops_course.grading.solution import NAME, Solved, grade_solution, reason_of
from mlops_course.grading.solution_report import print_solved
from tests.assignment.course_copy import ASSIGNMENT
from tests.grading import stubs
from tests.grading.conftest import edit


def own(small_class, **options):
    """Grade the solution of the small class, without a kernel."""
    options = {"sandbox": False, "engine": stubs.quick} | options
    return grade_solution(ASSIGNMENT, small_class.folder, **options)


def state(small_class):
    """What must stay as it is: every file but what the command remembers, and what the gradebook says."""
    files = {
        str(path.relative_to(small_class.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in small_class.folder.rglob("*")
        if path.is_file() and ".course-grade" not in path.parts and path.name != "gradebook.db"
    }
    return files, small_class.content()


def listening(jobs):
    """Make an engine that keeps the jobs it executes."""

    def keep(job):
        jobs.append(job)
        return stubs.in_this_process(job)

    return lambda count: stubs.Stub(count, keep)


def shown(outcome):
    console = Console(width=100, record=True, file=io.StringIO())
    print_solved(outcome, console)
    return console.export_text()


def test_it_gets_all_points_and_nothing_of_it_is_kept(small_class):
    before = state(small_class)
    outcome = own(small_class)
    assert {(cell.cell, cell.points, cell.max_points) for cell in outcome.cells} == {
        ("doubles", 3, 3), ("triples", 2, 2), ("is_four", 1, 1), ("why", None, 5), ("why_question", 0, 0),
    }  # fmt: skip
    assert (outcome.lost, outcome.findings, outcome.exit_code) == ((), (), 0)
    assert state(small_class) == before
    assert "6 of the 6 points that tests give" in shown(outcome)
    assert "5 are given by hand" in shown(outcome)


def test_a_test_that_the_solution_fails_is_named_with_the_reason(small_class):
    edit(small_class, "source", "one", "double", "2 * number", "2 * number + (number > 9)")
    saved_later(small_class, "one", -5)
    outcome = own(small_class)
    reason = "AssertionError: double(21) should be another number than 43"
    assert outcome.lost == (Finding("problem", "one", "doubles", reason),)
    assert [cell.points for cell in outcome.cells if cell.cell == "doubles"] == [0]
    assert outcome.exit_code == 1
    text = shown(outcome)
    assert "3 of the 6 points" in text
    assert "one doubles: AssertionError" in text
    assert "1 cell to correct in source/ before students get it" in text


def saved_later(small_class, notebook, seconds):
    """Give a notebook in `source/` the time of the released one, and so many seconds more."""
    rooms = [small_class.folder / room / ASSIGNMENT / f"{notebook}.ipynb" for room in ("source", "release")]
    at = rooms[1].stat().st_mtime + seconds
    os.utime(rooms[0], (at, at))


@pytest.mark.parametrize("seconds", [5, -5])
def test_what_was_saved_after_generating_is_named(small_class, seconds):
    for notebook in ("one", "two"):
        saved_later(small_class, notebook, seconds if notebook == "one" else -5)
    outcome = own(small_class)
    assert outcome.stale == ("one.ipynb",) * (seconds > 0)
    assert outcome.exit_code == int(seconds > 0)
    assert ("WARNING: one.ipynb: saved after it was generated" in shown(outcome)) == (seconds > 0)
    assert ("All is well." in shown(outcome)) == (seconds < 0)


def test_what_is_not_there_is_refused_with_the_next_step(small_class):
    source, release = (small_class.folder / room / ASSIGNMENT for room in ("source", "release"))
    (source / "._one.ipynb").write_bytes(b"what macOS leaves")
    assert own(small_class).exit_code == 0
    (release / "two.ipynb").rename(release / "two.txt")
    with pytest.raises(CourseError, match=r"two.ipynb was not generated.*nbgrader generate_assignment"):
        own(small_class)
    (release / "two.txt").rename(release / "two.ipynb")
    shutil.copyfile(release / "two.ipynb", release / "three.ipynb")
    with pytest.raises(CourseError, match=r"three.ipynb: students get it, but it is not in .*--force"):
        own(small_class)
    (release / "three.ipynb").unlink()
    (source / "one.ipynb").write_text("not a notebook")
    with pytest.raises(CourseError, match=r"source/week-09/one.ipynb: it cannot be read as a notebook"):
        own(small_class)
    source.rename(source.with_name("elsewhere"))
    with pytest.raises(CourseError, match="there is no such folder, and so no solution"):
        own(small_class)


def test_a_gradebook_of_an_older_assignment_is_named_with_the_next_step(small_class):
    """A cell that was Markdown when the gradebook was made is code now: the two do not make a notebook."""
    with Gradebook(f"sqlite:///{small_class.folder / 'gradebook.db'}") as gradebook:
        gradebook.find_source_cell("doubles", "one", ASSIGNMENT).cell_type = "markdown"
        gradebook.db.commit()
    with pytest.raises(CourseError, match=r"cannot be prepared.*`nbgrader generate_assignment week-09 --force` first"):
        own(small_class)


def test_a_course_that_executes_nothing(small_class):
    with (small_class.folder / "nbgrader_config.py").open("a") as config:
        config.write("\nc.ExecutePreprocessor.enabled = False\nc.SandboxedExecute.enabled = False\n")
    with pytest.raises(CourseError, match="nothing is executed in this course"):
        own(small_class)


def test_who_is_not_in_the_gradebook_is_refused_but_the_solution_is_not(small_class):
    with (small_class.folder / "nbgrader_config.py").open("a") as config:
        config.write("\nc.Autograde.create_student = False\n")
    assert own(small_class).exit_code == 0
    assert {one.status for one in small_class.grade().outcomes} == {"failed"}


def with_output(output, findings=()):
    """Make an engine in which the test `triples` has one output more."""

    def change(_job, result):
        found = decode_result(result)
        notebook = nbformat.reads(found.notebooks["one"], as_version=4)
        known = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
        known["triples"].outputs = [output]
        return encode(replace(found, notebooks=found.notebooks | {"one": nbformat.writes(notebook)}, findings=findings))

    return stubs.changed(change)


def test_the_configured_preprocessors_decide_about_stderr(small_class):
    """This course ignores what is written there; nbgrader itself gives no points then."""
    engine = with_output(nbformat.v4.new_output("stream", name="stderr", text="careful\n"))
    assert own(small_class, engine=engine).lost == ()
    with (small_class.folder / "nbgrader_config.py").open("a") as config:
        config.write("\nc.Autograde.autograde_preprocessors.remove(preprocessors.IgnoreStderr)\n")
    (lost,) = own(small_class, engine=engine).lost
    assert lost.message == "nbgrader gives no points for a test that writes to stderr: careful"


def test_what_fails_outside_of_tests_comes_first(small_class):
    """A mistake in the solution, of which the tests show the consequence only."""
    edit(small_class, "source", "one", "triple", "def triple", "def tripple")
    edit(small_class, "source", "one", "double", "return 2 * number", "return 2 * number\n1 / 0")
    saved_later(small_class, "one", -5)
    outcome = own(small_class)
    assert outcome.failed == (Finding("problem", "one", "double", "ZeroDivisionError: division by zero"),)
    assert [finding.cell for finding in outcome.lost] == ["triples"]
    text = shown(outcome)
    assert text.index("ZeroDivisionError") < text.index("one triples: NameError")
    assert "2 cells to correct" in text


def test_an_error_in_a_cell_that_nbgrader_does_not_know_is_shown_and_may_be_meant(small_class):
    for room in ("source", "release"):
        path = small_class.folder / room / ASSIGNMENT / "one.ipynb"
        content = nbformat.read(path, as_version=4)
        content.cells.insert(0, nbformat.v4.new_code_cell("raise RuntimeError('as you see')"))
        nbformat.write(content, path)
    saved_later(small_class, "one", -5)
    outcome = own(small_class)
    (shows,) = outcome.failed
    assert (shows.kind, shows.cell) == ("note", "cell 1")
    assert outcome.exit_code == 0
    assert "one cell 1: RuntimeError: as you see (fine if it is meant to show that)" in shown(outcome)
    assert "to mend" not in shown(outcome)


def test_a_cell_that_was_stopped_says_why(small_class):
    """And not which error stopped it."""
    error = nbformat.v4.new_output("error", ename="KeyboardInterrupt", evalue="", traceback=[])
    limit = Finding("limit", "one", "triples", "a cell ran longer than 5 seconds")
    engine = with_output(error, findings=(limit,))
    outcome = own(small_class, engine=engine)
    assert [finding.message for finding in outcome.lost] == ["a cell ran longer than 5 seconds"]
    assert outcome.findings == ()


def test_too_many_points_are_said_in_one_line(small_class):
    engine = with_output(nbformat.v4.new_output("execute_result", data={"text/plain": "5"}))
    with pytest.raises(
        CourseError, match=r"one: nbgrader cannot score it \(partial credit cannot be greater.*statement"
    ):
        own(small_class, engine=engine)


def test_what_else_was_seen_is_told_and_notes_are_not(small_class):
    seen = [Finding(kind, "one", "doubles", f"a {kind}") for kind in ("limit", "note", "died")]
    engine = stubs.changed(lambda job, result: encode(replace(decode_result(result), findings=tuple(seen))))
    outcome = own(small_class, engine=engine)
    assert [finding.kind for finding in outcome.findings] == ["limit", "died"]
    assert (outcome.lost, outcome.exit_code) == ((), 1)


def test_it_is_prepared_as_a_submission_is(small_class):
    jobs = []
    own(small_class, engine=listening(jobs))
    small_class.grade(students=("all_right",), engine=listening(jobs))
    mine, theirs = jobs
    assert mine.notebooks.keys() == theirs.notebooks.keys()
    for field in fields(mine):
        if field.name not in ("student", "notebooks", "files"):
            assert getattr(mine, field.name) == getattr(theirs, field.name), field.name
    assert mine.files.keys() == theirs.files.keys()
    assert mine.files["data.csv"] == theirs.files["data.csv"]


def test_what_is_sent_has_the_hidden_tests(small_class):
    jobs = []
    own(small_class, engine=listening(jobs))
    (job,) = jobs
    assert "double(21) == hidden_limit" in job.notebooks["one"]
    assert "return 2 * number" in job.notebooks["one"]
    assert job.files["data.csv"] == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (WorkerVanished("its process ended"), "its worker ended without an answer (its process ended)"),
        (b"{}", "the answer of its worker cannot be read"),
        (CourseError("there is no sandbox"), "there is no sandbox"),
    ],
)
def test_what_goes_wrong_with_the_worker_is_said_in_one_line(small_class, answer, said):
    def work(_job):
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(CourseError, match=re.escape(said)) as problem:
        own(small_class, engine=lambda jobs: stubs.Stub(jobs, work))
    assert "\n" not in str(problem.value)


def test_stopping_does_not_wait_for_the_execution(small_class):
    release, begun = threading.Event(), time.monotonic()
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))

    def work(_job):
        timer.start()
        release.wait(60)

    try:
        with pytest.raises(KeyboardInterrupt):
            own(small_class, engine=lambda jobs: stubs.Stub(jobs, work))
        assert time.monotonic() < begun + 30
    finally:
        timer.cancel()
        release.set()
    assert own(small_class).exit_code == 0, "it can be done again"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (nbformat.v4.new_output("error", ename="KeyError", evalue="'a'\nmore", traceback=[]), "KeyError: 'a'"),
        (nbformat.v4.new_output("error", ename="AssertionError", evalue="", traceback=[]), "AssertionError"),
        (
            nbformat.v4.new_output("stream", name="stderr", text="careful\n"),
            "nbgrader gives no points for a test that writes to stderr: careful",
        ),
        (
            nbformat.v4.new_output("execute_result", data={"text/plain": "0.5"}),
            "it ends in 0.5, which nbgrader takes for its points",
        ),
    ],
)
def test_why_a_test_does_not_give_its_points(output, reason):
    printed = nbformat.v4.new_output("stream", name="stdout", text="fine")
    cell = nbformat.v4.new_code_cell(outputs=[printed, output])
    assert reason_of(cell) == reason


def test_what_students_would_be_reported_for_is_said():
    finding = Finding("limit", "one", "doubles", "a cell ran longer than 5 seconds")
    outcome = Solved(ASSIGNMENT, (), (), (), (finding,), 1.0, sandboxed=False)
    assert outcome.exit_code == 1
    assert "ran longer" in shown(outcome)
    assert "Students who solve it like this are reported" in shown(outcome)
    assert shown(outcome).count("WARNING") == 1
    assert "WARNING" not in shown(replace(outcome, sandboxed=True))


def test_it_is_executed_whenever_it_is_asked_for(small_class):
    jobs = []
    for _ in range(2):
        own(small_class, engine=listening(jobs))
    assert [job.student for job in jobs] == [NAME, NAME]


def test_tests_that_need_the_students_kernel_are_counted():
    outcome = Solved(ASSIGNMENT, (), (), (), (), 1.0, sandboxed=True, together=2)
    assert "In the student's kernel, tagged `together`: 2 tests." in shown(outcome)
    assert "together" not in shown(replace(outcome, together=None))
    lost = Finding("problem", "one", "doubles", "KeyError: 'A'")
    assert "is tagged `together`" in " ".join(shown(replace(outcome, together=0, lost=(lost,))).split())


# ---------------------------------------------------------------- The command


def test_the_command(small_class):
    code, out, err = small_class.run("--solution", jobs=())
    assert code == 0, err
    assert "executing the instructor's solution" in err
    assert "6 of the 6 points that tests give" in out
    assert not (small_class.folder / "grading_report.html").exists()
    edit(small_class, "source", "two", "four", "four = 4", "four = 5")
    code, out, err = small_class.run("--solution", jobs=())
    assert code == 1
    assert "two is_four: AssertionError: four should be 4" in out


@pytest.mark.parametrize("options", [("--force",), ("--student", "half"), ("--jobs", "2")])
def test_what_does_not_go_with_it(small_class, options):
    code, out, err = small_class.run("--solution", *options, jobs=())
    assert (code, out) == (2, "")
    assert "--solution goes with none of" in err
