"""Files of a submission: what of them is copied, how they become bytes, how a finished folder gets to its place."""

from __future__ import annotations

import os
import shutil
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from nbgrader.utils import find_all_files, rmtree

from mlops_course.grading.errors import UngradableError

MOST_BYTES = 200_000_000  # of one submission; all of it is in memory several times


def is_regular(path: Path) -> bool:
    """Tell whether this is a file: not a link to one, and nothing that blocks who reads it."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_ignored(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a name matches one of nbgrader's patterns; as there, `*` does not match a dot at the beginning."""
    return any(fnmatch(name, pattern) and (not name.startswith(".") or pattern.startswith(".")) for pattern in patterns)


def is_dangerous(name: str) -> bool:
    """Tell whether a name is not text, acts on a terminal, or is a path on another system."""
    return "\\" in name or any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def regular_files(folder: Path, ignore: Sequence[str]) -> tuple[list[Path], list[str]]:
    """List the files of a submission as nbgrader does, without those that lead out of it.

    Returns paths relative to the folder, and in words what was left out although it was not to be ignored.
    """
    files, notes = [], []
    for place, folders, names in os.walk(folder):
        if is_ignored(Path(place).name, ignore):
            folders.clear()
            continue
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted(names + links):
            path = Path(place) / name
            shown = ascii(str(path.relative_to(folder)))
            if is_ignored(name, ignore):
                continue
            if path.is_symlink():
                notes.append(f"{shown} is a link to another place and was left out")
            elif not is_regular(path):
                notes.append(f"{shown} is not an ordinary file and was left out")
            elif is_dangerous(str(path.relative_to(folder))):
                notes.append(f"{shown} has a name that not every computer can read and was left out")
            else:
                files.append(path.relative_to(folder))
    return sorted(files), notes


def state_of(folder: Path, ignore: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Describe the files of a submission, so that a change can be noticed: path → size and time of the last change."""
    states = {}
    for file in regular_files(folder, ignore)[0]:
        now = (folder / file).lstat()
        states[file.as_posix()] = (now.st_size, now.st_mtime_ns)
    return states


def check_total(paths: Iterable[Path]) -> None:
    """Refuse files that are, together, too large to be graded."""
    total = sum(path.stat().st_size for path in paths)
    if total > MOST_BYTES:
        raise UngradableError(
            f"its files have {total / 1e6:.0f} MB, more than {MOST_BYTES / 1e6:.0f} MB are not graded",
            "remove what is not needed from its folder in submitted/",
        )


def copy_files(source: Path, files: Sequence[Path], destination: Path) -> None:
    """Copy files with their permissions, if they are not too large."""
    check_total(source / file for file in files)
    for file in files:
        target = destination / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.unlink()
        shutil.copy(source / file, target)


def read_notebooks(paths: Iterable[Path]) -> dict[str, bytes]:
    """Read notebooks as they were handed in: name → content.

    They lie beside the one that is executed, because it may run or read them. The sanitised ones do not: those have
    the hidden tests.
    """
    paths = [path for path in paths if not is_dangerous(path.name)]
    check_total(paths)
    return {path.name: path.read_bytes() for path in paths}


def read_folder(folder: Path, without: set[str]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Read all files of a folder that this program has filled, without some directly in it.

    Returns relative path with `/` → content, and those that can be run as programs.
    """
    files, executable = {}, []
    for path in sorted(path for path in folder.rglob("*") if is_regular(path)):
        name = path.relative_to(folder).as_posix()
        if name in without:
            continue
        files[name] = path.read_bytes()
        if path.stat().st_mode & stat.S_IXUSR:
            executable.append(name)
    return files, tuple(executable)


def given_files(source: Path, ignore: Sequence[str]) -> tuple[str, ...]:
    """List the files that an assignment gives: relative paths with `/`."""
    found = map(Path, find_all_files(str(source), [*ignore, "*.ipynb"])) if source.is_dir() else ()
    return tuple(sorted(path.relative_to(source).as_posix() for path in found))


def write_to_disk(folder: Path) -> None:
    """Wait until a folder's files are on the disk, so that a loss of power cannot leave empty ones in its place."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def put_in_place(new: Path, final: Path) -> None:
    """Let a finished folder take the place of what was there. At no time is a part of it there."""
    final.parent.mkdir(parents=True, exist_ok=True)
    # nbgrader's patterns do not find names that begin with a dot.
    near, old = (final.with_name(f".{final.name}.{word}") for word in ("new", "old"))
    remove(near)
    remove(old)
    if new.stat().st_dev != final.parent.stat().st_dev:  # renaming works on one disk only
        shutil.copytree(new, near)
        remove(new)
        new = near
    had_one = final.exists()
    if had_one:
        final.rename(old)
    try:
        new.rename(final)
    except OSError:
        if had_one:
            old.rename(final)
        raise
    remove(old)


def remove(folder: Path) -> None:
    if folder.exists():
        rmtree(str(folder))
