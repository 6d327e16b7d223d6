"""Make the students' copy: choose, check, pack."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlops_course.bundle.contents import BEGIN, ROOMS, in_rooms, students_files
from mlops_course.bundle.data import find_missing_data
from mlops_course.bundle.links import find_broken_links
from mlops_course.bundle.pack import pack
from mlops_course.bundle.release import assignments, find_stale
from mlops_course.bundle.secrets import Secrets, find_leaks, find_secrets
from mlops_course.bundle.students import find_student_data
from mlops_course.bundle.tree import File, Files, commit_of, read_tree, uncommitted
from mlops_course.errors import CourseError

FOLDER = "w09"  # what the zip unpacks to; short, because paths on Windows must be


@dataclass(frozen=True)
class Bundle:
    """What was made, for the one who made it.

    Attributes
    ----------
    content
        The zip.
    commit
        The commit it was made from.
    names
        The files in it, without the folder around them.
    left_out
        What stayed behind, by its name at the top of the course.
    lines
        How many lines of solutions, hidden tests and mark schemes were searched for.
    unreleased
        Assignments that have a source and no version for students.
    """

    content: bytes
    commit: str
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    lines: int
    unreleased: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the zip."""
        return hashlib.sha256(self.content).hexdigest()


class RefusedBundleError(CourseError):
    """The students' copy would give something away, or would not work. The message names every place."""


def make(folder: Path, revision: str | None = None) -> Bundle:
    """Make the students' copy of a course from a commit.

    Parameters
    ----------
    folder
        The course, in a Git repository.
    revision
        The commit to take. None: the last one, and only if nothing that matters is uncommitted.

    Raises
    ------
    CourseError
        It could not be made: no such commit, uncommitted changes, a room is missing.
    RefusedBundleError
        It was made, checked and thrown away.
    """
    commit = commit_of(folder, revision or "HEAD")
    if revision is None and (changed := uncommitted(folder, [*ROOMS, "source", "tests/answers"])):
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise CourseError(
            f"{changed[0]}{more}: changed and not committed, so it is open what students should get. "
            "Commit the changes; or make the bundle from the last commit, without them: course bundle --revision HEAD"
        )
    tree = read_tree(folder, commit)
    if not any(name.startswith("source/") for name in tree):
        raise CourseError(f"{folder}: the commit has no source/. The bundle is made in the instructor's repository.")
    secrets = find_secrets(tree)
    files = checked_files(tree, secrets)
    stale = find_stale(tree)
    weeks = sorted({place.split("/")[1].partition(":")[0] for place in stale})
    mend = "; ".join(f"nbgrader generate_assignment {week} --force" for week in weeks)
    refuse(stale, f"{mend}; look at the difference, then commit release/.")
    left_out = {name.partition("/")[0] for name in tree if not in_rooms(name)}
    unreleased = set(assignments(tree, "source")) - set(assignments(tree, "release"))
    return Bundle(
        content=pack(files, FOLDER),
        commit=commit,
        names=tuple(files),
        left_out=tuple(sorted(left_out)),
        lines=len(secrets.telling_lines()),
        unreleased=tuple(sorted(unreleased)),
    )


def checked_files(tree: Files, secrets: Secrets) -> dict[str, File]:
    """Choose the files of the students' copy, and refuse those that give something away or would not work.

    Raises
    ------
    RefusedBundleError
        With every place of the first kind of mistake that is found.
    """
    refuse(find_student_data(tree), "Nothing of a student may be in Git: git rm --cached FILE, then commit.")
    files = students_files(tree)
    refuse(find_leaks(files, secrets), "Take it out (of release/: in source/, then generate), then commit.")
    refuse(find_missing_data(files), "dvc push, then commit data/remote/.")
    refuse(find_broken_links(files), f"Mend the link, or put {BEGIN} around it, then commit.")
    return files


def refuse(places: list[str], remedy: str) -> None:
    """Raise with every place that is wrong, and with what mends it; do nothing when there is none."""
    if places:
        raise RefusedBundleError("\n  ".join(["no bundle was written:", *places, remedy]))


def save(content: bytes, path: Path) -> None:
    """Write a file, all of it or nothing; another in its place is replaced.

    Raises
    ------
    OSError
        The folder is missing or cannot be written to.
    """
    handle, name = tempfile.mkstemp(prefix=".bundle-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
