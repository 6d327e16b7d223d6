"""Open a course directory as nbgrader does, and find what was handed in."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import escape, glob
from pathlib import Path

from nbgrader.apps import AutogradeApp
from nbgrader.utils import find_all_files
from traitlets.config import Application

from course.errors import CourseError


@contextmanager
def opened(folder: Path) -> Iterator[AutogradeApp]:
    """Load the configuration of a course: the same files, in the same order, as `nbgrader autograde` there.

    Meanwhile the course directory is the working directory, because paths in a configuration may be relative to it.

    Parameters
    ----------
    folder
        The course directory.

    Raises
    ------
    CourseError
        If there is none, or its configuration has a mistake.
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
    """Find who has handed in: student → folder.

    Parameters
    ----------
    app
        nbgrader's application.
    assignment
        Name of the assignment.
    """
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
    """Read the name of the student from a path."""
    parts = Path(os.path.join(root, structure)).parts
    for part, name in zip(parts, path.parts, strict=True):
        before, placeholder, after = part.partition("{student_id}")
        if placeholder:
            return name.removeprefix(before).removesuffix(after)
    return None


def choose(submissions: dict[str, Path], students: tuple[str, ...], assignment: str) -> dict[str, Path]:
    """Choose the submissions to grade.

    Raises
    ------
    CourseError
        If nobody has handed in, or one who is named has not.
    """
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
    """Name what scores depend on, apart from the submission and the configuration.

    Parameters
    ----------
    rows
        Tests and other code that grading puts back.
    order
        Notebook → ids of its cells.
    source
        The assignment in `source/`, whose files lie beside the notebooks when they are graded.
    ignore
        Patterns of what nbgrader leaves out.
    """
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
