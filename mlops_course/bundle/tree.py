"""The course as a commit has it, whatever lies in the work tree."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_course.errors import CourseError


@dataclass(frozen=True)
class File:
    """A committed file: its bytes, and whether it may be executed."""

    content: bytes
    executable: bool = False


Files = Mapping[str, File]  # by name, relative to the course; folders are separated by `/` on every system


def git(*arguments: str, folder: Path, given: bytes = b"") -> bytes:
    """Run Git in a folder; without the caller's `GIT_*` variables, which could point it at another repository.

    Raises
    ------
    CourseError
        There is no Git, or Git refuses; with the first line that it said.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, env=variables, input=given, capture_output=True)
    except FileNotFoundError as problem:
        raise CourseError(f"{folder}: no such folder, or Git is not installed.") from problem
    if done.returncode:
        said = (done.stderr.decode(errors="replace").strip() or "no reason given").splitlines()[0]
        raise CourseError(f"{folder}: Git refuses ({said}). The bundle is made from a commit of the course.")
    return done.stdout


def commit_of(folder: Path, revision: str) -> str:
    """Give the full name of the commit that a revision means.

    Raises
    ------
    CourseError
        The folder is in no Git repository, or there is no such commit.
    """
    git("rev-parse", "--show-toplevel", folder=folder)
    try:
        found = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", folder=folder)
    except CourseError as problem:
        raise CourseError(f"{folder}: there is no commit {revision!r}. `git log --oneline` lists them.") from problem
    return found.decode().strip()


def uncommitted(folder: Path, rooms: Iterable[str]) -> list[str]:
    """Name the files of some rooms that differ from the last commit, new ones included, relative to the repository.

    Rooms are files and folders; some may be missing.
    """
    listed = git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *rooms, folder=folder)
    return sorted(os.fsdecode(entry[3:]) for entry in listed.split(b"\0") if entry)


def read_tree(folder: Path, commit: str) -> dict[str, File]:
    """Read the files of a commit, in the order of their names.

    The course may be a folder of a larger repository. The bytes are Git's own: no line ending is converted.

    Raises
    ------
    CourseError
        The commit holds a symbolic link or another repository, which a zip cannot carry to every system.
    """
    if any(line.startswith(b"160000 ") for line in git("ls-tree", "-r", commit, folder=folder).splitlines()):
        raise CourseError(f"{folder}: a submodule cannot travel in a zip. Commit its files themselves.")
    packed = git("-c", "core.autocrlf=false", "-c", "core.eol=lf", "archive", "--format=tar", commit, folder=folder)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = [member for member in archive if not member.isdir()]
        if strange := [member.name for member in members if not member.isfile()]:
            raise CourseError(f"{strange[0]}: a symbolic link cannot travel in a zip. Commit the file itself.")
        files = {one.name: File(archive.extractfile(one).read(), bool(one.mode & 0o100)) for one in members}
    return dict(sorted(files.items()))


def write(files: Files, folder: Path) -> None:
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        if file.executable:
            path.chmod(0o755)
