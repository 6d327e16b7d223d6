"""Count a class: points per task, the distribution of scores, bins for a histogram."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mlops_course.grading.outcome import Outcome

HARD = 0.5  # the class failed a task if it got less than this share of its points


@dataclass(frozen=True)
class Task:
    """What the class got for one grade cell."""

    notebook: str
    cell: str
    max_points: float
    # How many submissions got all points, some, or none, or wait for a person to decide.
    full: int
    partial: int
    none: int
    waiting: int
    total: float  # points of those that are decided, together
    by_hand: bool = False  # whether a person gives the points

    @property
    def decided(self) -> int:
        """Number of submissions that have points here, be they 0."""
        return self.full + self.partial + self.none

    @property
    def mean(self) -> float | None:
        """Mean of the points; None if nothing is decided, or answers wait: the empty ones have their 0 already."""
        return None if (self.by_hand and self.waiting) or not self.decided else self.total / self.decided

    @property
    def share(self) -> float | None:
        return None if self.mean is None else self.mean / self.max_points


@dataclass(frozen=True)
class Scores:
    """Comparable scores of the class."""

    values: tuple[float, ...]  # one per submission that was graded, and has no test to decide about
    max_points: float
    # Answers that a person has yet to mark, for anybody, are in nobody's score: with them, marked and waiting
    # submissions would be compared with each other.
    left_out: int = 0
    left_out_points: float = 0.0
    undecided: int = 0  # submissions with tests to decide about


@dataclass(frozen=True)
class Bin:
    """One bar of a histogram: from `low`, up to but without `high` (the last one: with it)."""

    low: float
    high: float
    count: int


def count_tasks(outcomes: Iterable[Outcome]) -> list[Task]:
    """Count full, partial and no points for each grade cell that is worth any, in the order of the notebooks."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for outcome in outcomes:
        for cell in outcome.cells:
            if cell.max_points <= 0:
                continue
            names = ("max_points", "full", "partial", "none", "waiting", "total", "by_hand")
            counts = found.setdefault((cell.notebook, cell.cell), dict.fromkeys(names, 0))
            counts["by_hand"] |= cell.by_hand
            counts["max_points"] = max(counts["max_points"], cell.max_points)
            if cell.points is None:
                counts["waiting"] += 1
                continue
            kind = "full" if cell.points >= cell.max_points else "partial" if cell.points > 0 else "none"
            counts[kind] += 1
            counts["total"] += cell.points
    return [Task(notebook, cell, **counts) for (notebook, cell), counts in found.items()]


def hardest(tasks: Iterable[Task], most: int = 3) -> list[Task]:
    """Find the tasks that the class failed: the one with the smallest share of its points comes first."""
    failed = [task for task in tasks if task.share is not None and task.share < HARD]
    return sorted(failed, key=lambda task: task.share)[:most]


def compare_scores(outcomes: Iterable[Outcome]) -> Scores:
    """Sum the points of each submission over the cells that are decided for all of them."""
    every = [outcome for outcome in outcomes if outcome.cells]
    graded = [outcome for outcome in every if not outcome.pending]
    worth: dict[tuple[str, str], float] = {}
    for outcome in graded:
        for cell in outcome.cells:
            worth[cell.notebook, cell.cell] = max(cell.max_points, worth.get((cell.notebook, cell.cell), 0.0))
    waiting = {(cell.notebook, cell.cell) for outcome in graded for cell in outcome.cells if cell.points is None}
    values = tuple(
        sum(cell.points for cell in outcome.cells if (cell.notebook, cell.cell) not in waiting) for outcome in graded
    )
    left_out_points = sum(worth[one] for one in waiting)
    max_points = sum(worth.values()) - left_out_points
    return Scores(values, max_points, len(waiting), left_out_points, len(every) - len(graded))


def make_bins(values: Iterable[float], top: float, most: int = 12) -> list[Bin]:
    """Count values in at most `most` bins of a round width from 0 to `top` (or to the largest value)."""
    values = [value for value in values if math.isfinite(value)]
    top = max([top, *values])
    if not values or top <= 0:
        return []
    width = round_width(top / most)
    number = math.ceil(top / width - 1e-9)
    counts = [0] * number
    for value in values:
        counts[min(max(int(value / width + 1e-9), 0), number - 1)] += 1
    return [Bin(width * index, min(width * (index + 1), top), count) for index, count in enumerate(counts)]


def round_width(least: float) -> float:
    """Round up to 1, 2, 2.5 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least * (1 - 1e-9))
