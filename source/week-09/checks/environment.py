"""What requirements.txt says, and which packages this course needs."""

from __future__ import annotations

import os
import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

COURSE = ("jupyterlab", "nbgrader", "papermill", "mlflow", "dvc", "scikit-learn", "pandas", "matplotlib")


def requirement_lines() -> list[str]:
    """Return the lines of requirements.txt beside the notebook, without comments, hashes and options."""
    file = Path(os.environ["WEEK_09"], "requirements.txt")
    if not file.is_file():
        return []
    raw = file.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", errors="replace")
    joined = re.sub(r"\\\r?\n", " ", text)  # a line that goes on after a backslash
    lines = [re.split(r"(?:^|\s)#|\s--hash", line)[0].strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("-")]


def is_pinned(line: str) -> bool:
    """Tell whether a line fixes one version, or the place that the package comes from."""
    try:
        asked = Requirement(line)
    except InvalidRequirement:
        return False
    fixed = [part.operator in ("==", "===") and "*" not in part.version for part in asked.specifier]
    return bool(asked.url) or fixed == [True]


def stated_versions() -> dict[str, str | None]:
    """Return the version that requirements.txt states for each package; None where a line has another form."""
    stated = {}
    for line in requirement_lines():
        parts = re.match(r"([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?(?:[\s=]+([\w.!+-]+))?", line)
        if parts:
            stated[canonicalize_name(parts[1])] = parts[2]
    return stated


def needed_packages() -> set[str]:
    """Name the installed packages that this course needs, those that they need, and so on."""
    found, seen, waiting = set(), set(), [(name, "") for name in COURSE]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            needs = [Requirement(need) for need in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
        for need in needs:
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(need.name), wanted) for wanted in ("", *need.extras)]
    return found - {"pip", "setuptools", "wheel", "uv"}
