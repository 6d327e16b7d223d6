"""The version for students must be what the instructor's version generates today."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mlops_course.bundle.tree import Files, write
from mlops_course.errors import CourseError

# What the generation reads; the `course` package, because the configuration does.
NEEDED = ("source", "mlops_course", "nbgrader_config.py", "env", "pyproject.toml")


def assignments(tree: Files, room: str) -> list[str]:
    """Name the assignments in `source` or `release`."""
    return sorted({name.split("/")[1] for name in tree if name.startswith(f"{room}/") and name.count("/") > 1})


def find_stale(tree: Files) -> list[str]:
    """Generate every released assignment anew and name the files that come out otherwise.

    Raises
    ------
    CourseError
        nbgrader could not generate an assignment.
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="course-bundle-") as made:
        folder = Path(made)
        write({name: file for name, file in tree.items() if name.partition("/")[0] in NEEDED}, folder)
        for assignment in assignments(tree, "release"):
            prefix = f"release/{assignment}/"
            committed = {name: file.content for name, file in tree.items() if name.startswith(prefix)}
            if assignment not in assignments(tree, "source"):
                found.append(f"{prefix.rstrip('/')}: there is no source/{assignment} that it could be made from")
                continue
            generate(assignment, folder)
            fresh = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in (folder / prefix).rglob("*")
                if path.is_file()
            }
            found += [
                f"{name}: {difference(name, committed, fresh)}"
                for name in sorted({*committed, *fresh})
                if committed.get(name) != fresh.get(name)
            ]
    return found


def difference(name: str, committed: dict[str, bytes], fresh: dict[str, bytes]) -> str:
    """Say how a committed file and a generated one differ, with the first line where they do."""
    if name not in fresh:
        return "source/ does not make this file"
    if name not in committed:
        return "source/ makes this file, and it is not there"
    old, new = (text[name].decode("utf-8", "replace").split("\n") for text in (committed, fresh))
    line = next((at for at, (one, other) in enumerate(zip(old, new, strict=False), start=1) if one != other), None)
    return f"line {line or min(len(old), len(new)) + 1} is not what source/ makes"


def generate(assignment: str, folder: Path) -> None:
    """Let nbgrader make the version for students in a folder apart, with the code and the settings of the commit."""
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
    variables = os.environ | {
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder / "home"),
        "JUPYTER_CONFIG_DIR": str(folder / "home"),
        "NBGRADER_EXCHANGE": str(folder / "exchange"),
    }
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", assignment, "--force"]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise CourseError(
            f"source/{assignment}: nbgrader cannot generate it ({said[-1].strip()}). "
            f"Try `nbgrader generate_assignment {assignment} --force`, mend it and commit."
        )
