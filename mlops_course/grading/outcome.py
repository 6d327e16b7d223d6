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

    @property
    def name(self) -> str:
        """Name the cell as `course decide` does."""
        return f"{self.notebook}/{self.cell}"


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
    touched
        Position of a finding → the tests, as NOTEBOOK/CELL, that may have lost points through it.
    decided
        What a person has decided about the submission as a whole; empty if nobody has.
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
    touched: dict[str, list[str]] = field(default_factory=dict)
    decided: str = ""

    @property
    def points(self) -> float:
        """Sum of what was decided."""
        return sum(cell.points or 0.0 for cell in self.cells)

    @property
    def max_points(self) -> float:
        """What all its cells are worth."""
        return sum(cell.max_points for cell in self.cells)

    @property
    def undecided(self) -> tuple[tuple[CellScore, ...], tuple[CellScore, ...]]:
        """Answers that a person has yet to mark; tests that may have lost points for another reason than an answer."""
        touched = {name for names in self.touched.values() for name in names}
        open_cells = [cell for cell in self.cells if cell.points is None]
        tests = tuple(cell for cell in open_cells if not cell.by_hand or cell.name in touched)
        return tuple(cell for cell in open_cells if cell not in tests), tests

    @property
    def waiting(self) -> tuple[CellScore, ...]:
        """Answers that a person has yet to mark."""
        return self.undecided[0]

    @property
    def pending(self) -> tuple[CellScore, ...]:
        """Tests that a person has yet to decide about."""
        return self.undecided[1]

    def touched_cells(self, position: int) -> list[CellScore]:
        """Return the tests that may have lost points through a finding."""
        names = self.touched.get(str(position), ())
        return [cell for cell in self.cells if cell.name in names] if names else []

    def looked_at(self, *, settled: bool) -> list[int]:
        """List the positions of findings, notes left out, that a person has decided about, or has not."""

        def is_settled(position: int) -> bool:
            cells = self.touched_cells(position)
            return all(cell.points is not None for cell in cells) if cells else bool(self.decided)

        found = [position for position, finding in enumerate(self.findings) if finding.kind != "note"]
        return [position for position in found if is_settled(position) is settled]

    @property
    def needs_a_look(self) -> bool:
        """Tell whether the instructor has to decide something."""
        failed = self.status == "failed" and not self.decided
        return failed or bool(self.pending or self.looked_at(settled=False))


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
