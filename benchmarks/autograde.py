"""Time plain `nbgrader autograde` on one submission that solves everything, for each notebook and for all together.

    bash env/setup.sh python benchmarks/autograde.py --rounds 3

Prints a table and rewrites `autograde.json` beside this file. The seconds of starting an empty kernel, measured in the
same round, are the unit of the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.assignment.course_copy import NOTEBOOKS, CourseCopy  # noqa: E402

STOCK = "\nfrom nbgrader.preprocessors import Execute\nc.Autograde.autograde_preprocessors[0] = Execute\n"


def empty_kernel() -> float:
    """Execute a notebook of one trivial cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    begun = time.perf_counter()
    NotebookClient(notebook, kernel_name="python3").execute()
    return time.perf_counter() - begun


def grade(folder: Path, notebooks: tuple[str, ...]) -> float:
    """Grade the solution of some notebooks as one submission."""
    course = CourseCopy(folder, notebooks)
    course.generate()
    with (course.folder / "nbgrader_config.py").open("a") as file:
        file.write(STOCK)
    filled = {name: course.fill(name, course.solutions(name), "ana") for name in notebooks}
    course.hand_in("ana", filled)
    begun = time.perf_counter()
    done = course.autograde()
    taken = time.perf_counter() - begun
    if done.returncode:
        sys.exit(done.stderr)
    return taken


def main() -> None:
    """Measure in turns, so that a busy minute falls on all alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    ways = {name: (name,) for name in NOTEBOOKS} | {"all four notebooks": NOTEBOOKS}
    taken: dict[str, list[float]] = {name: [] for name in (*ways, "an empty kernel")}
    for turn in range(rounds):
        taken["an empty kernel"].append(empty_kernel())
        for name, notebooks in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                taken[name].append(grade(Path(folder) / "course", notebooks))
            print(f"round {turn + 1}: {name}: {taken[name][-1]:.1f} s", flush=True)
    unit = statistics.median(taken["an empty kernel"])
    result = {
        name: {"seconds": round(statistics.median(times), 1), "ratio": round(statistics.median(times) / unit, 1)}
        for name, times in taken.items()
    }
    for name, row in result.items():
        print(f"{name:28} {row['seconds']:7.1f} s {row['ratio']:7.1f} empty kernels")
    page = {"rounds": rounds, "cores": os.cpu_count(), "limit_seconds": 90, "median": result}
    (ROOT / "benchmarks" / "autograde.json").write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
