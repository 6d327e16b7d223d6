"""Plain nbgrader, without any of our preprocessors, grading attacks one by one.

As a program, it prints what succeeded: `python -m tests.attacks.stock [NAME ...]`.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.attacks import course, traces
from tests.attacks.attack import LEFT, Attack, Site, hand_in, honest
from tests.attacks.course import ASSIGNMENT

# What an attack can do besides taking points and showing secrets, and how it is seen here.
HARMS = {
    "course": "a file of the course directory has changed",
    "gradebook": "another student's name or grade has changed",
    "home": "the instructor's home has changed",
    "environment": "the installed packages have changed",
    "process": "a process goes on",
    "litter": "a file lies about in a folder for temporary files",
    "batch": "the students after it are not graded",
    "loss": "the submission is not graded at all, although it contains right answers or harmless ones",
    "script": "the feedback page contains a script of the student's",
}

SECONDS = 40  # longest time for one attack; what takes longer hangs


@dataclass(frozen=True)
class Seen:
    """What came of an attack.

    Attributes
    ----------
    points
        By grade cell; empty if the submission was not graded.
    outputs
        Everything that the graded notebooks show besides the cells themselves.
    harms
        Names from `HARMS`.
    log
        What nbgrader said.
    """

    points: dict[str, float | None]
    outputs: str
    harms: frozenset[str]
    log: str
    seconds: float

    def success(self, attack: Attack) -> list[str]:
        """Say what of the attack did not succeed; nothing if it did."""
        failed = [f"no points for {cell}" for cell in attack.aims if not self.gained(attack, cell)]
        failed += [f"{marker} is not shown" for marker in attack.leaks if marker not in self.outputs]
        return failed + [f"not seen: {HARMS[harm]}" for harm in attack.harms if harm not in self.harms]

    def gained(self, attack: Attack, cell: str) -> bool:
        """Tell whether a cell has more points than its answer deserves."""
        return (self.points.get(cell) or 0) > attack.earned.get(cell, 0)


@dataclass(frozen=True)
class Template:
    """A generated course that is copied for each attack, and where its server listens."""

    folder: Path
    listener: traces.Listener | None = None

    def site(self, folder: Path) -> Site:
        """Make a copy, with a neighbour who has handed in, and a home."""
        shutil.copytree(self.folder, folder / "course")
        home = traces.make_home(folder / "home")
        course.configure(folder / "course", seconds=20)
        address, port = (self.listener.address, self.listener.port) if self.listener else ("127.0.0.1", 0)
        left = f"{LEFT}-{uuid.uuid4().hex[:8]}"
        site = Site(folder / "course", home, address, port, left)
        answers = {"functions": course.solutions(site.course, "functions")}
        hand_in(site, site.neighbour, honest(answers))
        return site


def run_nbgrader(arguments: list[str], folder: str, variables: dict[str, str], log: str) -> None:
    """Run a command of nbgrader in this process, which is used for nothing else."""
    from nbgrader.apps.nbgraderapp import NbGraderApp

    os.setsid()  # what the attack signals is this group and not the tests
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    NbGraderApp.launch_instance(arguments)


def nbgrader(arguments: list[str], site: Site, log: Path, *, seconds: float = SECONDS) -> int | None:
    """Run a command of nbgrader in a process forked from one that has it loaded; give its exit code, None if it hung."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["nbgrader.apps.nbgraderapp"])
    given = (arguments, str(site.course), course.variables(site.home), str(log))
    process = context.Process(target=run_nbgrader, args=given)
    process.start()
    process.join(seconds)
    hung = process.exitcode is None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return None if hung else process.exitcode


def try_out(attack: Attack, template: Template) -> Seen:
    """Grade an attack with plain nbgrader, in a course of its own."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=template.folder.parent, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        site = template.site(folder)
        students = attack.students if attack.copies == 1 else attack.students[:2]
        for student in students:
            hand_in(site, student, attack.hand_in)
        before = traces.take(site)
        log = folder / "log.txt"
        whom = [] if "batch" in attack.harms or attack.copies > 1 else [f"--student={students[0]}"]
        code = nbgrader(["autograde", ASSIGNMENT, *whom, *attack.options], site, log)
        with contextlib.suppress(OSError), log.open("a") as stream:
            stream.write(f"exit code {code}\n")
        if "script" in attack.harms:
            nbgrader(["generate_feedback", ASSIGNMENT, *whom], site, folder / "feedback.txt")
        harms = traces.compare(before, traces.take(site))
        traces.clean(site)
        graded = [student for student in students if traces.executed(traces.graded_folder(site, student))]
        if not graded:
            harms |= {"loss"}
        if "batch" in attack.harms and not traces.executed(traces.graded_folder(site, site.neighbour)):
            harms |= {"batch"}
        if any(traces.has_script(path.read_text()) for path in (site.course / "feedback").rglob("*.html")):
            harms |= {"script"}
        points = traces.points(site, students[0]) if students[0] in graded else {}
        outputs = "\n".join(traces.outputs(traces.graded_folder(site, student)) for student in students)
        text = log.read_text(errors="replace") if log.exists() else ""
        return Seen(points, outputs, frozenset(harms), text, time.monotonic() - started)


@contextlib.contextmanager
def prepared(**options: object) -> Iterator[Template]:
    """Generate a course to copy; not below /tmp, which many a sandbox replaces anyhow."""
    folder = Path(tempfile.mkdtemp(dir=traces.OUTSIDE))
    try:
        with traces.listening() as listener:
            yield Template(course.build(folder / "template", **options), listener)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def try_all(attacks: Iterable[Attack], *, jobs: int = 2) -> Iterator[tuple[Attack, Seen]]:
    """Grade attacks, some at a time."""
    with prepared() as template, ThreadPoolExecutor(jobs) as pool:
        chosen = list(attacks)
        yield from zip(chosen, pool.map(lambda attack: try_out(attack, template), chosen), strict=True)


def main(names: list[str]) -> None:
    """Print a line for each attack."""
    from tests.attacks.corpus import ATTACKS

    chosen = [attack for attack in ATTACKS if attack.on_stock and (not names or attack.name in names)]
    for attack, seen in try_all(chosen):
        failed = seen.success(attack)
        says = "as noted" if attack.succeeds_on_stock == (not failed) else "!!"
        print(f"{says:8} {attack.name:32} {seen.seconds:5.1f} s  {'; '.join(failed) or 'succeeds'}")
        if names:
            print(json.dumps(seen.points), sorted(seen.harms))
            print(seen.outputs[:3000])
            print(seen.log[-3000:])
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
