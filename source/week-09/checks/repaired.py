"""Calls `fit` of repaired.py in processes of its own, under conditions that should not matter."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def answers(*calls: dict[str, Any], hash_seed: int = 0) -> list[dict[str, float]]:
    """Make calls of `fit` in one new process; return its accuracy and loss for each.

    Parameters
    ----------
    calls
        The conditions that differ from these: {"path": the three seasons, "seed": 7, "load": "fresh", "files": "a-z",
        "chance": 1}. What they mean is told in start/under_conditions.py.
    hash_seed
        The process gets it as PYTHONHASHSEED.
    """
    week = Path(os.environ["WEEK_09"])
    usual = {"path": str(week / "seasons"), "seed": 7, "load": "fresh", "files": "a-z", "chance": 1}
    process = subprocess.run(
        [sys.executable, str(week / "start" / "under_conditions.py"), str(week / "work" / "repair"), "repaired"],
        input="\n".join(json.dumps(usual | call) for call in calls),
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=90,
    )
    assert process.returncode == 0, "\n".join(process.stderr.strip().splitlines()[-12:])
    return json.loads(process.stdout.rsplit("ANSWERS ", 1)[1].splitlines()[0])


def seasons() -> dict[str, list[list[str]]]:
    """Read the three seasons: name of the file → its lines, the first of which names the columns."""
    found = {}
    for path in sorted(Path(os.environ["WEEK_09"], "seasons").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            found[path.name] = list(csv.reader(file))
    return found


def folder_of(files: dict[str, list[list[str]]], newest: str = "last") -> str:
    """Write files into a new folder; return its name.

    Parameters
    ----------
    files
        Name → lines.
    newest
        "last" or "first": which of the files, from a to z, was changed last.
    """
    folder = Path(tempfile.mkdtemp(dir=Path(os.environ["WEEK_09"], "work", "repair")))
    for age, (name, lines) in enumerate(sorted(files.items())):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)
        moment = 10**9 + (age if newest == "last" else -age)
        os.utime(folder / name, (moment, moment))
    return str(folder)


def sexes_by_chance() -> dict[str, list[list[str]]]:
    """Deal the sexes of all penguins out by chance, in four files: nothing can be learned from them."""
    (header, *_), *_ = seasons().values()
    rows = [line for lines in seasons().values() for line in lines[1:]]
    column = header.index("sex")
    sexes = [row[column] for row in rows]
    random.Random(9).shuffle(sexes)  # noqa: S311 (nothing here is secret)
    for row, sex in zip(rows, sexes, strict=True):
        row[column] = sex
    return {f"part_{number}.csv": [header, *rows[number::4]] for number in range(4)}
