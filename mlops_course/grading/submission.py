"""One submission on its way: into a job, and from the result of its execution into the gradebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps import AutogradeApp
from nbgrader.utils import parse_utc
from sqlalchemy import Engine

from mlops_course.execution.engine import has_own_kernels
from mlops_course.execution.job import Finding, Job, Limits, Result, decode_result
from mlops_course.grading.convert import (
    Capture,
    HandOver,
    OneSubmission,
    execution_limits,
    execution_settings,
    find_notebooks,
)
from mlops_course.grading.decisions import Decisions, digest_of, settle, weigh
from mlops_course.grading.errors import AGAIN, UngradableError
from mlops_course.grading.files import (
    is_regular,
    put_in_place,
    read_folder,
    read_notebooks,
    remove,
    state_of,
    write_to_disk,
)
from mlops_course.grading.gradebook import one_transaction, read_scores
from mlops_course.grading.hand_in import read_notebook
from mlops_course.grading.journal import fingerprint
from mlops_course.grading.log import Collector
from mlops_course.grading.look_list import notes_on
from mlops_course.grading.outcome import Outcome
from mlops_course.grading.source import locked_text

MOST_NOTEBOOK_BYTES = 50_000_000
MOST_CELLS = 5_000


@dataclass
class Course:
    """What all submissions of an assignment have in common.

    Attributes
    ----------
    app
        nbgrader's application, configured.
    assignment
        Name of the assignment.
    database
        Connects to the gradebook.
    collector
        Hears what nbgrader says.
    working
        Folder for what is not finished.
    preload
        From the instructor's notebooks: see `mlops_course.execution.job.Job`.
    released
        Notebook → id of a locked cell → its text in the version for students.
    sandbox
        Whether to execute in the sandbox.
    trusted
        From the instructor's notebooks, too: see `mlops_course.execution.job.Job`.
    order
        Notebook → ids of its cells, as students got them.
    names, declared, given, locked, tags
        From the instructor's notebooks, too: see `mlops_course.execution.job.Job`.
    """

    app: AutogradeApp
    assignment: str
    database: Engine
    collector: Collector
    working: Path
    preload: tuple[str, ...]
    released: dict[str, dict[str, str]]
    sandbox: bool
    trusted: dict[str, dict[str, str]] = field(default_factory=dict)
    order: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    declared: dict[str, list[str]] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    locked: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: dict[str, dict[str, list[str]]] = field(default_factory=dict)


@dataclass
class Prepared:
    """A submission that can be executed.

    Attributes
    ----------
    student, folder
        Whose it is, and where.
    paths
        Its notebooks.
    job, fingerprint
        What is to be executed, and its name.
    findings
        What was seen so far.
    state
        What its files were: see `state_of`.
    tried
        Whether its execution has failed once.
    """

    student: str
    folder: Path
    paths: list[str]
    job: Job
    fingerprint: str
    findings: list[Finding] = field(default_factory=list)
    state: dict[str, tuple[int, int]] = field(default_factory=dict)
    tried: bool = False


def is_as_it_was(course: Course, prepared: Prepared) -> bool:
    """Tell whether nothing has come into a submission's folder, left it or changed since it was prepared."""
    return state_of(prepared.folder, course.app.coursedir.ignore) == prepared.state


def bytes_of(prepared: Prepared) -> int:
    """Return about how much memory a prepared submission takes."""
    job = prepared.job
    return sum(map(len, job.notebooks.values())) + sum(map(len, job.files.values()))


def final_folder(course: Course, student: str) -> Path:
    """Return where nbgrader keeps the graded submission; what is there counts as graded."""
    directory = course.app.coursedir
    return Path(directory.format_path(directory.autograded_directory, student, course.assignment))


def read_time(folder: Path) -> object:
    """Read when something was handed in; None if that is not known."""
    path = folder / "timestamp.txt"
    if not is_regular(path):
        return None
    with suppress(OSError, ValueError, OverflowError):
        return parse_utc(path.read_text(encoding="utf-8").strip() or None)
    return None


def is_graded(course: Course, student: str, folder: Path) -> bool:
    """Tell whether a submission is graded and no newer one came in: nbgrader's rule."""
    final = final_folder(course, student)
    if not final.exists():
        return False
    new, old = read_time(folder), read_time(final)
    return new is None or old is None or new <= old


def check_time(folder: Path) -> None:
    """Refuse a timestamp that nbgrader would stumble over.

    Raises
    ------
    UngradableError
        If it is no point in time.
    """
    path = folder / "timestamp.txt"
    if not path.exists() and not path.is_symlink():
        return
    with suppress(OSError, UnicodeError):
        if is_regular(path) and (read_time(folder) or not path.read_text(encoding="utf-8").strip()):
            return
    raise UngradableError("its timestamp.txt does not hold a date and time", f"correct or remove it, {AGAIN}")


def check_size(path: Path) -> None:
    """Refuse a notebook that would keep the whole class waiting.

    Raises
    ------
    UngradableError
        If it has too many bytes or cells.
    """
    size = path.stat().st_size
    if size > MOST_NOTEBOOK_BYTES:
        raise UngradableError(
            f"{path.name} has {size / 1e6:.0f} MB, more than {MOST_NOTEBOOK_BYTES / 1e6:.0f} MB are not read",
            "ask for it again, saved after Edit, Clear Outputs of All Cells",
        )
    with suppress(ValueError, KeyError, TypeError):  # whoever reads it next says what is wrong
        try:
            cells = len(json.loads(path.read_bytes())["cells"])
        except RecursionError:
            raise UngradableError(f"{path.name} is nested too deeply to be read", "ask for it again") from None
        if cells > MOST_CELLS:
            raise UngradableError(
                f"{path.name} has {cells} cells, more than {MOST_CELLS} are not read", "ask for it again"
            )


def edited_cells(path: Path, released: dict[str, dict[str, str]]) -> list[str]:
    """List the locked cells that a student has changed.

    nbgrader's own message comes for every cell with hidden tests, too.
    """
    given = released.get(path.stem, {})
    with suppress(ValueError, KeyError, AttributeError, TypeError):
        found = locked_text(read_notebook(path).cells)
        return sorted(name for name in found.keys() & given.keys() if found[name].strip() != given[name].strip())
    return []


def converter_for(course: Course, student: str, folder: Path, place: Path, kind: type[OneSubmission]) -> OneSubmission:
    """Make the converter of a submission into an empty place; hooks are told whose it is."""
    remove(place)
    course.app.coursedir.student_id = student
    converter = kind(course.app, student, folder, place, course.collector)
    converter.order = course.order
    return converter


def prepare(course: Course, student: str, folder: Path, kind: type[OneSubmission] = OneSubmission) -> Prepared:
    """Sanitise a submission and make a job of it. The gradebook stays as it is.

    Parameters
    ----------
    course
        What all submissions have in common.
    student, folder
        Whose it is, and where.
    kind
        What converts it.

    Raises
    ------
    UngradableError
        If it cannot be graded. nbgrader raises errors of its own, too.
    """
    course.collector.begin(student)
    check_time(folder)
    paths, notes = find_notebooks(folder)
    for note in notes:
        course.collector.add("note", note)
    if not paths:
        raise UngradableError(f"there is no notebook in {folder.name}/", "ask for it, or remove the folder")
    for path in paths:
        check_size(Path(path))
    place = course.working / "sanitised"
    converter = converter_for(course, student, folder, place, kind)
    converter.notebooks = paths
    converter.run_pre_convert_hook()
    state = state_of(folder, course.app.coursedir.ignore)
    capture = Capture()
    with one_transaction(course.database, course.app.coursedir.db_url, keep=False):
        converter.convert(list(converter.notebooks), capture, stops=True)
    for path in map(Path, converter.notebooks):
        for cell in edited_cells(path, course.released):
            course.collector.add("note", "this locked cell was changed; it was put back", notebook=path.stem, cell=cell)
    for name, text in capture.notebooks.items():
        for cell, message in notes_on(nbformat.reads(text, as_version=4), course.locked.get(name, {})):
            course.collector.add("note", message, notebook=name, cell=cell)
    files, executable = read_folder(place, {Path(path).name for path in converter.notebooks})
    files |= read_notebooks(map(Path, find_notebooks(folder)[0]))  # the hook may have renamed some
    remove(place)
    job = Job(
        student,
        course.assignment,
        capture.notebooks,
        files,
        executable,
        execution_settings(converter.execute) if converter.execute else {},
        course.preload,
        limits=execution_limits(converter.execute) if converter.execute else Limits(),
        sandbox=course.sandbox,
        trusted={name: course.trusted.get(name, {}) for name in capture.notebooks},
        separate=getattr(converter.execute, "separate_tests", False) and has_own_kernels(sandboxed=course.sandbox),
        names={name: course.names.get(name, []) for name in capture.notebooks},
        declared={name: course.declared.get(name, []) for name in capture.notebooks},
        given=tuple(path for path in course.given if path in files),
        locked={name: course.locked.get(name, {}) for name in capture.notebooks},
        tags={name: course.tags.get(name, {}) for name in capture.notebooks},
    )
    return Prepared(student, folder, converter.notebooks, job, fingerprint(job), list(course.collector.findings), state)


def score(course: Course, prepared: Prepared, result: bytes | None, note: Callable[[Outcome, Path], None]) -> Outcome:
    """Score an executed submission: everything or nothing.

    Parameters
    ----------
    course
        What all submissions have in common.
    prepared
        The submission.
    result
        What came of its execution; None if the course does not execute anything.
    note
        Is called with the outcome and the finished folder before that gets to its place.
    """
    student, collector = prepared.student, course.collector
    collector.begin(student)
    collector.findings = list(prepared.findings)
    if not is_as_it_was(course, prepared):
        raise UngradableError("it was changed while it was graded", AGAIN)
    try:
        executed = decode_result(result) if result is not None else None
    except ValueError as problem:
        raise UngradableError(f"the answer of its worker cannot be read ({problem})", AGAIN) from None
    findings = executed.findings if executed else ()
    seconds = executed.seconds if executed else {}
    place = course.working / "graded"
    final = final_folder(course, student)
    final.parent.parent.mkdir(parents=True, exist_ok=True)
    with one_transaction(course.database, course.app.coursedir.db_url, keep=True) as connection:
        converter = convert_executed(course, prepared, executed, place)
        converter.set_permissions(course.assignment, student)
        write_to_disk(place)
        findings += tuple(finding for finding in collector.findings if finding not in findings)
        findings, touched, void = apply_decisions(course, prepared, findings, place)
        outcome = Outcome(
            student,
            "graded",
            read_scores(connection, course.assignment, student),
            findings,
            seconds=sum(seconds.values()),
            notebook_seconds=dict(seconds),
            peak_bytes=executed.peak_bytes if executed else 0,
            touched=touched,
        )
        note(outcome, place)
    if void:
        decisions_of(course).change(drop=[(student, cell) for cell in void])
    put_in_place(place, final)
    converter.run_post_convert_hook()
    return outcome


def decisions_of(course: Course) -> Decisions:
    """Return what was decided about the assignment."""
    return Decisions(course.working.parent)


def apply_decisions(
    course: Course, prepared: Prepared, findings: tuple[Finding, ...], place: Path
) -> tuple[tuple[Finding, ...], dict[str, list[str]], set[str]]:
    """Apply a person's decisions to a submission that was just graded: see `weigh` and `settle`."""
    decided = decisions_of(course).of(prepared.student)
    if not decided and all(finding.kind == "note" for finding in findings):
        return findings, {}, set()
    graded = {path.stem: nbformat.read(path, as_version=4).cells for path in place.glob("*.ipynb")}
    directory = course.app.coursedir
    with Gradebook(directory.db_url) as gradebook:
        submission = gradebook.find_submission(course.assignment, prepared.student)
        unread: dict[str, list[str]] = {}
        for notebook in submission.notebooks:
            if notebook.name not in graded:
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = 0, bool(grade.max_score)
                unread[notebook.name] = [grade.name for grade in notebook.grades if grade.max_score]
        findings, touched = weigh(findings, graded, unread)
        digest = digest_of(prepared.folder, directory.ignore) if decided else ""
        void = settle(submission, decided, digest, touched)
        gradebook.db.commit()
    return findings, touched, void


def convert_executed(
    course: Course,
    prepared: Prepared,
    executed: Result | None,
    place: Path,
    kind: type[OneSubmission] = OneSubmission,
) -> OneSubmission:
    """Have nbgrader give the points, inside a transaction; return its converter.

    Parameters
    ----------
    course
        What all submissions have in common.
    prepared
        The submission.
    executed
        What came of its execution; None if the course does not execute anything.
    place
        Where the finished notebooks go.
    kind
        What converts it.
    """
    hand_over = HandOver(
        prepared.job.notebooks,
        executed.notebooks if executed else {},
        lambda notebook, cell, message: course.collector.add("problem", message, notebook=notebook, cell=cell),
    )
    converter = converter_for(course, prepared.student, prepared.folder, place, kind)
    converter.convert(list(prepared.paths), hand_over, stops=False)
    return converter
