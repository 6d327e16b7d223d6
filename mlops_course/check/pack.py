"""Make the zip for a learning management system, from the files that `nbgrader submit` would hand in."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import ignore_patterns
from traitlets.config import Config, PyFileConfigLoader

from mlops_course.check.locate import CONFIGURATION
from mlops_course.check.model import LeftOut, Packed
from mlops_course.errors import CourseError
from mlops_course.files import make_zip, write_whole
from mlops_course.grading.hand_in import read_notebook


class IncompleteError(CourseError):
    """The zip would lack something that the student has put into the folder."""


def pack(folder: Path, student: str, root: Path | None, here: Path) -> Packed:
    """Write `ASSIGNMENT_STUDENT.zip` and say what is in it. One of this name that exists is replaced.

    Parameters
    ----------
    folder : Path
        The assignment as the student has it.
    student : str
        The name under which it is handed in.
    root : Path or None
        The course's folder, whose configuration says what is not handed in; None for nbgrader's own rules.
    here : Path
        Folder for the zip. Is it the assignment's folder or below, the zip goes beside that.

    Raises
    ------
    CourseError
        If the name is not one that can be taken in, or a file cannot be read or written.
    IncompleteError
        If a file is too large to be taken in.
    """
    configuration = read_configuration(root)
    check_name(student, folder.name, configuration)
    course = CourseDirectory(config=configuration)
    place = folder.parent if here == folder or folder in here.parents else here
    target = place / f"{folder.name}_{student}.zip"
    try:
        with tempfile.TemporaryDirectory(prefix="hand-in-") as scratch:
            copy = Path(scratch) / folder.name
            # As nbgrader's Exchange.do_copy does it. What is too large is left out by it.
            ignore = ignore_patterns(course.ignore, course.include, course.max_file_size, log=None)
            large = too_large(folder, course)
            shutil.copytree(folder, copy, ignore=ignore)
            for path in large:
                write_without_outputs(path, copy / path.relative_to(folder), 1000 * course.max_file_size)
            files = write(copy, target)
    except (OSError, shutil.Error) as problem:
        raise CourseError(f"the zip cannot be made: {reason_of(problem)}") from None
    return Packed(
        str(target),
        tuple(files),
        tuple(left_out(folder, course)),
        tuple(path.relative_to(folder).as_posix() for path in large),
    )


def too_large(folder: Path, course: CourseDirectory) -> list[Path]:
    """Find the notebooks that are larger than a file may be.

    Raises
    ------
    IncompleteError
        If another file is.
    """
    ignore = ignore_patterns(course.ignore, course.include, log=None)
    limit = 1000 * course.max_file_size
    found = []
    for place, folders, files in os.walk(folder):
        kept_out = set(ignore(place, [*folders, *files]))
        folders[:] = set(folders) - kept_out
        for path in sorted(Path(place, name) for name in set(files) - kept_out):
            if path.is_file() and path.stat().st_size > limit:
                found.append(path)
                if path.suffix != ".ipynb":
                    raise IncompleteError(say_too_large(path.relative_to(folder).as_posix(), path, limit))
    return sorted(found)


def write_without_outputs(path: Path, target: Path, limit: int) -> None:
    """Write a notebook without its outputs, which grading makes again.

    Raises
    ------
    IncompleteError
        If it is too large all the same, or cannot be read.
    """
    with suppress(ValueError, AttributeError, KeyError, TypeError, nbformat.reader.NotJSONError):
        notebook, _ = ClearOutputPreprocessor().preprocess(read_notebook(path), {})
        nbformat.write(notebook, target)
        if target.stat().st_size > limit:
            raise IncompleteError(say_too_large(path.name, target, limit, ", even without its outputs"))
        return
    raise IncompleteError(say_too_large(path.name, path, limit, ", and is no notebook"))


def say_too_large(name: str, path: Path, limit: int, more: str = "") -> str:
    """Say how large a file is and what to do."""
    return (
        f"{name} has {path.stat().st_size / 1e6:.1f} MB{more}; a file may have {limit / 1e6:g} MB. Make it smaller, or "
        "delete it. If your answers need it, ask your instructor how to hand it in."
    )


def read_configuration(root: Path | None) -> Config:
    """Read the course's configuration of nbgrader.

    Raises
    ------
    CourseError
        If it has a mistake.
    """
    if root is None:
        return Config()
    try:
        return PyFileConfigLoader(CONFIGURATION, path=str(root)).load_config()
    except Exception as problem:  # the file is a program: anything may go wrong in it
        reason = f"{type(problem).__name__}: {problem}".splitlines()[0]
        raise CourseError(f"{root / CONFIGURATION}: {reason}. Tell your instructor.") from None


def check_name(student: str, assignment: str, configuration: Config) -> None:
    """Refuse a name that the instructor's side would not read from the zip's name as it is.

    Raises
    ------
    CourseError
        If so.
    """
    pattern = configuration.FileNameCollectorPlugin.get("named_regexp", "")
    path = os.path.join(os.sep, "extracted", f"{assignment}_{student}", "notebook.ipynb")
    if not student:
        raise CourseError(
            "the notebooks do not name one STUDENT_ID. Write the same into all of them, or use --student ID."
        )
    plain = re.fullmatch(r"[\w.@+-]+", student) and re.search(r"\w", student)
    found = re.match(pattern, path) if pattern else None
    if not plain or (pattern and (found is None or found["student_id"] != student)):
        raise CourseError(
            f"STUDENT_ID '{student}' cannot be part of the zip's name. Use letters, digits and . _ @ + - only, without "
            "blanks, in all notebooks; then run them again."
        )


def write(copy: Path, target: Path) -> list[str]:
    """Write the zip, the same bytes for the same files, and put it in place when it is whole."""
    paths = sorted((path for path in copy.rglob("*") if path.is_file()), key=lambda path: path.as_posix())
    names = [path.relative_to(copy.parent).as_posix() for path in paths]
    contents = ((name, path.read_bytes(), False) for name, path in zip(names, paths, strict=True))
    write_whole(target, make_zip(contents, zipfile.ZIP_DEFLATED))
    return [path.relative_to(copy).as_posix() for path in paths]


def left_out(folder: Path, course: CourseDirectory) -> list[LeftOut]:
    """Name what is not handed in, and why; a folder that is left out stands for all that is in it."""
    ignore = ignore_patterns(course.ignore, course.include, log=None)
    found = []
    for place, folders, files in os.walk(folder):
        kept_out = set(ignore(place, [*folders, *files]))
        for name in sorted(kept_out):
            path = Path(place, name)
            pattern = next((pattern for pattern in course.ignore if fnmatch.fnmatch(name, pattern)), None)
            if pattern is not None:
                reason = "is not handed in: the notebooks make it again" if path.is_dir() else "is not handed in"
            else:
                reason = "is of a kind that is not handed in"
            found.append(LeftOut(path.relative_to(folder).as_posix() + "/" * path.is_dir(), reason))
        folders[:] = sorted(set(folders) - kept_out)
    return found


def reason_of(problem: Exception) -> str:
    """Say in one line what the system said."""
    if isinstance(problem, shutil.Error):
        source, _target, reason = problem.args[0][0]
        return f"{source}: {reason}. Delete the file, or mend it."
    return f"{getattr(problem, 'filename', '') or ''}: {getattr(problem, 'strerror', None) or problem}"
