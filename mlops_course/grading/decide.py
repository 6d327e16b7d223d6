"""`course decide`: points for what needs a look, in the gradebook and for every later grading."""

from __future__ import annotations

import re
from pathlib import Path

from nbgrader.api import Gradebook

from mlops_course.errors import CourseError
from mlops_course.grading.course_directory import OpenCourse, choose, find_submissions, open_for_grading
from mlops_course.grading.decisions import Decision, Decisions, digest_of, give, now
from mlops_course.grading.gradebook import one_transaction, read_scores
from mlops_course.grading.outcome import CellScore
from mlops_course.grading.submission import final_folder, is_graded, read_time


def decide(
    assignment: str, folder: Path, *, students: tuple[str, ...] = (), cell: str = "", points: float | None = None
) -> list[Decision]:
    """Decide about tests that need a look.

    Parameters
    ----------
    assignment, folder
        Name of the assignment; the course directory.
    students
        Whose; everybody's who waits for a decision if empty.
    cell
        NOTEBOOK/CELL or CELL; all that wait if empty.
    points
        For each of these cells; None for what the tests gave.

    Returns
    -------
    list of Decision
        What was decided.

    Raises
    ------
    CourseError
        If there is nothing to decide, or no such points.
    """
    with open_for_grading(assignment, folder, sandbox=False, on_event=lambda *_event: None) as opened:
        directory = opened.course.app.coursedir
        chosen = choose(find_submissions(opened.course.app, assignment), students, assignment)
        made: list[Decision] = []
        with (
            one_transaction(opened.course.database, directory.db_url, keep=True) as connection,
            Gradebook(directory.db_url) as gradebook,
        ):
            for student, handed_in in chosen.items():
                if is_graded(opened.course, student, handed_in):
                    scores = read_scores(connection, assignment, student)
                    cells = to_decide(opened, student, scores, named=bool(students))
                elif not students:
                    continue
                else:
                    if points != 0 or cell:
                        raise CourseError(
                            f"{student}: is not graded. All that can be decided is `--points 0`, for all."
                        )
                    gradebook.update_or_create_student(student)
                    gradebook.update_or_create_submission(assignment, student, timestamp=read_time(handed_in))
                    gradebook.db.commit()
                    cells = {"": None} | {one.name: one for one in read_scores(connection, assignment, student)}
                wanted = {name: one for name, one in cells.items() if not cell or is_named(name, cell)}
                check_points(student, wanted, points, one=bool(cell))
                submission = gradebook.find_submission(assignment, student)
                for notebook in submission.notebooks:
                    for grade in notebook.grades:
                        if f"{notebook.name}/{grade.name}" in wanted:
                            give(grade, points)
                digest = digest_of(handed_in, directory.ignore)
                whole = "" in wanted and not is_graded(opened.course, student, handed_in)
                for name in [""] if whole else wanted:
                    made.append(Decision(student, name, points if name or whole else None, digest, now()))
            if not made:
                who = ", ".join(students) or "anybody"
                raise CourseError(f"{assignment}: nothing{f' in {cell}' * bool(cell)} waits for a decision ({who}).")
            gradebook.db.commit()
            Decisions(opened.journal.folder).change(add=made)
    return made


def to_decide(
    opened: OpenCourse, student: str, scores: tuple[CellScore, ...], *, named: bool
) -> dict[str, CellScore | None]:
    """List what can be decided in a graded submission; with `named`, also what is decided already.

    Returns
    -------
    dict
        NOTEBOOK/CELL → the test; empty → None, if something was seen that concerns no test.
    """
    outcome = opened.journal.seen.find(student, final_folder(opened.course, student), scores)
    touched = {name for names in outcome.touched.values() for name in names}
    cells = {one.name: one for one in scores if one in outcome.pending or (named and one.name in touched)}
    elsewhere = any(not outcome.touched_cells(position) for position in outcome.looked_at(settled=False))
    return cells | ({"": None} if elsewhere and named else {})


def is_named(name: str, wanted: str) -> bool:
    """Tell whether NOTEBOOK/CELL is meant by NOTEBOOK/CELL, NOTEBOOK:CELL or CELL."""
    return re.sub(r"(\.ipynb)?[:/]", "/", wanted) in (name, name.rpartition("/")[2])


def check_points(student: str, cells: dict[str, CellScore | None], points: float | None, *, one: bool) -> None:
    """Refuse points that a cell cannot have."""
    tests = [cell for cell in cells.values() if cell]
    if points and not one and len(tests) > 1:
        names = ", ".join(cell.name for cell in tests)
        raise CourseError(f"{student}: these wait for a decision: {names}. Name one with --cell, or give --points 0.")
    for cell in tests:
        if points is not None and not 0 <= points <= cell.max_points:
            raise CourseError(f"{student}: {cell.name} is worth 0 to {cell.max_points:g} points, not {points:g}.")
