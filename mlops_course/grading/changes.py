"""Whose score changed between two gradebooks: before and after a test was repaired."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from rich.console import Console
from rich.table import Table

from mlops_course.errors import CourseError

Place = tuple[str, str, str]  # student, notebook, grade cell


@dataclass(frozen=True)
class Change:
    """One grade cell of one student that gives other points than before; None where it was not graded."""

    student: str
    notebook: str
    cell: str
    before: float | None
    after: float | None


def read_scores(database: Path, assignment: str) -> dict[Place, float]:
    """Read the score of every grade cell of every submission; points given by hand count before those of the tests."""
    if not database.is_file():
        raise CourseError(f"{database}: no such file. Copy gradebook.db before grading again, and name the copy.")
    if not database.read_bytes()[:15] == b"SQLite format 3":
        raise CourseError(f"{database}: this is not a gradebook of nbgrader.")
    with Gradebook(f"sqlite:///{database.resolve()}") as gradebook:
        try:
            submissions = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            raise CourseError(f"{database}: it knows no assignment '{assignment}'.") from None
        return {
            (submission.student.id, notebook.name, grade.name): grade.score
            for submission in submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def compare(before: dict[Place, float], after: dict[Place, float]) -> list[Change]:
    places = sorted(before.keys() | after.keys())
    return [
        Change(*place, before.get(place), after.get(place)) for place in places if before.get(place) != after.get(place)
    ]


def print_changes(changes: list[Change], console: Console) -> None:
    if not changes:
        console.print("No score changed.")
        return
    table = Table("student", "notebook", "grade cell")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    for change in changes:
        points = ["-" if value is None else f"{value:g}" for value in (change.before, change.after)]
        table.add_row(change.student, change.notebook, change.cell, *points)
    console.print(table)
    students = {change.student for change in changes}
    console.print(f"{len(changes)} scores of {len(students)} students changed.")
