"""Measure `course grade` beside plain `nbgrader autograde`, in one run.

    bash env/setup.sh python benchmarks/grade.py

1. A class of copies of the instructor's solution: plain nbgrader, one after the other, without a sandbox, and
   `course grade` as it is by default, in turns: a part of the class, `course grade --solution` and `course grade`, a
   part, `course grade --force`, and so on. What cells take in warm kernels, divided by the cores, is the limit.
2. The same submission executed again and again by one worker: without the sandbox, with it, and with tests in a
   kernel of their own.
3. Classes of 10 to 300 trivial submissions: what a submission costs beside its cells.

Prints tables and rewrites `grade.json` beside this file, after each part. Takes about an hour; let nothing else run
meanwhile.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import nbformat
import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mlops_course.execution.job import decode_job, decode_result, encode  # noqa: E402
from mlops_course.execution.sandbox import Worker, patience  # noqa: E402
from tests.assignment.course_copy import ASSIGNMENT, NOTEBOOKS, CourseCopy  # noqa: E402

RUNS = 3  # of `course grade`, over the whole class
STOCK = """
from nbgrader.preprocessors import Execute
c.Autograde.autograde_preprocessors[0] = Execute
"""


class Memory(threading.Thread):
    """Samples the memory of a process and all below it, what they share counted once."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.peak = 0
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        """Look twice a minute: it costs time itself, more where there are many processes."""
        while not self.over.wait(30):
            total = 0
            try:
                for process in [self.process, *self.process.children(recursive=True)]:
                    try:
                        total += process.memory_full_info().pss
                    except (psutil.Error, OSError):
                        continue
            except psutil.Error:
                continue
            self.peak = max(self.peak, total)


def timed(command: list[str], folder: Path) -> tuple[float, int]:
    """Run a command; return seconds and the peak of its memory in bytes."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=said, env=os.environ | {"HOME": str(folder), "NO_COLOR": "1"}
        )
        memory = Memory(psutil.Process(process.pid))
        code = process.wait()
        memory.over.set()
        taken = time.perf_counter() - begun
        if code:
            said.seek(0)
            sys.exit(f"{command}: exit code {code}\n{said.read()[-3000:].decode(errors='replace')}")
    return taken, memory.peak


SPIN = """
import time
begun = time.perf_counter()
table = {}
for number in range(3_000_000):
    table[str(number % 50_000)] = number
print(time.perf_counter() - begun)
"""


def worth(cores: int, rounds: int = 5) -> float:
    """Measure how many times the work of one busy core all of them do when they are busy at once.

    What a virtual machine calls two cores can be two threads of one core, or be shared with others.
    """

    def spin(count: int) -> float:
        running = [subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE) for _ in range(count)]
        return statistics.mean(float(process.communicate()[0]) for process in running)

    ratios = [cores * spin(1) / spin(cores) for _ in range(rounds)]
    print(f"{cores} cores at once do the work of {', '.join(f'{ratio:.2f}' for ratio in ratios)}", flush=True)
    return round(statistics.median(ratios), 2)


def processor_seconds() -> float:
    """Read how long processors have been busy since this computer was started, in all processes together."""
    times = psutil.cpu_times()
    return sum(
        value
        for name, value in times._asdict().items()
        if name not in ("idle", "iowait", "steal", "guest", "guest_nice")
    )


def program(name: str) -> str:
    """Return the path of a command of this environment."""
    return str(Path(sys.executable).parent / name)


def solved_class(folder: Path, copies: int) -> CourseCopy:
    """Make a course in which everybody handed in the instructor's solution."""
    course = CourseCopy(folder)
    course.generate()
    hand_in(course, range(copies))
    return course


def hand_in(course: CourseCopy, numbers: range) -> None:
    """Hand in the instructor's solution for so many students."""
    answers = {name: course.solutions(name) for name in NOTEBOOKS}
    for number in numbers:
        student = f"student{number:03}"
        course.hand_in(student, {name: course.fill(name, answers[name], student) for name in NOTEBOOKS})


def by_nbgrader(course: CourseCopy, numbers: range) -> tuple[float, int]:
    """Hand in for these students and let plain nbgrader grade them; return seconds and the peak of its memory."""
    hand_in(course, numbers)
    seconds, memory = timed([program("nbgrader"), "autograde", ASSIGNMENT], course.folder)
    print(f"nbgrader autograde, {len(numbers)}: {seconds:.1f} s, {memory / 1e9:.2f} GB", flush=True)
    return seconds, memory


def compared(slow: list[float], bounds: list[int], own: float, runs: list[float]) -> dict[str, object]:
    """Compare `course grade` with plain nbgrader, each run with what came just before and just after it, and all.

    A shared machine changes its speed within minutes, by a fifth.

    Parameters
    ----------
    slow
        What nbgrader took for each part of the class, in seconds.
    bounds
        Where each part begins, and the number of the whole class.
    own
        What `course grade --solution` took between the first part and the second.
    runs
        What `course grade` took for the whole class: the first time after `own`, then with `--force` after each
        further part but the last.
    """
    sizes = [end - begin for begin, end in pairwise(bounds)]
    each = [seconds / size for seconds, size in zip(slow, sizes, strict=True)]
    whole = [bounds[-1] * (before + after) / 2 for before, after in pairwise(each)]
    faster = [round(nbgrader / seconds, 2) for nbgrader, seconds in zip(whole, runs, strict=True)]
    page: dict[str, object] = {
        "nbgrader autograde, seconds for each part": [round(seconds, 1) for seconds in slow],
        "submissions in them": sizes,
        "course grade --solution, seconds": round(own, 1),
        "course grade, the first time and with --force, seconds": [round(seconds, 1) for seconds in runs],
        "times faster than nbgrader just before and after": faster,
        "times faster, nbgrader's whole class and the mean of the runs": round(sum(slow) / statistics.mean(runs), 2),
        "times faster, the first time with the solution's execution": round(whole[0] / (own + runs[0]), 2),
    }
    print(f"{', '.join(map(str, faster))} times faster", flush=True)
    return page


def scores(course: CourseCopy, copies: int) -> set[float]:
    """Return the points that the class got: one number, if all got the same."""
    return {sum(value or 0 for value in course.points(f"student{number:03}").values()) for number in range(copies)}


def cell_seconds(text: str) -> float:
    """Sum what the cells of an executed notebook took, by the kernel's own clock."""
    total = 0.0
    for cell in nbformat.reads(text, as_version=4).cells:
        times = cell.metadata.get("execution", {})
        if "iopub.execute_input" in times and "shell.execute_reply" in times:
            ends, begins = (
                datetime.fromisoformat(times[name].replace("Z", "+00:00"))
                for name in ("shell.execute_reply", "iopub.execute_input")
            )
            total += (ends - begins).total_seconds()
    return total


def a_job(course: CourseCopy) -> bytes:
    """Capture what `course grade` sends to be executed for one submission."""
    from mlops_course.grading.command import grade

    captured: list[bytes] = []

    def engine(_jobs: int):
        from concurrent.futures import ThreadPoolExecutor

        class Capture(ThreadPoolExecutor):
            def submit(self, function, /, *arguments):
                captured.append(arguments[0])
                return super().submit(function, *arguments)

        return Capture(1)

    grade(ASSIGNMENT, course.folder, students=("student000",), jobs=1, engine=engine)
    return captured[-1]


def variants(job: bytes, rounds: int) -> dict[str, dict[str, float]]:
    """Execute one submission in all ways, in turns."""
    full = decode_job(job)
    full = dataclasses.replace(full, settings={**full.settings, "record_timing": True})
    plain = dataclasses.replace(full, separate=False)
    ways = {
        "forked kernels alone": dataclasses.replace(plain, sandbox=False),
        "with the sandbox": plain,
        "with the sandbox, tests in a kernel of their own": dataclasses.replace(full, separate=True),
    }
    workers = {way: Worker(one.preload, sandboxed=one.sandbox) for way, one in ways.items()}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    cells: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(rounds + 1):
        for way, one in ways.items():
            begun = time.perf_counter()
            result = decode_result(workers[way].run(encode(one), patience(one)))
            seconds = time.perf_counter() - begun
            print(f"round {turn}: {way}: {seconds:.1f} s", flush=True)
            if turn:  # the first round warms up
                taken[way].append(seconds)
                cells[way].append(sum(map(cell_seconds, result.notebooks.values())))
    for worker in workers.values():
        worker.close()
    return {
        way: {"seconds": round(statistics.median(taken[way]), 2), "in cells": round(statistics.median(cells[way]), 2)}
        for way in ways
    }


def trivial_class(folder: Path, size: int) -> Path:
    """Make a course whose assignment takes no time."""
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'trivial'\n")
    source = folder / "source" / "one"
    source.mkdir(parents=True)
    cells = []
    for grade_id, text, settings in (
        ("answer", "### BEGIN SOLUTION\nx = 1\n### END SOLUTION", {"solution": True}),
        ("tests", "assert x == 1", {"grade": True, "locked": True, "points": 1}),
    ):
        cell = nbformat.v4.new_code_cell(text)
        known = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
        cell.metadata.nbgrader = nbformat.from_dict({**known, "grade_id": grade_id, **settings})
        cells.append(cell)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source / "one.ipynb")
    timed([program("nbgrader"), "generate_assignment", "one"], folder)
    text = (source / "one.ipynb").read_text()
    for number in range(size):
        handed = folder / "submitted" / f"student{number:03}" / "one"
        handed.mkdir(parents=True)
        (handed / "one.ipynb").write_text(text)
    return folder


def save(page: dict[str, object]) -> None:
    """Write down what is known so far."""
    (ROOT / "benchmarks" / "grade.json").write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure everything, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 30, 100, 300])
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    page: dict[str, object] = {"cores": cores, "python": platform.python_version(), "copies": options.copies}
    with tempfile.TemporaryDirectory() as base:
        ours = solved_class(Path(base) / "ours", options.copies)
        stock = solved_class(Path(base) / "stock", 0)
        with (stock.folder / "nbgrader_config.py").open("a") as file:
            file.write(STOCK)
        bounds = [options.copies * number // (RUNS + 1) for number in range(RUNS + 2)]
        busy: list[float] = []

        def counted(run: Callable[..., tuple[float, int]], *arguments: object) -> tuple[float, int]:
            before = processor_seconds()
            taken = run(*arguments)
            busy.append(round(processor_seconds() - before))
            return taken

        def grade(*options: str) -> tuple[float, int]:
            return timed([program("course"), "grade", ASSIGNMENT, *options], ours.folder)

        cores_worth = [worth(cores)]
        slow = [counted(by_nbgrader, stock, range(*bounds[0:2]))]
        own, _ = counted(grade, "--solution")
        print(f"course grade --solution: {own:.1f} s", flush=True)
        fast: list[tuple[float, int]] = []
        for part in pairwise(bounds[1:]):
            fast.append(counted(grade, *["--force"] * bool(fast)))
            print(f"course grade: {fast[-1][0]:.1f} s, {fast[-1][1] / 1e9:.2f} GB", flush=True)
            cores_worth.append(worth(cores))
            slow.append(counted(by_nbgrader, stock, range(*part)))
        runs = [seconds for seconds, _ in fast]
        assert scores(ours, options.copies) == scores(stock, options.copies), "the scores differ"
        page["class"] = compared([seconds for seconds, _ in slow], bounds, own, runs) | {
            "processor seconds of all these, in turns, of all that ran": busy,
            "cores at once, times one core's work, before and after each run": cores_worth,
            "peak memory of nbgrader autograde, GB": round(max(peak for _, peak in slow) / 1e9, 2),
            "peak memory of course grade, GB": round(max(peak for _, peak in fast) / 1e9, 2),
        }
        save(page)
        measured = variants(a_job(solved_class(Path(base) / "one", 1)), options.rounds)
        bare = measured["forked kernels alone"]["seconds"]
        page["one submission, one worker"] = {
            way: row | {"ratio": round(row["seconds"] / bare, 2)} for way, row in measured.items()
        }
        # Without the sandbox what cells start is not forked: `with the sandbox` is what warm kernels take.
        limit = measured["with the sandbox"]["in cells"] / cores
        page["limit"] = {
            "cell seconds of a submission in warm kernels, divided by the cores": round(limit, 2),
            "course grade, seconds for each submission": round(statistics.mean(runs) / options.copies, 2),
            "ratio": round(statistics.mean(runs) / options.copies / limit, 2),
        }
        save(page)
        overhead: dict[str, dict[str, float]] = {}
        smaller, before = 0, 0.0
        for size in options.sizes:
            folder = trivial_class(Path(base) / f"trivial{size}", size)
            seconds, _ = timed([program("course"), "grade", "one"], folder)
            each = (seconds - before) / (size - smaller)  # than in the class before
            smaller, before = size, seconds
            overhead[str(size)] = {"seconds": round(seconds, 1), "seconds for each more": round(each, 3)}
            print(f"{size} trivial submissions: {seconds:.1f} s, {each:.3f} s each", flush=True)
        page["trivial submissions"] = overhead
    print(json.dumps(page, indent=1))
    save(page)


if __name__ == "__main__":
    main()
