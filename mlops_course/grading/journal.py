"""What a run has done, so that one that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from mlops_course.errors import CourseError
from mlops_course.execution.job import Finding, Job
from mlops_course.files import write_whole
from mlops_course.grading.files import regular_files, remove
from mlops_course.grading.outcome import CellScore, Outcome

STATE = ".course-grade"  # the folder, in the course directory, of what is remembered

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let nobody else grade in this course meanwhile. The system releases the lock however the process ends.

    Raises
    ------
    CourseError
        If somebody does already.
    """
    with (folder / "lock").open("a") as handle:
        if fcntl:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CourseError(
                    f"{folder.parent}: another `course grade` is at work here. Wait until it has ended, or stop it."
                ) from None
        yield


def without_ids(notebook: str) -> str:
    """Leave out the ids of a notebook's cells: where they are missing, nbformat makes up new ones on every reading."""
    content = json.loads(notebook)
    for cell in content["cells"]:
        cell.pop("id", None)
    return json.dumps(content)


def fingerprint(job: Job) -> str:
    """Name a job by its content: what has the same name need not be executed again."""
    plain = asdict(job) | {"files": None, "notebooks": None}
    digest = hashlib.sha256(json.dumps([version("mlops-course"), version("nbgrader"), plain]).encode())
    for name, notebook in job.notebooks.items():
        digest.update(json.dumps([name, without_ids(notebook)]).encode())
    for name, content in job.files.items():
        digest.update(json.dumps([name, hashlib.sha256(content).hexdigest()]).encode())
    return digest.hexdigest()


def stamp(folder: Path) -> str:
    """Tell one state of a submission's folder from another, without reading its files."""
    digest = hashlib.sha256()
    for file in regular_files(folder, ())[0]:
        status = (folder / file).stat()
        digest.update(f"{str(file)!a} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@dataclass
class Executed:
    """Results of executions whose scores are not in the gradebook yet."""

    folder: Path

    def find(self, name: str) -> bytes | None:
        """Return what was kept under a fingerprint."""
        with suppress(FileNotFoundError):
            return (self.folder / name).read_bytes()
        return None

    def keep(self, name: str, result: bytes) -> None:
        """Keep a result."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / name, result)

    def forget(self, name: str) -> None:
        """Remove a result that was scored."""
        (self.folder / name).unlink(missing_ok=True)

    def forget_all(self, but: set[str] = frozenset()) -> None:
        """Remove what nobody will ask for any more."""
        if self.folder.exists():
            for path in self.folder.iterdir():
                if path.name not in but:
                    path.unlink()


@dataclass
class Seen:
    """What was seen in submissions that are graded: the next report shows it again.

    Parameters
    ----------
    folder
        Where it is kept.
    tests
        What scores depend on now: see `mlops_course.grading.course_directory.describe_tests`.
    """

    folder: Path
    tests: str = ""

    def path(self, student: str) -> Path:
        """Name the file about a student, whatever the name is."""
        return self.folder / f"{hashlib.sha256(student.encode('utf-8', 'surrogateescape')).hexdigest()}.json"

    def keep(self, outcome: Outcome, graded: Path) -> None:
        """Keep what was seen.

        Parameters
        ----------
        outcome
            What became of the submission.
        graded
            Its folder, as it will be in `autograded/`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        plain = asdict(outcome) | {"cells": [], "graded": stamp(graded), "tests": self.tests}
        write_whole(self.path(outcome.student), json.dumps(plain).encode())

    def find(self, student: str, graded: Path, cells: tuple[CellScore, ...]) -> Outcome:
        """Return what is known about a submission that is not graded again.

        Parameters
        ----------
        student
            Whose.
        graded
            Its folder in `autograded/`. If somebody else has graded it since, nothing is known.
        cells
            Its points, as they are now.
        """
        try:
            plain = json.loads(self.path(student).read_bytes())
            if plain["graded"] == stamp(graded):
                if "tests" not in plain:  # written by an earlier version of this program
                    write_whole(self.path(student), json.dumps(plain | {"tests": self.tests}).encode())
                del plain["graded"]
                tests = plain.pop("tests", self.tests)
                findings = tuple(Finding(**finding) for finding in plain["findings"])
                known = {"status": "kept", "cells": cells, "findings": findings, "outdated": tests != self.tests}
                return Outcome(**plain | known)
        except (OSError, ValueError, TypeError, KeyError):
            pass
        return Outcome(student, "kept", cells)


@dataclass
class ForcedRun:
    """A run with `--force`, until every submission that it was asked for is graded.

    Attributes
    ----------
    basis
        What the tests were when it began.
    begun
        When, in ISO 8601.
    unfinished
        Students whose submissions are still to be graded anew.
    done
        Student → stamp of the submission that was graded.
    ended
        Whether it came to its end, so that the next `--force` is a new one.
    """

    basis: str = ""
    begun: str = ""
    unfinished: list[str] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)
    ended: bool = True


@dataclass
class Journal:
    """What is known about earlier runs of one assignment.

    Parameters
    ----------
    folder
        Where it is written down.
    tests
        What scores depend on now: see `mlops_course.grading.course_directory.describe_tests`.
    """

    folder: Path
    tests: str = ""

    def __post_init__(self) -> None:
        """Read what is written down."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.executed = Executed(self.folder / "executed")
        self.seen = Seen(self.folder / "seen", self.tests)
        self.run = self.read()

    @property
    def path(self) -> Path:
        """Name the file about the forced run."""
        return self.folder / "forced.json"

    def read(self) -> ForcedRun:
        """Read about the forced run that was not finished."""
        try:
            return ForcedRun(**json.loads(self.path.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return ForcedRun()

    def write(self) -> None:
        """Write down how far the forced run is."""
        if self.run.unfinished or not self.run.ended:
            write_whole(self.path, json.dumps(asdict(self.run)).encode())
        else:
            self.path.unlink(missing_ok=True)

    def begin(self, students: dict[str, Path], basis: str, *, force: bool) -> tuple[set[str], str]:
        """Begin a run.

        Parameters
        ----------
        students
            Student → folder of the submission, of those who are to be graded.
        basis
            What the tests are.
        force
            Whether to grade those anew who were graded.

        Returns
        -------
        forced
            Those to grade whether they were graded or not.
        message
            What to tell the instructor about it; may be empty.
        """
        run = self.run
        if not force:
            return set(run.unfinished) & students.keys(), self.continues(len(run.unfinished)) if run.unfinished else ""
        if not run.ended and run.basis == basis:
            done = {name for name, folder in students.items() if run.done.get(name) == stamp(folder)}
            forced = students.keys() - done
            run.unfinished = sorted(forced | set(run.unfinished))
            message = self.continues(len(run.unfinished)) if done else ""
        else:
            self.executed.forget_all()
            self.run = ForcedRun(basis, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", sorted(students), {}, ended=False)
            forced, message = set(students), ""
        self.write()
        return forced, message

    def continues(self, left: int) -> str:
        """Say that an earlier run goes on."""
        return (
            f"going on with the run with --force of {self.run.begun}, {left} left "
            f"(to begin it anew, remove {self.path} and use --force)"
        )

    def finish(self, student: str, folder: Path, executed: str) -> None:
        """Write down that a submission is graded: the last step."""
        if student in self.run.unfinished:
            self.run.unfinished.remove(student)
            self.run.done[student] = stamp(folder)
            self.write()
        self.executed.forget(executed)

    def end(self, students: Sequence[str], tried: set[str], failed: set[str]) -> None:
        """Write down that a run came to its end.

        Parameters
        ----------
        students
            Everybody who has handed in.
        tried
            Those whom this run was for.
        failed
            Fingerprints of results that could not be scored yet.
        """
        run = self.run
        run.unfinished = [student for student in run.unfinished if student in students]
        run.ended = run.ended or set(run.unfinished) <= tried
        self.write()
        if tried >= set(students):
            self.executed.forget_all(but=failed)

    def clean(self) -> Path:
        """Return an empty folder for work in progress."""
        place = self.folder / "working"
        remove(place)
        place.mkdir()
        return place
