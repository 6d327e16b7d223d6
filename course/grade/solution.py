"""Grade the instructor's own solution, to see whether the tests give it all their points.

Nothing of it goes into the gradebook. What it shows about the tests is written down, and the first run over a class
need not execute it again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.utils import determine_grade, is_grade, is_locked, is_solution, is_task
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from course.errors import CourseError
from course.execution.engine import execute, gives_evidence
from course.execution.job import Finding, Job, Limits, Result, decode_result, encode
from course.grade import engines
from course.grade.begin import Begun, OnEvent, begun
from course.grade.convert import OneSubmission, execution_limits, execution_settings, fail_what_did_not_run
from course.grade.files import read_folder, regular_files
from course.grade.gradebook import patiently
from course.grade.journal import Journal, fingerprint
from course.grade.outcome import CellScore
from course.grade.reference import failed_cells, graded_sources, remember, repeatable
from course.grade.submission import Course
from course.grade.trouble import explain
from course.grade.wording import NO_SANDBOX, describe, duration, encodable, plural, points, printable

NAME = "the instructor's solution"


@dataclass(frozen=True)
class Solved:
    """What the instructor's solution gets.

    Attributes
    ----------
    assignment, course
        Name of the assignment; path of the course directory.
    cells
        Every grade cell; points are None where a person gives them.
    lost
        Grade cells that do not give all their points, each with the reason.
    findings
        What was seen during the execution, notes left out.
    seconds
        Time of the execution.
    sandboxed
        Whether it ran in the sandbox.
    """

    assignment: str
    course: str
    cells: tuple[CellScore, ...]
    lost: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    seconds: float
    sandboxed: bool

    @property
    def exit_code(self) -> int:
        """0 if it gets all points that tests give and nothing strange was seen, else 1."""
        return int(bool(self.lost or self.findings))


def memory_of(journal: Journal) -> Path:
    """Return where it is written down what the solution has shown."""
    return journal.folder / "repeatable.json"


def solution_job(course: Course) -> Job:
    """Make a job of the instructor's own solution, with all tests that may be repeated.

    Parameters
    ----------
    course
        The course and the assignment.

    Raises
    ------
    UngradableError
        If the configuration has a mistake. nbgrader raises errors of its own, too.
    """
    directory, name = course.app.coursedir, course.assignment
    source, release = (
        Path(directory.format_path(step, ".", name))
        for step in (directory.source_directory, directory.release_directory)
    )

    def read() -> dict[str, dict[str, str]]:
        with course.database.connect() as connection:
            return graded_sources(connection, name)

    graded = patiently(read, lambda message: None)
    notebooks, candidates = {}, {}
    for path in sorted(release.glob("*.ipynb")):
        try:
            notebook = solved(path, source / path.name, graded.get(path.stem, {}))
        except (OSError, ValueError, nbformat.reader.NotJSONError):
            continue
        notebooks[path.stem] = nbformat.writes(notebook)
        candidates[path.stem] = repeatable(notebook)
    names, _ = regular_files(source, [*directory.ignore, "*.ipynb"])
    files, executable = read_folder(source, set())
    kept = {path.as_posix() for path in names}
    converter = OneSubmission(course.app, NAME, course.working / "solution", course.collector)
    execution = converter.find_execute()
    return Job(
        NAME,
        name,
        notebooks,
        {path: content for path, content in files.items() if path in kept},
        tuple(path for path in executable if path in kept),
        execution_settings(execution) if execution else {},
        {notebook: course.expected.get(notebook, []) for notebook in notebooks},
        course.preload,
        limits=execution_limits(execution) if execution else Limits(),
        evidence=getattr(execution, "evidence", True) and gives_evidence(sandboxed=course.sandbox),
        sandbox=course.sandbox,
        trusted={notebook: course.trusted.get(notebook, {}) for notebook in notebooks},
        reread=candidates,
    )


def solved(released: Path, own: Path, graded: dict[str, str]) -> nbformat.NotebookNode:
    """Read a notebook as students got it, with the instructor's answers and the tests as they are graded.

    Parameters
    ----------
    released, own
        The notebook in `release/` and in `source/`.
    graded
        Id of a locked cell → its text, with hidden tests.
    """
    notebook, answers = (nbformat.read(path, as_version=4) for path in (released, own))
    solutions = {cell.metadata.nbgrader.grade_id: cell.source for cell in answers.cells if "nbgrader" in cell.metadata}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code" and name:
            cell.source = graded.get(name, solutions.get(name, cell.source))
    return notebook


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
        Where the execution takes place: see `course.grade.engines`.
    on_event
        Is called with what is worth a line meanwhile: "message", "", text.

    Raises
    ------
    CourseError
        If it cannot be executed.
    """
    start = engines.find_engine(engine) if isinstance(engine, str) else engine
    with begun(assignment, folder, sandbox=sandbox, on_event=on_event) as opened:
        job = prepare_solution(opened, on_event)
        clock = time.monotonic()
        result = run_elsewhere(start, job)
        seconds = time.monotonic() - clock
        if job.evidence:
            version = fingerprint(job)
            remember(memory_of(opened.journal), version, result.agreed, failed_cells(result))
        cells, lost = score_cells(result)
        return Solved(
            assignment,
            opened.course.app.coursedir.root,
            cells,
            lost,
            tuple(finding for finding in result.findings if finding.kind != "note"),
            seconds,
            sandbox,
        )


def prepare_solution(opened: Begun, on_event: OnEvent) -> Job:
    """Make the job, and say what about the assignment is not ready for it.

    Raises
    ------
    CourseError
        If there is nothing to execute.
    """
    course = opened.course
    generate = f"nbgrader generate_assignment {course.assignment} --force"
    source = Path(course.app.coursedir.format_path(course.app.coursedir.source_directory, ".", course.assignment))
    try:
        job = solution_job(course)
    except Exception as problem:
        raise CourseError(f"{course.assignment}: {explain(problem, [])}.") from None
    missing = sorted({path.stem for path in source.glob("*.ipynb")} - job.notebooks.keys())
    if missing or not job.notebooks:
        names = ", ".join(missing) or "no notebook"
        raise CourseError(f"{source}: {names}: not generated, or not readable. Run `{generate}` first.")
    for notebook, cell in changed_since(source, job):
        on_event(
            "message", "", f"{notebook}: {cell} is not as it was generated; if you have changed it, run `{generate}`"
        )
    return job


def changed_since(source: Path, job: Job) -> Iterator[tuple[str, str]]:
    """Yield notebook and id of the locked cells whose text in `source/` is not the one that is graded."""
    for name, content in job.notebooks.items():
        graded = {
            cell.metadata.nbgrader.grade_id: cell.source
            for cell in nbformat.reads(content, as_version=4).cells
            if is_locked(cell) and not is_solution(cell) and cell.cell_type == "code"
        }
        for cell in nbformat.read(source / f"{name}.ipynb", as_version=4).cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if grade_id in graded and cell.source.strip() != graded[grade_id].strip():
                yield name, grade_id


def run_elsewhere(start: engines.Engine, job: Job) -> Result:
    """Have a job executed by a worker of its own.

    Raises
    ------
    CourseError
        If there is no sandbox, or no answer.
    """
    executor = start(1)
    try:
        result = decode_result(executor.submit(execute, encode(job)).result())
    except CourseError:
        executor.shutdown()
        raise
    except Exception as problem:
        executor.shutdown()
        raise CourseError(f"{NAME}: {explain(problem, [])}.") from None
    except BaseException:  # stopped by the user: what runs is not waited for
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
    return result


def score_cells(result: Result) -> tuple[tuple[CellScore, ...], tuple[Finding, ...]]:
    """Give the points of each grade cell, and the reason where a test does not give all of them."""
    scores, lost = [], []
    for name, content in result.notebooks.items():
        notebook = nbformat.reads(content, as_version=4)
        fail_what_did_not_run(notebook)
        for cell in notebook.cells:
            if not (is_grade(cell) or is_task(cell)):
                continue
            grade_id = cell.metadata.nbgrader.grade_id
            if cell.cell_type != "code" or is_solution(cell) or is_task(cell):
                scores.append(CellScore(name, grade_id, None, float(cell.metadata.nbgrader.points), by_hand=True))
                continue
            given, most = determine_grade(cell)
            scores.append(CellScore(name, grade_id, given, most))
            if given is None or given < most:
                lost.append(Finding("problem", name, grade_id, reason_of(cell)))
    return tuple(scores), tuple(lost)


def reason_of(cell: nbformat.NotebookNode) -> str:
    """Say why a test does not give all its points: nbgrader reads the first output that says something."""
    for output in cell.outputs:
        if output.output_type == "error":
            return f"{output.ename}: {first_line(output.evalue)}" if output.evalue else output.ename
        if output.output_type == "stream" and output.name == "stderr":
            return f"nbgrader gives no points for a test that writes to stderr: {first_line(output.text)}"
        if output.output_type == "execute_result":
            text = output.data.get("text/plain", "a value")
            return f"it ends in {first_line(text)}, which nbgrader takes for its points"
    return "no reason can be seen"


def first_line(text: str) -> str:
    """Return the first line of a text."""
    return (text.strip().splitlines() or [""])[0]


# ---------------------------------------------------------------- For people


def print_solved(outcome: Solved, console: Console) -> None:
    """Print what the solution gets in each notebook, what it loses and why, and one sentence at the end."""

    def show(text: str, style: str = "") -> Text:
        return Text(encodable(printable(text), console.encoding), style=style)

    table = Table(title=f"{outcome.assignment}: {NAME}", title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    table.add_column("notebook", overflow="fold")
    for title in ("tests give", "of", "by hand"):
        table.add_column(title, justify="right", no_wrap=True)
    for name in dict.fromkeys(cell.notebook for cell in outcome.cells):
        table.add_row(show(name), *map(points, sums([cell for cell in outcome.cells if cell.notebook == name])))
    console.print(table)
    console.print()
    for finding in (*outcome.lost, *outcome.findings):
        console.print(show(describe(finding)), soft_wrap=True)
    if outcome.exit_code:
        console.print()
    if not outcome.sandboxed:
        console.print(show(f"WARNING: {NO_SANDBOX}", "bold yellow"))
    console.print(show(sentence(outcome), "bold"), soft_wrap=True)


def sums(cells: list[CellScore]) -> tuple[float, float, float]:
    """Sum what tests give, what they could give, and what a person gives."""
    tests = [cell for cell in cells if not cell.by_hand]
    return (
        sum(cell.points or 0.0 for cell in tests),
        sum(cell.max_points for cell in tests),
        sum(cell.max_points for cell in cells if cell.by_hand),
    )


def sentence(outcome: Solved) -> str:
    """Say in one sentence how it went, and what to do."""
    given, most, by_hand = sums(list(outcome.cells))
    rest = f"; {points(by_hand)} are given by hand" if by_hand else ""
    text = f"{points(given)} of the {points(most)} points that tests give, in {duration(outcome.seconds)}{rest}."
    if outcome.lost:
        tests = plural(len(outcome.lost), "test")
        again = f"nbgrader generate_assignment {outcome.assignment} --force"
        return f"{text} {tests} to mend in source/ before students get it; then `{again}`."
    if outcome.findings:
        return f"{text} Students who solve it like this are reported in the same way: change the solution or the test."
    return text
