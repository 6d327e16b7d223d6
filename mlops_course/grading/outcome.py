"""What grading a class came to, in plain values: the terminal, the page and the JSON file all show this."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_course.execution.job import Finding


@dataclass(frozen=True)
class CellScore:
    """Points of one grade cell of one submission.

    Attributes
    ----------
    points
        What counts: given by hand, or else by the tests; None while a person has to decide.
    max_points
        What the cell is worth.
    by_hand
        Whether a person gives the points (a written answer), or has given them.
    """

    notebook: str
    cell: str
    points: float | None
    max_points: float
    by_hand: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one submission.

    Attributes
    ----------
    student
        Name of the folder in `submitted/`.
    status
        "graded": by this run. "kept": was graded before and has not changed. "failed": could not be graded.
    cells
        Every grade cell; empty if it failed.
    findings
        What was seen during its execution, and what was repaired in it.
    trouble
        Why it could not be graded, and the next step; empty if it could.
    seconds
        Time of its execution; 0 if it was kept.
    outdated
        Whether it was kept although the assignment's code or files are others now than when it was graded.
    """

    student: str
    status: str
    cells: tuple[CellScore, ...] = ()
    findings: tuple[Finding, ...] = ()
    trouble: str = ""
    seconds: float = 0.0
    notebook_seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    outdated: bool = False

    @property
    def points(self) -> float:
        """Sum of what was decided."""
        return sum(cell.points or 0.0 for cell in self.cells)

    @property
    def max_points(self) -> float:
        """What all its cells are worth."""
        return sum(cell.max_points for cell in self.cells)

    @property
    def waiting(self) -> tuple[CellScore, ...]:
        """Cells for which a person has yet to decide."""
        return tuple(cell for cell in self.cells if cell.points is None)

    @property
    def needs_a_look(self) -> bool:
        """Tell whether the instructor should open it."""
        return self.status == "failed" or any(finding.kind != "note" for finding in self.findings)


@dataclass(frozen=True)
class ClassOutcome:
    """What became of the class.

    Attributes
    ----------
    assignment, course
        Name of the assignment; path of the course directory.
    begun
        When, in ISO 8601 with zone.
    seconds
        How long all of it took.
    jobs
        Workers at a time.
    sandboxed
        Whether the code ran in the sandbox.
    outcomes
        By name of student.
    backup
        Path of the copy of the gradebook from before; empty if there was none.
    """

    assignment: str
    course: str
    begun: str
    seconds: float
    jobs: int
    sandboxed: bool
    outcomes: tuple[Outcome, ...]
    backup: str = ""

    @property
    def exit_code(self) -> int:
        """0 if nothing needs a look, else 1."""
        return int(bool(self.outdated) or any(outcome.needs_a_look for outcome in self.outcomes))

    @property
    def outdated(self) -> int:
        """Number of submissions whose scores come from other tests than the assignment has now."""
        return sum(outcome.outdated for outcome in self.outcomes)
