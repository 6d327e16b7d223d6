"""Open a course directory for grading: its configuration, its gradebook, and what its submissions share."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape, glob
from pathlib import Path
from typing import Any

from nbgrader.apps import AutogradeApp
from nbgrader.utils import find_all_files
from sqlalchemy import Engine
from traitlets.config import Application

from mlops_course.errors import CourseError
from mlops_course.grading.errors import explain
from mlops_course.grading.files import given_files
from mlops_course.grading.gradebook import (
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
from mlops_course.grading.journal import STATE, Journal, only_one
from mlops_course.grading.kernels import check_kernels
from mlops_course.grading.log import collected
from mlops_course.grading.source import (
    read_imports,
    released_cells,
    released_order,
    students_names,
    tags_of,
    trusted_imports,
)
from mlops_course.grading.submission import Course

BACKUPS = "backups"

OnEvent = Callable[[str, str, Any], None]


@dataclass(frozen=True)
class OpenCourse:
    """A course that is open for grading."""

    course: Course
    journal: Journal
    state: Path  # the folder of what is remembered
    basis: str  # names what the tests are


@contextmanager
def open_for_grading(assignment: str, folder: Path, *, sandbox: bool, on_event: OnEvent) -> Iterator[OpenCourse]:
    """Open a course directory, and let nobody else grade there meanwhile. `on_event` is told what is waited for."""
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
    """Make the folder for what this command remembers. It holds students' work: others need not read it."""
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
    """Check that the assignment is in the gradebook; name what its tests are, and return their code."""
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


@contextmanager
def opened(folder: Path) -> Iterator[AutogradeApp]:
    """Load the configuration of a course: the same files, in the same order, as `nbgrader autograde` there.

    Meanwhile the course directory is the working directory, because paths in a configuration may be relative to it.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder}: there is no such folder. Name the course directory with --course-dir.")
    before, paths = Path.cwd(), list(sys.path)
    os.chdir(folder)
    if Application.initialized():
        Application.clear_instance()
    app = AutogradeApp.instance()
    app.raise_config_file_errors = True
    try:
        with warnings.catch_warnings(action="ignore"):
            try:
                app.initialize([])
            except SystemExit:
                raise CourseError(f"{folder}: nbgrader refuses the configuration, see above. Correct it.") from None
            except Exception as problem:
                reason = f"{type(problem).__name__}: {problem}".splitlines()[0]
                raise CourseError(f"{folder / 'nbgrader_config.py'}: {reason}. Correct it first.") from None
            if app.coursedir.notebook_id != "*":
                raise CourseError(
                    f"{folder}: CourseDirectory.notebook_id is set, but whole submissions are graded here. Remove it."
                )
            chosen = app.config.Autograde.get("autograde_preprocessors", [])
            if "SandboxedExecute" in app.config and not any(
                "SandboxedExecute" in str(getattr(one, "__mro__", one)) for one in chosen
            ):
                raise CourseError(
                    f"{folder / 'nbgrader_config.py'}: c.SandboxedExecute has settings, but no effect. Put "
                    "SandboxedExecute into c.Autograde.autograde_preprocessors, in the place of Execute."
                )
            os.chdir(app.coursedir.root)
            yield app
    finally:
        app.reset()
        os.chdir(before)
        sys.path[:] = paths


def rooms(app: AutogradeApp, assignment: str) -> tuple[Path, Path]:
    """Return an assignment's folders in `source/` and `release/`."""
    directory = app.coursedir
    source, release = (
        Path(directory.format_path(step, ".", assignment))
        for step in (directory.source_directory, directory.release_directory)
    )
    return source, release


def find_submissions(app: AutogradeApp, assignment: str) -> dict[str, Path]:
    """Find who has handed in: student → folder."""
    course = app.coursedir
    names = {"nbgrader_step": escape(course.submitted_directory), "assignment_id": escape(assignment)}
    pattern = course.directory_structure.format(student_id="*", **names)
    excluded = course.student_id_exclude.split(",") if course.student_id_exclude else []
    found = {}
    # The name of the student may come more than once in a path: the part that the pattern leaves open is the name.
    for path in sorted(glob(os.path.join(escape(course.root), pattern))):
        student = student_of(Path(path), course.root, course.directory_structure)
        if student and student not in excluded and Path(path).is_dir():
            found[student] = Path(path)
    return found


def student_of(path: Path, root: str, structure: str) -> str | None:
    parts = Path(os.path.join(root, structure)).parts
    for part, name in zip(parts, path.parts, strict=True):
        before, placeholder, after = part.partition("{student_id}")
        if placeholder:
            return name.removeprefix(before).removesuffix(after)
    return None


def choose(submissions: dict[str, Path], students: tuple[str, ...], assignment: str) -> dict[str, Path]:
    """Choose the submissions to grade; refuse if nobody has handed in, or one who is named has not."""
    if not submissions:
        raise CourseError(
            f"{assignment}: nothing was handed in. Submissions belong into submitted/STUDENT/{assignment}/; "
            f"run `nbgrader collect {assignment}` or `nbgrader zip_collect {assignment}` first."
        )
    for student in students:
        if student not in submissions:
            raise CourseError(f"--student {student}: has not handed in {assignment}. Look into submitted/.")
    return {name: submissions[name] for name in students} if students else submissions


def describe_tests(rows: list[tuple], order: dict[str, list[str]], source: Path, ignore: Sequence[str]) -> str:
    """Name what scores depend on, apart from the submission and the configuration: cells, their order, given files."""
    digest = hashlib.sha256(json.dumps([rows, order]).encode())
    for path in sorted(map(Path, find_all_files(str(source), [*ignore, "*.ipynb"]))):
        digest.update(str(path.relative_to(source)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def describe_basis(app: AutogradeApp, tests: str) -> str:
    """Name what a run depends on, apart from the submissions: tests, files of the assignment, configuration."""
    digest = hashlib.sha256(tests.encode())
    for path in map(Path, app.loaded_config_files):
        digest.update(str(path).encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
