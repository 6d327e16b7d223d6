"""Compare versions of packages: the course's list, what is installed here, and what a student froze."""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mlops_course.check.model import Difference

# What installs packages, and the course's own package: `pip freeze` leaves them out, or names a folder.
APART = {"pip", "setuptools", "wheel", "uv", "mlops-course"}


def set_up_command() -> str:
    """Give the way the set-up script is called on this system."""
    return r"env\setup.ps1" if os.name == "nt" else "bash env/setup.sh"


def mend_command() -> str:
    """Give the command that puts the course's versions back."""
    return f"{set_up_command()} python -m pip install --requirement env/requirements.txt"


def read_text(path: Path) -> str:
    """Read a requirements file; PowerShell writes UTF-16, Notepad a mark in front."""
    raw = path.read_bytes()
    return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", errors="replace")


def requirement_lines(text: str) -> list[str]:
    """Give the lines that name a package, without comments, hashes and options such as `-e`."""
    joined = re.sub(r"\\\r?\n", " ", text)
    stripped = [re.split(r"(?:^|\s)#|\s--hash", line)[0].strip() for line in joined.splitlines()]
    return [line for line in stripped if line and not line.startswith("-")]


def loose_lines(text: str) -> tuple[list[str], int]:
    """Give the lines that fix neither a version nor a place, and the number of all lines."""
    lines = requirement_lines(text)
    return [line for line in lines if not is_pinned(line)], len(lines)


def is_pinned(line: str) -> bool:
    """Tell whether a line fixes one version, or the place that the package comes from."""
    try:
        asked = Requirement(line)
    except InvalidRequirement:
        return False
    fixed = [part.operator in ("==", "===") and "*" not in part.version for part in asked.specifier]
    return bool(asked.url) or fixed == [True]


def versions(text: str) -> dict[str, str | None]:
    """Read which version of each package a requirements file asks for, on this system and this Python.

    Parameters
    ----------
    text : str
        Content of a requirements file.

    Returns
    -------
    dict of str to str or None
        By canonical name. Packages for other systems are left out; None stands for a version that the line does not
        say, as for a package that was installed from a folder.
    """
    found: dict[str, str | None] = {}
    for line in requirement_lines(text):
        try:
            asked = Requirement(line)
        except InvalidRequirement:
            continue
        if asked.marker is not None and not asked.marker.evaluate():
            continue
        fixed = [part.version for part in asked.specifier if part.operator in ("==", "===")]
        found[canonicalize_name(asked.name)] = fixed[0] if len(fixed) == 1 and not asked.url else None
    return found


def installed() -> dict[str, str | None]:
    """Give the version of each package that this Python sees."""
    found: dict[str, str | None] = {}
    for package in metadata.distributions():
        name = package.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), package.version)  # the first one is the one that is imported
    return found


def compare(wanted: dict[str, str | None], found: dict[str, str | None]) -> list[Difference]:
    """Name each package of the first list that the second has in another version, or not at all."""
    differences = []
    for name, version in sorted(wanted.items()):
        if name in APART or version is None:
            continue
        if name not in found:
            differences.append(Difference(name, version, None))
        elif found[name] is not None and not same(version, found[name]):
            differences.append(Difference(name, version, found[name]))
    return differences


def same(one: str, other: str) -> bool:
    """Compare two versions; 1.0 and 1.0.0 are one, and a build of one's own (1.0+cpu) is another."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def describe(differences: tuple[Difference, ...] | list[Difference], most: int = 6) -> str:
    """Name packages and versions in one line."""
    parts = [f"{one.package} {one.found or 'not there'} (course: {one.wanted})" for one in differences[:most]]
    more = len(differences) - most
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def in_course_environment(root: Path) -> bool:
    """Tell whether this Python is the one in the course's `.venv`; True where there is none to compare with."""
    venv = root / ".venv"
    return not venv.is_dir() or Path(sys.prefix).resolve() == venv.resolve()
