"""Nothing of a student: the rooms and files in which nbgrader and `course grade` keep what students made."""

from __future__ import annotations

import re

from mlops_course.bundle.contents import in_rooms
from mlops_course.bundle.tree import Files

ROOMS = {"submitted", "autograded", "feedback", "exchange", "downloaded", ".course-grade"}
NAMES = re.compile(r"gradebook\.db.*|mlflow\.db.*")
NAMES_AT_THE_TOP = re.compile(r"grading_report\..+|.*grades.*\.csv")
SQLITE = b"SQLite format 3\x00"


def find_student_data(tree: Files) -> list[str]:
    """Name the files of a commit that hold, or may hold, a student's work or grades.

    Looked at are the rooms at the top, which must not be in Git at all, and the students' rooms at any depth.
    """
    found = []
    for name, file in tree.items():
        parts = name.split("/")
        if parts[-1] == ".gitkeep":
            continue
        folders = parts[:-1] if in_rooms(name) else parts[:1]
        top = len(parts) == 1
        if ROOMS.intersection(folders):
            found.append(f"{name}: in a folder of students' work")
        elif (top and NAMES_AT_THE_TOP.fullmatch(name)) or (
            (top or in_rooms(name)) and (NAMES.fullmatch(parts[-1]) or file.content.startswith(SQLITE))
        ):
            found.append(f"{name}: a gradebook, a report of grades or another database")
    return found
