"""Compare `course reproduce` with two plain papermill executions, side by side in one run.

    bash env/setup.sh python benchmarks/reproduce.py --rounds 3

Prints a table and rewrites `reproduce.json` beside this file. Ratios are the point; seconds are this machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "experiment.ipynb"


def seconds(*command: str, cwd: Path) -> float:
    """Run a command and return its wall-clock time."""
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return time.perf_counter() - begun


def plain(folder: Path) -> float:
    """Execute twice with the papermill command, one after the other, as a careful person does by hand."""
    total = 0.0
    for turn in ("one", "two"):
        copy = folder / turn
        shutil.copytree(ROOT / "notebooks", copy / "notebooks", ignore=shutil.ignore_patterns("work", "ml*"))
        shutil.copytree(ROOT / "data", copy / "data")
        total += seconds("papermill", NOTEBOOK.name, "executed.ipynb", cwd=copy / "notebooks")
    return total


def reproduce(folder: Path, *options: str) -> float:
    """Check the same notebook."""
    return seconds("course", "reproduce", str(NOTEBOOK), "--report", str(folder / "report"), *options, cwd=ROOT)


def main() -> None:
    """Measure in turns, so that a busy minute falls on all alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    ways = {
        "two plain executions": plain,
        "same seed twice": lambda folder: reproduce(folder, "--no-other-seed"),
        "same seed twice, and another": reproduce,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                taken[name].append(way(Path(folder)))
            print(f"round {turn + 1}/{rounds}: {name}: {taken[name][-1]:.1f} s", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in taken.items()}
    base = medians["two plain executions"]
    result = {
        "cores": os.cpu_count(),
        "rounds": rounds,
        "seconds": {name: round(value, 2) for name, value in medians.items()},
        "ratio to two plain executions": {name: round(value / base, 3) for name, value in medians.items()},
        "limit": {
            "same seed twice": 0.5,
            "same seed twice, and another": round(max(0.5, 1.5 / (os.cpu_count() or 1)), 3),
        },
    }
    (Path(__file__).with_suffix(".json")).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{'':32}{'seconds':>9}{'ratio':>8}{'limit':>8}")
    for name, value in medians.items():
        limit = result["limit"].get(name, 1.0)
        print(f"{name:32}{value:9.1f}{value / base:8.2f}{limit:8.2f}")


if __name__ == "__main__":
    main()
