"""What a check finds, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How far something is; the words are the ones that a student reads."""

    THERE = "there"
    NOT_ATTEMPTED = "not attempted"
    UNFINISHED = "unfinished"
    NOT_RUN = "not run yet"
    STALE = "out of date"
    WRONG = "wrong"
    MISSING = "missing"
    UNREADABLE = "unreadable"


# Of several states the first one in this order is what to say about the whole.
WORST_FIRST = (
    Status.UNREADABLE,
    Status.MISSING,
    Status.WRONG,
    Status.STALE,
    Status.NOT_RUN,
    Status.UNFINISHED,
    Status.NOT_ATTEMPTED,
    Status.THERE,
)


@dataclass(frozen=True)
class Test:
    """One test of the version for students, or one written answer, as the saved notebook shows it.

    `label` is what the notebook calls the task, for example "Task 1".
    """

    __test__ = False  # no test of pytest's

    notebook: str
    task: str
    name: str
    status: Status
    message: str = ""
    label: str = ""


@dataclass(frozen=True)
class Evidence:
    """What the last run left on the disk. `status` is None where there is nothing to look at."""

    status: Status | None
    text: str


@dataclass(frozen=True)
class Deliverable:
    """One row of the checklist."""

    name: str
    status: Status
    found: str
    next_step: str = ""
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True)
class Difference:
    """A package in another version than the course's; None stands for not there or, without `wanted`, not asked for."""

    package: str
    wanted: str | None
    found: str | None


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that is not handed in."""

    path: str
    reason: str


@dataclass(frozen=True)
class Packed:
    """A zip for a learning management system.

    `without_outputs` names notebooks that were too large with their outputs.
    """

    path: str
    files: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    without_outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything that a check found."""

    assignment: str
    folder: str
    student: str
    deliverables: tuple[Deliverable, ...]
    warnings: tuple[str, ...] = ()
    environment: tuple[Difference, ...] = ()
    frozen: tuple[Difference, ...] = ()
    packed: Packed | None = field(default=None)

    @property
    def complete(self) -> bool:
        """Tell whether every deliverable is there."""
        return all(one.status is Status.THERE for one in self.deliverables)


def worst(states: list[Status]) -> Status:
    """Say in one word how far something is that has parts in these states.

    Parts that are there beside parts that nobody has begun make a whole that is unfinished.
    """
    found = set(states)
    if found == {Status.NOT_ATTEMPTED}:
        return Status.NOT_ATTEMPTED
    leading = next(status for status in WORST_FIRST if status in found)
    return Status.UNFINISHED if leading is Status.NOT_ATTEMPTED else leading
