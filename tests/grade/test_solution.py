"""The instructor's own solution: what it gets, why it loses points, and what the first run then need not do."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from rich.console import Console

from course.errors import CourseError
from course.execution.engine import WorkerVanished
from course.execution.job import Finding
from course.grade.command import grade
from course.grade.solution import NAME, Solved, grade_solution, print_solved, reason_of
from tests.assignment.course_copy import ASSIGNMENT
from tests.grade import stubs
from tests.grade.conftest import HONEST_POINTS, POINTS_OF_A_LIAR
from tests.grade.test_reference import Listening


def own(small_class, **options):
    """Grade the solution of the small class, without a kernel."""
    options = {"sandbox": False, "engine": stubs.quick} | options
    return grade_solution(ASSIGNMENT, small_class.folder, **options)


def edit(small_class, room, notebook, grade_id, old, new):
    """Change the text of a cell."""
    path = small_class.folder / room / ASSIGNMENT / f"{notebook}.ipynb"
    content = nbformat.read(path, as_version=4)
    cell = next(cell for cell in content.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    nbformat.write(content, path)


def state(small_class):
    """What must stay as it is: the gradebook, byte by byte, and the folders."""
    gradebook = hashlib.sha256((small_class.folder / "gradebook.db").read_bytes()).hexdigest()
    return gradebook, sorted(path.name for path in small_class.folder.iterdir() if path.name != ".course-grade")


def listening(jobs):
    """Make an engine that keeps the jobs it executes."""

    def keep(job):
        jobs.append(job)
        return stubs.in_this_process(job)

    return lambda count: stubs.Stub(count, keep)


def shown(outcome):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_solved(outcome, console)
    return console.export_text()


def test_it_gets_all_points_and_nothing_of_it_is_kept(small_class):
    before = state(small_class)
    outcome = own(small_class)
    assert {(cell.cell, cell.points, cell.max_points) for cell in outcome.cells} == {
        ("doubles", 3, 3), ("triples", 2, 2), ("is_four", 1, 1), ("why", None, 5), ("why_question", None, 0),
    }  # fmt: skip
    assert (outcome.lost, outcome.findings, outcome.exit_code) == ((), (), 0)
    assert state(small_class) == before
    assert "6 of the 6 points that tests give" in shown(outcome)
    assert "5 are given by hand" in shown(outcome)


def test_a_test_that_the_solution_fails_is_named_with_the_reason(small_class):
    edit(small_class, "source", "one", "double", "2 * number", "2 * number + (number > 9)")
    outcome = own(small_class)
    reason = "AssertionError: double(21) should be another number than 43"
    assert outcome.lost == (Finding("problem", "one", "doubles", reason),)
    assert [cell.points for cell in outcome.cells if cell.cell == "doubles"] == [0]
    assert outcome.exit_code == 1
    text = shown(outcome)
    assert "3 of the 6 points" in text
    assert "one doubles: AssertionError" in text
    assert "1 test to mend in source/ before students get it" in text


def test_a_test_that_was_changed_after_generating_is_named(small_class):
    edit(small_class, "source", "one", "triples", "triple(2) == 6", "triple(2) == 7")
    told = []
    outcome = own(small_class, on_event=lambda kind, student, detail: told.append(detail))
    assert [text for text in told if "triples is not as it was generated" in text]
    assert outcome.exit_code == 0, "what is graded is what was generated"
    edit(small_class, "source", "one", "triples", "triple(2) == 7", "triple(2) == 6")
    told.clear()
    own(small_class, on_event=lambda kind, student, detail: told.append(detail))
    assert not [text for text in told if "as it was generated" in text]


def test_a_notebook_that_was_not_generated_is_refused(small_class):
    (small_class.folder / "release" / ASSIGNMENT / "two.ipynb").unlink()
    with pytest.raises(CourseError, match=r"two: not generated.*nbgrader generate_assignment"):
        own(small_class)


def vanish(_job):
    raise WorkerVanished("its process ended")


def test_a_worker_that_vanishes_is_said_in_one_line(small_class):
    with pytest.raises(CourseError, match="its worker ended") as problem:
        own(small_class, engine=lambda jobs: stubs.Stub(jobs, vanish))
    assert "\n" not in str(problem.value)


def test_stopping_does_not_wait_for_the_execution(small_class):
    shut = []

    class Stopped(ThreadPoolExecutor):
        def submit(self, *_):
            raise KeyboardInterrupt

        def shutdown(self, **options):
            shut.append(options)

    with pytest.raises(KeyboardInterrupt):
        own(small_class, engine=Stopped)
    assert shut == [{"wait": False, "cancel_futures": True}]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (nbformat.v4.new_output("error", ename="KeyError", evalue="'a'\nmore", traceback=[]), "KeyError: 'a'"),
        (nbformat.v4.new_output("error", ename="AssertionError", evalue="", traceback=[]), "AssertionError"),
        (nbformat.v4.new_output("stream", name="stderr", text="careful\n"), "stderr: careful"),
        (nbformat.v4.new_output("execute_result", data={"text/plain": "0.5"}), "ends in 0.5"),
    ],
)
def test_why_a_test_does_not_give_its_points(output, reason):
    printed = nbformat.v4.new_output("stream", name="stdout", text="fine")
    cell = nbformat.v4.new_code_cell(outputs=[printed, output])
    assert reason in reason_of(cell)


def test_what_students_would_be_accused_of_is_said():
    finding = Finding("tampered", "one", "doubles", "the student's code had replaced json.loads")
    outcome = Solved(ASSIGNMENT, "", (), (), (finding,), 1.0, sandboxed=False)
    assert outcome.exit_code == 1
    assert "replaced json.loads" in shown(outcome)
    assert "Students who solve it like this are reported" in shown(outcome)
    assert "WARNING" in shown(outcome)


# ---------------------------------------------------------------- The first run afterwards


def test_the_first_run_need_not_execute_it_again(class_of_two):
    course, sent = class_of_two, []
    outcome = grade_solution(ASSIGNMENT, course.folder)
    assert [cell.points for cell in outcome.cells] == [2, 1]
    assert outcome.exit_code == 0
    grade(ASSIGNMENT, course.folder, jobs=1, engine=lambda jobs: Listening(jobs, sent))
    assert [(job.student, job.reread["one"]) for job in sent] == [("honest", ["exists"]), ("liar", ["exists"])]
    assert (course.points("honest"), course.points("liar")) == (HONEST_POINTS, POINTS_OF_A_LIAR)


def test_after_a_change_the_first_run_executes_it(class_of_two):
    course, sent = class_of_two, []
    grade_solution(ASSIGNMENT, course.folder)
    edit(course, "source", "one", "answer", "sys.remembered = 1", "sys.remembered = 2")
    grade(ASSIGNMENT, course.folder, jobs=1, engine=lambda jobs: Listening(jobs, sent))
    assert [job.student for job in sent] == [NAME, "honest", "liar"]


def test_it_is_executed_whenever_it_is_asked_for(small_class):
    jobs = []
    for _ in range(2):
        own(small_class, engine=listening(jobs))
    assert [job.student for job in jobs] == [NAME, NAME]


# ---------------------------------------------------------------- The command


def test_the_command(small_class):
    code, out, err = small_class.run("--solution", jobs=())
    assert code == 0, err
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


def test_what_is_sent_has_the_hidden_tests(small_class):
    jobs = []
    own(small_class, engine=listening(jobs))
    (job,) = jobs
    assert "double(21) == hidden_limit" in job.notebooks["one"]
    assert "return 2 * number" in job.notebooks["one"]
    assert job.files["data.csv"] == b"a,b\n1,2\n"
