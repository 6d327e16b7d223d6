"""Grades out of the gradebook, as the files that other systems import: `nbgrader export --exporter=...`.

Another system is one small class: a subclass of `GradesFile` that names its columns and fills one row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student
from nbgrader.plugins import ExportPlugin

from mlops_course.errors import CourseError
from mlops_course.grading.submission import read_time

# A spreadsheet runs what begins like this (OWASP, "CSV injection"); the last four are the wide forms of the first four.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
HARMLESS = re.compile(r"[\w.@+-]*")  # no brackets, bars, quotes or separators: nothing that a formula needs to do harm


class Identifier(str):
    """Text by which the other system finds a student: it must arrive unchanged."""

    __slots__ = ()


@dataclass(frozen=True)
class Result:
    """What one student reached in one assignment.

    Attributes
    ----------
    assignment
        Name of the assignment.
    student_id, email
        As they are in the gradebook; the address is empty where it is not known.
    first_name, last_name
        Empty where they are not known.
    duedate, timestamp
        When the work was due and when it came, as text; empty where that is not known.
    submitted
        Whether the gradebook has a submission. Without one, all points are 0.
    raw_score, penalty, score, max_score
        Points: before the penalty for being late, that penalty, what is left (never below 0), and what can be reached.
    by_notebook
        Points before the penalty and points that can be reached, by notebook.
    unfinished
        Why the score is not final; empty where it is.
    """

    assignment: str
    student_id: Identifier
    email: Identifier
    first_name: str
    last_name: str
    duedate: str
    timestamp: str
    submitted: bool
    raw_score: float
    penalty: float
    score: float
    max_score: float
    by_notebook: dict[str, tuple[float, float]] = field(default_factory=dict)
    unfinished: str = ""

    def comment(self) -> str:
        """Say in one line how the points came about."""
        if not self.submitted:
            return "No submission."
        parts = [f"{name}: {score:g} of {most:g}" for name, (score, most) in self.by_notebook.items()]
        late = [f"late: {-self.penalty:g}"] if self.penalty else []
        return "; ".join([*parts, *late])


class GradesFile(ExportPlugin):
    """What all exporters share; a subclass says what its file looks like.

    A subclass defines `columns` and `row`, and may set the three attributes below.
    """

    default_name = "grades.csv"
    only_final = True  # leave out, and name, who is not graded to the end
    one_assignment = False  # the other system takes one assignment for each file

    def columns(self, assignments: list[str]) -> list[str]:
        """Give the head of the file."""
        raise NotImplementedError

    def row(self, result: Result) -> list[Any]:
        """Give one line of the file. Numbers and `Identifier` arrive as they are, other text is made harmless."""
        raise NotImplementedError

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that `--to` names; `--assignment` and `--student` say what goes into it."""
        try:
            self.write(gradebook)
        except CourseError as problem:
            self.parent.fail("%s", problem)

    def write(self, gradebook: Gradebook) -> None:
        """Do the work of `export`.

        Raises
        ------
        CourseError
            If there is no such assignment or student, too many assignments, or the file cannot be written.
        """
        assignments = chosen(gradebook.assignments, "name", self.assignment, "assignment")
        students = chosen(gradebook.students, "id", self.student, "student")
        names = [assignment.name for assignment in assignments]
        if self.one_assignment and len(names) != 1:
            raise CourseError(f"This file holds one assignment. Add --assignment NAME, one of: {', '.join(names)}.")
        results = [result for one in assignments for result in self.results(gradebook, one, students)]
        unfinished = [result for result in results if result.unfinished]
        for result in unfinished:
            what = "left out" if self.only_final else "NOT FINAL"
            self.log.warning("%s, %s: %s: %s", what, result.assignment, result.student_id, result.unfinished)
        for name in names if not self.student else []:
            for stranger in self.ungraded_strangers(name, students):
                self.log.warning("left out, %s: %s: handed in, but never graded. Grade it.", name, stranger)
        written = [result for result in results if not (self.only_final and result.unfinished)]
        target = Path(self.to or self.default_name)
        save(target, self.columns(names), map(self.row, written))
        self.log.info("%s: %d grades, %d not final", target, len(written), len(unfinished))

    def results(self, gradebook: Gradebook, assignment: Assignment, students: list[Student]) -> Iterator[Result]:
        """Give the result of every student, sorted by student."""
        for student in students:
            identity = {
                "assignment": assignment.name,
                "student_id": Identifier(student.id),
                "email": Identifier(student.email or ""),
                "first_name": student.first_name or "",
                "last_name": student.last_name or "",
                "duedate": str(assignment.duedate or ""),
                "max_score": float(assignment.max_score or 0),
            }
            try:
                submission = gradebook.find_submission(assignment.name, student.id)
            except MissingEntry:
                handed_in = self.submitted_folder(student.id, assignment.name).is_dir()
                reason = "handed in, but not graded. Grade it." if handed_in else suspicious(identity)
                yield Result(**identity, timestamp="", submitted=False, raw_score=0.0, penalty=0.0, score=0.0,
                             unfinished=reason)  # fmt: skip
                continue
            raw, penalty = float(submission.score or 0), float(submission.late_submission_penalty or 0)
            waiting = [notebook.name for notebook in submission.notebooks if notebook.needs_manual_grade]
            if waiting:
                reason = f"waits for points by hand in {', '.join(sorted(waiting))}. Formgrader, Manual Grading."
            elif is_newer(self.submitted_folder(student.id, assignment.name), submission.timestamp):
                reason = "a newer submission came in and is not graded. Grade it."
            else:
                reason = suspicious(identity)
            notebooks = sorted(submission.notebooks, key=lambda notebook: notebook.name)
            yield Result(
                **identity,
                timestamp=str(submission.timestamp or ""),
                submitted=True,
                raw_score=raw,
                penalty=penalty,
                score=max(0.0, raw - penalty),
                by_notebook={one.name: (float(one.score or 0), float(one.max_score or 0)) for one in notebooks},
                unfinished=reason,
            )

    def submitted_folder(self, student: str, assignment: str) -> Path:
        """Give the folder in which a submission waits to be graded."""
        directory = self.parent.coursedir
        return Path(directory.format_path(directory.submitted_directory, student, assignment))

    def ungraded_strangers(self, assignment: str, known: list[Student]) -> list[str]:
        """Name who handed in and is not in the gradebook: grading puts a student there."""
        marker = self.submitted_folder("STUDENT", assignment)
        if "STUDENT" not in marker.parts:
            return []
        above = Path(*marker.parts[: marker.parts.index("STUDENT")])
        ids = {student.id for student in known}
        folders = sorted(above.iterdir()) if above.is_dir() else []
        return [
            one.name for one in folders if one.name not in ids and self.submitted_folder(one.name, assignment).is_dir()
        ]


class GradesTable(GradesFile):
    """All that nbgrader's own table has, in its columns, and whether the score is final.

    nbgrader's own exporter writes names with commas as they are, which shifts the columns, and does not say that
    answers wait for a person.
    """

    only_final = False

    def columns(self, _assignments: list[str]) -> list[str]:
        """Give nbgrader's columns and one more."""
        return ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
                "late_submission_penalty", "score", "max_score", "final"]  # fmt: skip

    def row(self, result: Result) -> list[Any]:
        """Give one line for each student and assignment."""
        return [result.assignment, result.duedate, result.timestamp, result.student_id, result.last_name,
                result.first_name, result.email, result.raw_score, result.penalty, result.score, result.max_score,
                "no" if result.unfinished else "yes"]  # fmt: skip


class MoodleGrades(GradesFile):
    """A file for Moodle: Grades, Import, CSV file (https://docs.moodle.org/en/Grade_import).

    Its columns are those that Moodle's own export makes, since Moodle documents that both are the same. Moodle takes an
    empty grade as "no grade" and deletes what was there, and one row that it cannot read stops the whole import.
    Therefore the file holds one assignment, and students whose grade is not final have no row.
    """

    default_name = "moodle_grades.csv"
    one_assignment = True

    def columns(self, assignments: list[str]) -> list[str]:
        """Give the columns by which Moodle finds a student, the grade and its comment."""
        (name,) = assignments
        grade = f"Assignment: {name}"
        return ["First name", "Last name", "ID number", "Email address", f"{grade} (Real)", f"{grade} (Feedback)"]

    def row(self, result: Result) -> list[Any]:
        """Give one line for each student."""
        return [result.first_name, result.last_name, result.student_id, result.email, result.score, result.comment()]


def chosen(entries: Iterable[Any], key: str, wanted: Iterable[Any], kind: str) -> list[Any]:
    """Pick the entries of the gradebook that were asked for, or all of them.

    Raises
    ------
    CourseError
        If there are none, or one that was asked for does not exist.
    """
    by_name = {getattr(entry, key): entry for entry in entries}
    names = [str(name) for name in wanted]
    if missing := [name for name in names if name not in by_name]:
        known = ", ".join(sorted(by_name)) or "none"
        raise CourseError(f"The gradebook knows no {kind} {', '.join(missing)}. It knows: {known}.")
    if not by_name:
        raise CourseError(f"The gradebook holds no {kind} yet. Generate the assignment and grade submissions first.")
    return [by_name[name] for name in sorted(names or by_name)]


def suspicious(identity: dict[str, Any]) -> str:
    """Say which identifier a spreadsheet would run as a formula; it cannot be changed, or nobody would be found."""
    for name in ("student_id", "email"):
        value = identity[name]
        if value.startswith(FORMULA) and not HARMLESS.fullmatch(value):
            return f"a spreadsheet would run the {name} as a formula. Correct it in the gradebook."
    return ""


def is_newer(folder: Path, graded: Any) -> bool:
    """Tell whether what lies in `submitted` came in after what was graded."""
    handed_in = read_time(folder)
    return handed_in is not None and graded is not None and handed_in > graded


def harmless(value: Any) -> Any:
    """Make text that a spreadsheet shows and never runs; leave numbers and identifiers alone."""
    if not isinstance(value, str) or isinstance(value, Identifier):
        return value
    # PHP, in which Moodle is written, reads a backslash before a quote as part of the text.
    text = " ".join(value.replace("\\", "/").split())
    return f"'{text}" if value.startswith(FORMULA) or text.startswith(FORMULA) else text


def save(target: Path, head: list[str], rows: Iterable[list[Any]]) -> None:
    """Write a CSV file in UTF-8.

    Raises
    ------
    CourseError
        If the file cannot be written.
    """
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([harmless(name) for name in head])
            writer.writerows([[harmless(value) for value in row] for row in rows])
    except OSError as problem:
        raise CourseError(f"{target}: {problem.strerror or problem}. Name another file with --to.") from None
