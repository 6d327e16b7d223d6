"""Find the course's folder and the assignment as a student has it."""

from __future__ import annotations

from pathlib import Path

import mlops_course
from mlops_course.errors import CourseError
from mlops_course.grading.hand_in import other_capitals

DEFAULT = "week-09"
CONFIGURATION = "nbgrader_config.py"


def course_folder(start: Path) -> Path | None:
    """Find the course's folder: the nearest one above with nbgrader's configuration, or the one of this package."""
    for folder in (*[start, *start.parents], Path(mlops_course.__file__).resolve().parents[1]):
        if (folder / CONFIGURATION).is_file():
            return folder
    return None


def assignment_folder(name: str | None, here: Path) -> Path:
    """Find the folder to check.

    Parameters
    ----------
    name : str or None
        A folder, or the name of an assignment. Without one it is `week-09`: as it was fetched into the current folder
        or the course's, or else `release/week-09`, worked on in place.
    here : Path
        The current folder.

    Raises
    ------
    CourseError
        If there is none.
    """
    root = course_folder(here)
    asked = name or DEFAULT
    if name is None and here.name == DEFAULT and holds_notebooks(here):
        return here
    places = [here / asked]
    if root is not None and Path(asked).name == asked:
        places += [root / asked, root / "release" / asked]
    for place in places:
        if place.is_file():
            raise CourseError(f"{asked} is a file. Name the folder that it lies in.")
        if place.is_dir():
            return place.resolve()
    if name is None:
        raise CourseError(
            f"there is no folder {DEFAULT} here. Fetch the assignment (lesson 00, section 7), or name its folder: "
            "course check FOLDER"
        )
    raise CourseError(f"{asked}: there is no such folder, here or in the course's folder. Look at its name.")


def holds_notebooks(folder: Path) -> bool:
    """Tell whether there is a notebook right in this folder."""
    return any(folder.glob("*.ipynb"))


def released_folder(folder: Path, root: Path | None) -> Path | None:
    """Find the assignment as it was released, where that is another folder than the one that is checked."""
    if root is None:
        return None
    released = root / "release" / folder.name
    return released if released.is_dir() and not released.samefile(folder) else None


def released_notebook(path: Path) -> Path | None:
    """Find a student's notebook as it was released, where that is known."""
    folder = path.resolve().parent
    released = released_folder(folder, course_folder(folder))
    known = {one.stem: one for one in released.glob("*.ipynb")} if released else {}
    renamed = other_capitals({one.stem for one in folder.glob("*.ipynb")}, set(known))
    return known.get(renamed.get(path.stem, path.stem))


def shown(path: Path, here: Path) -> str:
    """Write a path as short as possible."""
    try:
        return str(path.relative_to(here)) or "."
    except ValueError:
        return str(path)
