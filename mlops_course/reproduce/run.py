"""Check many notebooks at once, with progress, and clean up whatever happens."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mlops_course.errors import InterruptedByUserError
from mlops_course.reproduce.check import Checker, Options, Result
from mlops_course.reproduce.execute import Workshop
from mlops_course.reproduce.isolation import Reader
from mlops_course.reproduce.surroundings import Tools, find_tools

# Processes talk through sockets in the temporary directory, whose paths may have about 100 characters in all.
LONGEST_TEMPORARY = 55


@dataclass
class Report:
    """All that is known after a call of `course reproduce`."""

    results: list[Result]  # one for each notebook, in the order given
    tools: Tools  # what this computer offered
    options: Options  # what was asked for
    seconds: float  # wall-clock time of the whole call


def reproduce(
    notebooks: list[Path],
    options: Options,
    *,
    report: Path,
    jobs: int | None = None,
    timeout: float = 900.0,
    network: bool = False,
    console: Console | None = None,
) -> Report:
    """Check notebooks side by side; their executed copies go to the folder `report`.

    Parameters
    ----------
    jobs
        Executions at a time; None for one more than there are cores, because a kernel that starts mostly waits.
    timeout
        Seconds for copying a project, for one execution, and for reading what it logged.

    Raises
    ------
    InterruptedByUserError
        The user stopped it; all kernels are gone when this is raised.
    """
    begun = time.monotonic()
    console = console or Console(stderr=True)
    if len(tempfile.gettempdir()) > LONGEST_TEMPORARY and Path("/tmp").is_dir():
        tempfile.tempdir = "/tmp"
    base = Path(tempfile.mkdtemp(prefix="reproduce-"))
    tools = find_tools()
    # The processes that are started from here import nothing from the working directory, which may be a foreign folder.
    os.environ["PYTHONSAFEPATH"] = "1"
    workshop = Workshop(base, tools, timeout=timeout, network=network)
    slots = threading.Semaphore(jobs or (os.cpu_count() or 1) + 1)
    reader = Reader(workshop.wall, workshop.runs, seconds=timeout, stop=workshop.stop)
    with stopped_by_signal(workshop):
        try:
            results = check_all(notebooks, options, workshop, reader, slots, console)
            keep_executed(results, report)
        finally:
            workshop.stop.set()
            reader.close()
            with contextlib.suppress(RecursionError):
                shutil.rmtree(base, onerror=make_writable_and_retry)
            if base.exists() and shutil.which("rm"):  # Python gives up on a tree of a thousand folders in each other
                subprocess.run(["rm", "-rf", "--", str(base)], capture_output=True, check=False)
    return Report(results, tools, options, time.monotonic() - begun)


def check_all(
    notebooks: list[Path],
    options: Options,
    workshop: Workshop,
    reader: Reader,
    slots: threading.Semaphore,
    console: Console,
) -> list[Result]:
    """Run one checker a notebook, each in a thread of its own."""
    with progress_display(console) as display, ThreadPoolExecutor(max_workers=len(notebooks)) as threads:
        pending = []
        for number, notebook in enumerate(notebooks):
            task = display.add_task(notebook.name, total=None, what="copying its project")
            checker = Checker(workshop, reader, slots, options, follower(display, task, notebook, console))

            def check(checker=checker, notebook=notebook, number=number, task=task) -> Result:
                result = checker.check(notebook, workshop.base / f"snapshot-{number}")
                display.update(task, what=result.verdict, total=1, completed=1)
                if not console.is_terminal:
                    console.print(f"{notebook}: {result.verdict}", highlight=False)
                return result

            pending.append(threads.submit(check))
        while True:
            _, unfinished = wait(pending, timeout=0.2)
            if workshop.stop.is_set():
                raise InterruptedByUserError("interrupted; no kernel is left running")
            if not unfinished:
                return [one.result() for one in pending]


def progress_display(console: Console) -> Progress:
    """One line a notebook: what is executed, and how far it is."""
    what = TextColumn("{task.fields[what]}")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), what, TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def follower(display: Progress, task: int, notebook: Path, console: Console):
    """Build the function that shows where the executions of one notebook are."""
    reached: dict[str, tuple[int, int]] = {}

    def follow(label: str, cell: int, cells: int) -> None:
        if label not in reached and not console.is_terminal:
            console.print(f"{notebook}: executing ({label})", highlight=False)
        reached[label] = (cell, cells)
        running = [f"{name} {done}/{total}" for name, (done, total) in reached.items() if done < total]
        completed = sum(done for done, _ in reached.values())
        display.update(task, total=sum(total for _, total in reached.values()), completed=completed,
                       what=" · ".join(running[-3:]) or "comparing")  # fmt: skip

    return follow


@contextlib.contextmanager
def stopped_by_signal(workshop: Workshop) -> Iterator[None]:
    """Turn Ctrl-C and a polite kill into a stop that ends the kernels first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        workshop.stop.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keep_executed(results: list[Result], report: Path) -> None:
    """Copy the executed notebooks into the report's folder."""
    used: set[str] = set()
    for result in results:
        folder = unique(result.notebook.stem, used)
        for label, execution in result.executions.items():
            if execution.output.exists():
                target = report / "executed" / folder / f"{label.replace(' ', '-')}.ipynb"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(execution.output, target)
                execution.output = target


def unique(name: str, used: set[str]) -> str:
    """Find a name that is not taken: two folders may hold notebooks of the same name."""
    candidate, number = name, 2
    while candidate in used:
        candidate, number = f"{name}-{number}", number + 1
    used.add(candidate)
    return candidate


def make_writable_and_retry(_function, path, _info) -> None:
    """Delete what a notebook left without permission to."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)  # its own permissions do not matter, and those of what a link leads to must not change
        else:
            os.chmod(path, 0o700)
            shutil.rmtree(path, ignore_errors=True)


def exit_code(report: Report) -> int:
    """0: every notebook holds; 1: one does not; 2: one could not be checked at all."""
    if any(result.verdict == "unusable" for result in report.results):
        return 2
    return 0 if all(result.holds for result in report.results) else 1
