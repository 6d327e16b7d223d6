"""What goes into the students' copy, and what is changed in it so that it stands alone, outside Git."""

from __future__ import annotations

import re

from mlops_course.bundle.tree import File, Files
from mlops_course.errors import CourseError

# A list of what is given away, not of what is kept: a room that somebody adds is private until it is named here.
ROOMS = (
    ".dvc", ".dvcignore", ".gitattributes", ".gitignore", "CHECKLIST.md", "README.md", "data", "env", "mlops_course",
    "nbgrader_config.py", "notebooks", "pyproject.toml", "release", "resources",
)  # fmt: skip

# In Markdown: what stands between two lines with these, and a line that ends in the first (with or without the bar of a
# table), is left out.
BEGIN, END = "<!-- not for students -->", "<!-- /not for students -->"


def in_rooms(name: str) -> bool:
    """Tell whether a file lies in a room that students get."""
    return name.partition("/")[0] in ROOMS


def students_files(tree: Files) -> dict[str, File]:
    """Choose the files of the students' copy, and make them fit for a life outside Git.

    Raises
    ------
    CourseError
        A room is missing, or marks in a document do not match.
    """
    missing = [room for room in ROOMS if not any(name == room or name.startswith(f"{room}/") for name in tree)]
    if missing:
        raise CourseError(f"{missing[0]} is not in the commit, and students need it. Commit it, then run this again.")
    chosen = {name: file for name, file in tree.items() if in_rooms(name)}
    for name, file in chosen.items():
        if name == ".dvc/config":
            chosen[name] = File(without_git(file.content.decode()).encode())
        elif name.endswith(".md"):
            chosen[name] = File(for_students(name, file.content.decode()).encode())
    return chosen


def without_git(config: str) -> str:
    """Tell DVC not to look for a Git repository; without this it refuses to work outside one."""
    if re.search(r"^\s*no_scm\s*=", config, flags=re.MULTILINE):
        return config
    changed, times = re.subn(r"^\[core\][ \t]*\n", "[core]\n    no_scm = true\n", config, flags=re.MULTILINE)
    return changed if times else f"[core]\n    no_scm = true\n{config}"


def for_students(name: str, text: str) -> str:
    """Leave out of a document what its marks say.

    Raises
    ------
    CourseError
        A mark has no partner.
    """
    kept: list[str] = []
    opened = closed = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() == BEGIN and not opened:
            opened = number
        elif line.strip() == END and opened:
            opened = 0
            closed = number
        elif line.strip() in (BEGIN, END):
            raise CourseError(
                f"{name}, line {number}: {line.strip()} has no partner. Put {BEGIN} above and {END} below."
            )
        elif opened:
            continue
        elif line.rstrip().rstrip("|").rstrip().endswith(BEGIN):
            closed = number
        elif line or number != closed + 1 or not kept or kept[-1]:  # one empty line where the part was, not two
            kept.append(line)
    if opened:
        raise CourseError(f"{name}, line {opened}: {BEGIN} is not closed. Put {END} below what students do not get.")
    return "\n".join(kept)
