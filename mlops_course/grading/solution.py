"""Grade the instructor's own solution, to see whether the tests give it all their points.

It is prepared, executed and scored as a submission is, by nbgrader's own preprocessors; nothing of it stays in the
gradebook.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.utils import is_locked

from mlops_course.errors import CourseError
from mlops_course.execution.engine import WorkerVanished, execute
from mlops_course.execution.job import Finding, Result, decode_result, encode
from mlops_course.grading import engines
from mlops_course.grading.convert import OneSubmission
from mlops_course.grading.course_directory import OnEvent, open_for_grading, rooms
from mlops_course.grading.errors import one_line
from mlops_course.grading.files import remove
from mlops_course.grading.gradebook import one_transaction, patiently, read_scores
from mlops_course.grading.interrupts import noted_interrupts
from mlops_course.grading.outcome import CellScore
from mlops_course.grading.submission import Course, Prepared, convert_executed, prepare

NAME = "the instructor's solution"
VALUE = " A test that ends in a value gives it as points: end it with a statement."
GENERATE = "nbgrader generate_assignment {} --force"
LOOK = 0.2  # seconds between looks at whether the user wants to stop


@dataclass(frozen=True)
class Solved:
    """What the instructor's solution gets.

    Attributes
    ----------
    assignment
        Name of the assignment.
    cells
        Every grade cell; points are None where a person gives them.
    failed
        Cells that are no tests and raise an error: a "problem", or a "note" if nbgrader does not know the cell, which
        may be meant to show an error.
    lost
        Tests that do not give all their points, or fail, each with the reason.
    findings
        What else was seen during the execution, notes left out.
    seconds
        Time of the execution.
    sandboxed
        Whether it ran in the sandbox.
    stale
        Notebooks that were saved in `source/` after they were generated.
    together
        Number of tests that run in the student's kernel; None if all do, because the course does not separate them.
    """

    assignment: str
    cells: tuple[CellScore, ...]
    failed: tuple[Finding, ...]
    lost: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    seconds: float
    sandboxed: bool
    stale: tuple[str, ...] = ()
    together: int | None = None

    @property
    def to_mend(self) -> list[Finding]:
        """Cells that are not as they should be."""
        return [finding for finding in (*self.failed, *self.lost) if finding.kind != "note"]

    @property
    def exit_code(self) -> int:
        """0 if it gets all points that tests give, nothing strange was seen and the tests are up to date, else 1."""
        return int(bool(self.to_mend or self.findings or self.stale))


# ---------------------------------------------------------------- As a submission


class OwnSolution(OneSubmission):
    """Converts the solution: it is in no folder of a submission, and nobody in the gradebook has its name."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.create_student = True

    def run_pre_convert_hook(self) -> None:
        """Do nothing: hooks repair what students hand in."""


def prepare_solution(course: Course) -> Prepared | None:
    """Make a job of the instructor's own solution.

    Parameters
    ----------
    course
        The course and the assignment.

    Returns
    -------
    Prepared or None
        None if no notebook of the assignment can be read, or nothing is executed in this course.

    Raises
    ------
    UngradableError
        If the configuration has a mistake. nbgrader raises errors of its own, too.
    """
    place = course.working / "solution"
    remove(place)
    place.mkdir()
    if not lay_out(course, place):
        return None
    prepared = prepare(course, NAME, place, OwnSolution)
    if not prepared.job.notebooks:
        return None
    return prepared


def notebooks_in(folder: Path) -> list[Path]:
    """List the notebooks in a folder, hidden ones left out, as nbgrader does."""
    return sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))


def lay_out(course: Course, place: Path) -> list[str]:
    """Lay the notebooks into a folder, as students got them, with the instructor's answers; return their names.

    Sanitising adds the tests as they are graded, and the files.
    """
    source, release = rooms(course.app, course.assignment)
    names = []
    for path in notebooks_in(release):
        try:
            notebook, own = (nbformat.read(one, as_version=4) for one in (path, source / path.name))
        except (OSError, ValueError, nbformat.reader.NotJSONError):
            continue
        answers = {
            cell.metadata.nbgrader.grade_id: cell.source
            for cell in own.cells
            if "nbgrader" in cell.metadata and not is_locked(cell)
        }
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answers.get(name, cell.source)
        nbformat.write(notebook, place / path.name)
        names.append(path.stem)
    return names


# ---------------------------------------------------------------- Execute and score


def grade_solution(
    assignment: str,
    folder: Path,
    *,
    sandbox: bool = True,
    engine: str | engines.Engine = "local",
    on_event: OnEvent = lambda kind, student, detail: None,
) -> Solved:
    """Execute the instructor's own solution as a submission is executed, and score it.

    Parameters
    ----------
    assignment
        Name of the assignment; it was generated before.
    folder
        The course directory.
    sandbox
        Whether to execute in the sandbox.
    engine
        Where the execution takes place: see `mlops_course.grading.engines`.
    on_event
        Is called with what is worth a line meanwhile: "message", "", text.

    Raises
    ------
    CourseError
        If it cannot be executed.
    """
    start = engines.find_engine(engine) if isinstance(engine, str) else engine
    beginning = open_for_grading(assignment, folder, sandbox=sandbox, on_event=on_event)
    with noted_interrupts() as look_for_stop, beginning as opened:
        course = opened.course

        def tell(text: str) -> None:
            on_event("message", "", text)

        stale = check_rooms(course)
        try:
            prepared = patiently(lambda: prepare_solution(course), tell)
        except Exception as problem:
            older = f"If the gradebook knows an older assignment: run `{GENERATE.format(assignment)}` first."
            raise CourseError(f"{assignment}: {NAME} cannot be prepared ({one_line(problem)}). {older}") from None
        if prepared is None:
            raise CourseError(f"{assignment}: by its nbgrader_config.py, nothing is executed in this course.")
        tell(f"executing {NAME} as a student's submission is executed")
        clock = time.monotonic()
        result = run_elsewhere(start, encode(prepared.job), look_for_stop)
        seconds = time.monotonic() - clock
        try:
            cells, failed, lost = patiently(lambda: score_solution(course, prepared, result), tell)
        except Exception as problem:
            place = f"{course.collector.notebook}: " if course.collector.notebook else ""
            advice = VALUE if "partial credit" in str(problem) else ""
            raise CourseError(f"{assignment}: {place}nbgrader cannot score it ({one_line(problem)}).{advice}") from None
    known = {(finding.notebook, finding.cell) for finding in (*failed, *lost)}
    findings = tuple(
        finding
        for finding in result.findings
        if finding.kind != "note" and (finding.notebook, finding.cell) not in known
    )
    together = sum(map(len, result.together.values())) if prepared.job.separate else None
    return Solved(assignment, cells, failed, lost, findings, seconds, sandbox, stale, together)


def check_rooms(course: Course) -> tuple[str, ...]:
    """Check that the assignment was generated; return the notebooks that were saved in `source/` since.

    Raises
    ------
    CourseError
        If it was not.
    """
    source, release = rooms(course.app, course.assignment)
    generate = GENERATE.format(course.assignment)
    if not source.is_dir():
        raise CourseError(f"{source}: there is no such folder, and so no solution.")
    for path in notebooks_in(release):
        if not (source / path.name).is_file():
            raise CourseError(f"{path.name}: students get it, but it is not in {source}. Run `{generate}` first.")
    stale = []
    for path in notebooks_in(source):
        released = release / path.name
        if not released.is_file():
            raise CourseError(f"{source.name}: {path.name} was not generated. Run `{generate}` first.")
        for one in (path, released):
            try:
                nbformat.read(one, as_version=4)
            except (OSError, ValueError, nbformat.reader.NotJSONError) as problem:
                raise CourseError(f"{one}: it cannot be read as a notebook ({one_line(problem)}).") from None
        if path.stat().st_mtime > released.stat().st_mtime:
            stale.append(path.name)
    return tuple(stale)


def run_elsewhere(start: engines.Engine, job: bytes, look_for_stop: Callable[[], None]) -> Result:
    """Have a job executed by a worker of its own.

    Raises
    ------
    CourseError
        If there is no sandbox, or no answer.
    """
    executor = start(1)
    try:
        future = executor.submit(execute, job)
        while not wait([future], timeout=LOOK).done:
            look_for_stop()
        answer = future.result()
    except CourseError:
        raise
    except (WorkerVanished, BrokenExecutor) as problem:
        raise CourseError(f"{NAME}: its worker ended without an answer ({one_line(problem)}). Try again.") from None
    except Exception as problem:
        kind = type(problem).__name__
        raise CourseError(f"{NAME}: its execution failed ({kind}: {one_line(problem)}).") from None
    finally:  # whoever stops it does not wait for what runs
        executor.shutdown(wait=False, cancel_futures=True)
    try:
        return decode_result(answer)
    except ValueError as problem:
        raise CourseError(f"{NAME}: the answer of its worker cannot be read ({one_line(problem)}).") from None


def score_solution(
    course: Course, prepared: Prepared, result: Result
) -> tuple[tuple[CellScore, ...], tuple[Finding, ...], tuple[Finding, ...]]:
    """Have nbgrader give the points, and find out why a cell fails or a test does not give all of them.

    Returns
    -------
    cells
        All that are graded.
    failed, lost
        See `Solved`.
    """
    place = course.working / "solved"
    course.collector.begin(NAME)
    with one_transaction(course.database, course.app.coursedir.db_url, keep=False) as connection:
        convert_executed(course, prepared, result, place, OwnSolution)
        cells = read_scores(connection, course.assignment, NAME)
    scores = {(score.notebook, score.cell): score for score in cells}
    # Why a cell was stopped says more than the error that stopped it.
    causes = {(one.notebook, one.cell): one.message for one in result.findings if one.kind in ("limit", "died")}
    failed, lost = [], []
    for path in notebooks_in(place):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            score = scores.get((path.stem, name))
            is_test = score is not None and not score.by_hand
            fails = any(output.output_type == "error" for output in cell.get("outputs", ()))
            less = is_test and (score.points is None or score.points < score.max_points)
            if fails or less:
                reason = causes.get((path.stem, name)) or reason_of(cell)
                if name:
                    found = Finding("problem", path.stem, name, reason)
                else:
                    found = Finding("note", path.stem, f"cell {number}", f"{reason} (fine if it is meant to show that)")
                (lost if is_test else failed).append(found)
    return cells, tuple(failed), tuple(lost)


def reason_of(cell: nbformat.NotebookNode) -> str:
    """Say why a test does not give all its points: nbgrader reads the first output that says something."""
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            return f"{output.ename}: {first_line(output.evalue)}" if output.evalue else output.ename
        if output.output_type == "stream" and output.name == "stderr":
            return f"nbgrader gives no points for a test that writes to stderr: {first_line(output.text)}"
        if output.output_type == "execute_result":
            text = output.data.get("text/plain", "a value")
            return f"it ends in {first_line(text)}, which nbgrader takes for its points"
    return "no reason can be seen in its outputs"


def first_line(text: str) -> str:
    """Return the first line of a text."""
    return (text.strip().splitlines() or [""])[0]
