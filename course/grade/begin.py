"""Open a course for grading: its configuration, its gradebook, and what all submissions of an assignment share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from course.errors import CourseError
from course.grade.files import given_files
from course.grade.gradebook import (
    database_file,
    explain_damage,
    is_damaged,
    locked_sources,
    open_engine,
    patiently,
    read_assignments,
    read_basis,
    read_kernels,
)
from course.grade.journal import Journal, only_one
from course.grade.kernels import check_kernels
from course.grade.log import collected
from course.grade.open_course import describe_basis, describe_tests, opened, rooms
from course.grade.schemas import check_once
from course.grade.source import read_imports, released_cells, released_order, students_names, tags_of, trusted_imports
from course.grade.submission import Course
from course.grade.trouble import explain

STATE = ".course-grade"
BACKUPS = "backups"

OnEvent = Callable[[str, str, Any], None]


@dataclass(frozen=True)
class OpenCourse:
    """A course that is open for grading.

    Attributes
    ----------
    course
        What all submissions of the assignment have in common.
    journal
        What earlier runs did.
    state
        Folder of what is remembered.
    basis
        Names what the tests are.
    """

    course: Course
    journal: Journal
    state: Path
    basis: str


@contextmanager
def open_for_grading(assignment: str, folder: Path, *, sandbox: bool, on_event: OnEvent) -> Iterator[OpenCourse]:
    """Open a course directory, and let nobody else grade there meanwhile.

    Parameters
    ----------
    assignment
        Name of the assignment.
    folder
        The course directory.
    sandbox
        Whether to execute in the sandbox.
    on_event
        Is told what is waited for: kind, student, detail.

    Raises
    ------
    CourseError
        If there is no such course or assignment, or somebody else is grading there.
    """
    check_once()
    with opened(folder.resolve()) as app, collected(app) as collector:
        directory = app.coursedir
        directory.assignment_id = assignment
        state = make_state(Path(directory.root), shared=directory.groupshared)
        database = open_engine(directory.db_url)
        try:
            with only_one(state):
                tests, rows = look_at_gradebook(app, database, assignment, on_event)
                journal = Journal(state / assignment, tests)
                source, release = rooms(app, assignment)
                preload = read_imports(source)
                names, declared = students_names(source, release)
                course = Course(
                    app=app,
                    assignment=assignment,
                    database=database,
                    collector=collector,
                    working=journal.clean(),
                    preload=preload,
                    released=released_cells(release),
                    sandbox=sandbox,
                    trusted=trusted_imports(source),
                    order=released_order(release),
                    names=names,
                    declared=declared,
                    given=given_files(source, directory.ignore),
                    locked=locked_sources(rows),
                    tags=tags_of(release),
                )
                try:
                    yield OpenCourse(course, journal, state, describe_basis(app, tests))
                finally:
                    journal.clean().rmdir()
        except Exception as problem:
            file = database_file(directory.db_url)
            if file is None or not is_damaged(problem):
                raise
            raise CourseError(explain_damage(file, state / BACKUPS, assignment)) from None
        finally:
            database.dispose()
            if directory.groupshared:
                share(state)


def share(folder: Path) -> None:
    """Let the group write what is in a folder, and what will be made in it; what others own is theirs to share."""
    for path in [folder, *folder.rglob("*")]:
        with suppress(OSError):
            path.chmod(path.stat().st_mode | (0o2070 if path.is_dir() else 0o060))


def make_state(root: Path, *, shared: bool) -> Path:
    """Make the folder for what this command remembers. It holds students' work: others need not read it.

    Raises
    ------
    CourseError
        If it cannot be made, or leads elsewhere: what is written there would be overwritten.
    """
    state = root / STATE
    link = next((path for path in [state, *state.rglob("*")] if path.is_symlink()), None)
    if link is not None:
        raise CourseError(f"{link}: this is a link to another place, which is not written to. Remove the link.")
    try:
        state.mkdir(mode=0o770 if shared else 0o700, exist_ok=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as problem:
        raise CourseError(f"{state}: {problem.strerror}. The course directory must be writable.") from None
    return state


def look_at_gradebook(app: Any, database: Engine, assignment: str, on_event: OnEvent) -> tuple[str, list[tuple]]:
    """Check that the assignment is in the gradebook; name what its tests are, and return their code.

    Raises
    ------
    CourseError
        If it is not.
    """
    file = database_file(app.coursedir.db_url)
    source, release = rooms(app, assignment)
    # nbgrader passes over what is there, as in a fresh clone.
    remedy = f"Run `nbgrader generate_assignment {assignment}{' --force' * release.is_dir()}` first."
    if not source.is_dir() and not (file and file.exists()):
        raise CourseError(
            f"{app.coursedir.root}: this is not a course directory with an assignment '{assignment}' "
            f"(no {source.relative_to(app.coursedir.root) if source.is_relative_to(app.coursedir.root) else source}, "
            "no gradebook). Name the course directory with --course-dir."
        )
    if file and not file.exists():
        raise CourseError(f"{file}: there is no gradebook yet. {remedy}")

    def look() -> tuple[dict[str, dict], list[tuple], list[str]]:
        with database.connect() as connection:
            kernels, rows = read_kernels(connection, assignment), read_basis(connection, assignment)
            return kernels, rows, read_assignments(connection)

    try:
        kernels, rows, others = patiently(look, lambda message: on_event("message", "", message))
    except Exception as problem:
        raise CourseError(f"{file or 'gradebook'}: {explain(problem, [])}.") from None
    if not kernels and others and not source.is_dir():
        raise CourseError(f"{assignment}: the gradebook knows no such assignment, but {', '.join(others)}.")
    if not kernels:
        raise CourseError(f"{assignment}: the gradebook knows no such assignment. {remedy}")
    for note in check_kernels(kernels):
        on_event("message", "", note)
    return describe_tests(rows, released_order(release), source, app.coursedir.ignore), rows
