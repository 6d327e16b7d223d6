"""Which tests are repeated where the student's code has never been, and what that finds."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import nbformat
import pytest

from course.execution.engine import WorkerVanished, execute
from course.execution.job import Job, Result, decode_job, decode_result, encode
from course.grade.begin import STATE
from course.grade.command import grade
from course.grade.reference import judge, remember, remembered, to_repeat
from course.grade.solution import NAME as SOLUTION
from course.grade.wording import headline, warnings
from tests.assignment.course_copy import ASSIGNMENT
from tests.grade.conftest import HONEST_POINTS, POINTS_OF_A_LIAR, TEST

SLOW_TEST = TEST.replace("assert", "import time; time.sleep(0.01)\nassert")


def notebook(answer, **tests):
    """Make a notebook of an answer and tests, by their ids."""
    cells = [nbformat.v4.new_code_cell(answer)]
    for name, source in tests.items():
        cell = nbformat.v4.new_code_cell(source)
        known = {"grade": True, "locked": True, "solution": False, "task": False, "schema_version": 3}
        cell.metadata["nbgrader"] = {**known, "grade_id": name, "points": 1}
        cells.append(cell)
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def run(answer, reread, *, evidence=False, drawn=(), known=None, **tests):
    """Execute it and judge; give the cells that agreed, the findings' kinds, and the cells with an error."""
    job = Job(
        "ana",
        "birds",
        {"one": notebook(answer, **tests)},
        evidence=evidence,
        reread={"one": reread},
        drawn={"one": list(drawn)},
    )
    result = judge(decode_result(execute(encode(job))), {"one": reread if known is None else known})
    failed = [
        cell.metadata.nbgrader.grade_id
        for cell in nbformat.reads(result.notebooks["one"], as_version=4).cells
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    return set(result.agreed["one"]), [finding.kind for finding in result.findings], failed


def test_slow_tests_are_drawn_from_and_the_others_are_all_repeated():
    reread, drawn = to_repeat({"one": {"quick": 0.01, "slow": 0.4, "slower": 2.0}, "two": {}})
    assert reread == {"one": ["quick", "slow", "slower"], "two": []}
    assert drawn == {"one": ["slow", "slower"], "two": []}


def test_what_holds_on_the_files_agrees():
    assert run("open('answer.txt', 'w').write('4')", ["exists"], exists=TEST) == ({"exists"}, [], [])


def test_what_holds_only_in_the_students_process_gets_no_points():
    lie = "import os\nos.path.exists = lambda path: True"
    assert run(lie, ["exists"], exists=TEST) == (set(), ["tampered"], ["exists"])
    assert run(lie, [], exists=TEST) == (set(), [], []), "without a second reading it is believed"


def test_a_test_that_does_not_hold_for_the_instructors_solution_either_accuses_nobody():
    memory = "import sys\n\nassert sys.remembered"
    answer = "import sys; sys.remembered = 1"
    assert run(answer, ["memory"], known=[], memory=memory) == (set(), [], [])
    assert run(answer, ["memory"], known=["memory"], memory=memory) == (set(), ["tampered"], ["memory"])


def test_one_of_the_slow_tests_is_repeated():
    tests = {"first": SLOW_TEST, "second": SLOW_TEST, "quick": TEST}
    agreed, _, _ = run("open('answer.txt', 'w').write('4')", list(tests), drawn=["first", "second"], **tests)
    assert "quick" in agreed
    assert len(agreed & {"first", "second"}) == 1


def test_it_is_known_of_one_version(tmp_path):
    file = tmp_path / "state" / "repeatable.json"
    remember(file, "version 1", {"one": {"exists": 0.1}}, ["one: wrong"])
    assert remembered(file, "version 1") == ({"one": {"exists": 0.1}}, ["one: wrong"])
    assert remembered(file, "version 2") is None


@pytest.mark.parametrize("content", [None, "", "[]", '{"version": "version 1"}'])
def test_nothing_is_known_from_a_damaged_file(tmp_path, content):
    file = tmp_path / "repeatable.json"
    if content is not None:
        file.write_text(content)
    assert remembered(file, "version 1") is None


def executed(course):
    """List the results that wait to be scored."""
    folder = course.folder / STATE / ASSIGNMENT / "executed"
    return list(folder.iterdir()) if folder.exists() else []


class Listening(ThreadPoolExecutor):
    """Notes what is sent, and executes it."""

    def __init__(self, jobs, sent):
        super().__init__(jobs)
        self.sent = sent

    def submit(self, function, /, job):
        self.sent.append(decode_job(job))
        return super().submit(function, job)


def test_the_class_is_graded_with_what_the_solution_has_shown(class_of_two):
    course, sent = class_of_two, []
    outcome = grade(ASSIGNMENT, course.folder, jobs=1, engine=lambda jobs: Listening(jobs, sent))
    assert (warnings(outcome), outcome.not_repeated) == ([], "")
    assert [job.student for job in sent] == [SOLUTION, "honest", "liar"], "the solution first, once"
    assert [job.reread["one"] for job in sent] == [["exists", "memory"], ["exists"], ["exists"]]
    assert course.points("honest") == HONEST_POINTS
    assert course.points("liar") == POINTS_OF_A_LIAR
    assert [one.student for one in outcome.outcomes if one.status == "failed"] == []
    sent.clear()
    grade(ASSIGNMENT, course.folder, jobs=1, engine=lambda jobs: Listening(jobs, sent), force=True)
    assert [job.student for job in sent] == ["honest", "liar"], "what is known is not asked again"


class BesideTheSolution(Listening):
    """Says at once what an execution would find; the solution's ends when two submissions' results are kept."""

    def __init__(self, sent, course, problem=None):
        super().__init__(3, sent)
        self.course, self.problem = course, problem

    def submit(self, _, /, job):
        return super().submit(self.answer, job)

    def answer(self, data):
        job = decode_job(data)
        if job.student == SOLUTION:
            deadline = time.monotonic() + 60
            while len(executed(self.course)) < 2:
                assert time.monotonic() < deadline, "the submissions were not executed beside the solution"
                time.sleep(0.01)
            if self.problem:
                raise self.problem
        notebook = nbformat.reads(job.notebooks["one"], as_version=4)
        for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
            cell.execution_count = count
        holds = {"exists": 0.01} if job.student != "liar" else {}
        refuted = [cell for cell in job.reread["one"] if cell not in holds]
        return encode(Result({"one": nbformat.writes(notebook)}, agreed={"one": holds}, refuted={"one": refuted}))


def test_what_is_executed_beside_the_solution_is_judged_when_it_has_shown_what_counts(class_of_two):
    course, sent = class_of_two, []
    grade(ASSIGNMENT, course.folder, jobs=3, engine=lambda _: BesideTheSolution(sent, course))
    assert [job.student for job in sent] == [SOLUTION, "honest", "liar"]
    assert [job.reread["one"] for job in sent] == [["exists", "memory"]] * 3
    assert course.points("honest") == HONEST_POINTS
    assert course.points("liar") == POINTS_OF_A_LIAR
    assert executed(course) == []


def check_that_it_is_said(outcome):
    """Weaker evidence than wanted is a reason to look."""
    (warning,) = warnings(outcome)
    assert f"No test was repeated in a process of its own: {outcome.not_repeated}. Mend it" in warning
    assert headline(outcome) == "2 submissions graded with less evidence than wanted, see the warning"
    assert headline(replace(outcome, not_repeated="")) == "2 submissions graded, none needs a look"
    assert (outcome.exit_code, replace(outcome, not_repeated="").exit_code) == (1, 0)


def test_a_solution_whose_worker_vanishes_stops_nobody(class_of_two):
    course, sent = class_of_two, []
    engine = BesideTheSolution(sent, course, WorkerVanished("its process ended"))
    outcome = grade(ASSIGNMENT, course.folder, jobs=3, engine=lambda _: engine)
    assert course.points("honest") == HONEST_POINTS
    assert course.points("liar") == HONEST_POINTS, "nothing is known of what the second reading found"
    assert executed(course) == []
    assert outcome.not_repeated == "the instructor's solution could not be executed (its process ended)"
    check_that_it_is_said(outcome)


def test_a_solution_that_cannot_be_prepared_stops_nobody_and_the_report_says_so(class_of_two, monkeypatch):
    def fail(*_):
        raise ValueError("the reason\nand more")

    monkeypatch.setattr("course.grade.solution.lay_out", fail)
    course, sent = class_of_two, []
    outcome = grade(ASSIGNMENT, course.folder, jobs=1, engine=lambda jobs: Listening(jobs, sent))
    assert [job.student for job in sent] == ["honest", "liar"]
    assert outcome.not_repeated == "the instructor's solution could not be prepared (the reason)"
    check_that_it_is_said(outcome)


def test_what_was_executed_beside_a_solution_that_was_stopped_is_not_lost(class_of_two):
    course, sent = class_of_two, []
    with pytest.raises(MemoryError):
        grade(ASSIGNMENT, course.folder, jobs=3, engine=lambda _: BesideTheSolution(sent, course, MemoryError()))
    assert len(executed(course)) == 2
    sent.clear()
    grade(ASSIGNMENT, course.folder, jobs=3, engine=lambda _: BesideTheSolution(sent, course))
    assert [job.student for job in sent] == [SOLUTION], "both were executed before"
    assert (course.points("honest"), course.points("liar")) == (HONEST_POINTS, POINTS_OF_A_LIAR)
    assert executed(course) == []


def test_what_was_executed_early_is_found_when_more_is_known(class_of_two, monkeypatch):
    """Stopped between the solution's result and the first score."""
    course, sent = class_of_two, []

    def stop(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("course.grade.command.Run.know", stop)
        with pytest.raises(MemoryError):
            grade(ASSIGNMENT, course.folder, jobs=3, engine=lambda _: BesideTheSolution(sent, course))
    assert (course.folder / STATE / ASSIGNMENT / "repeatable.json").exists()
    sent.clear()
    grade(ASSIGNMENT, course.folder, jobs=3, engine=lambda _: BesideTheSolution(sent, course))
    assert sent == []
    assert (course.points("honest"), course.points("liar")) == (HONEST_POINTS, POINTS_OF_A_LIAR)
    assert executed(course) == []
