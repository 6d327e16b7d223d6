"""Why a submission could not be graded, and what to do next: in words for the instructor."""

from __future__ import annotations

import errno
from concurrent.futures import BrokenExecutor

from nbformat import ValidationError
from nbgrader.converters.base import NbGraderException
from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError
from nbgrader.nbgraderformat import ValidationError as MetadataError
from sqlalchemy.exc import OperationalError

from mlops_course.errors import CourseError
from mlops_course.execution.engine import WorkerVanished
from mlops_course.grading.gradebook import database_problem, is_locked

AGAIN = "then run the same command again"


class UngradableError(CourseError):
    """One submission cannot be graded: what is wrong, and what the instructor can do."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(f"{what}; {next_step}")


def explain(problem: Exception, seen: list[str]) -> str:
    """Say what was in the way, and the next step. `seen` are errors that nbgrader and its hooks named."""
    if isinstance(problem, CourseError):
        return str(problem)
    if isinstance(problem, (WorkerVanished, BrokenExecutor)):
        return f"its worker ended twice without an answer ({one_line(problem)}); look at its notebooks, {AGAIN}"
    if database := database_problem(problem):
        return explain_database(database)
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full; free some space, {AGAIN}"
    if isinstance(problem, OSError):
        place = f"{problem.filename}: " if problem.filename else ""
        return f"{place}{problem.strerror or one_line(problem)}; mend that, {AGAIN}"
    if isinstance(problem, SchemaTooOldError):
        return f"its notebooks have nbgrader's old metadata; run `nbgrader update` on its folder, {AGAIN}"
    if isinstance(problem, SchemaTooNewError):
        return f"its notebooks have metadata of a newer nbgrader; update nbgrader, {AGAIN}"
    if isinstance(problem, (MetadataError, ValidationError)):
        return f"nbgrader's metadata in its notebooks is damaged; ask for it again, or copy the answers, {AGAIN}"
    if isinstance(problem, NbGraderException) and seen:
        causes = [one for one in seen if one != str(problem)] or seen
        more = f", and {len(causes) - 1} more" if len(causes) > 1 else ""
        return f"{causes[0]}{more}; {AGAIN}"
    return f"nbgrader cannot grade it ({type(problem).__name__}: {one_line(problem)}); mend its notebooks, {AGAIN}"


def explain_database(problem: OperationalError) -> str:
    message = one_line(problem.orig or problem)
    if is_locked(problem):
        return f"the gradebook is locked by another program; close it, {AGAIN}"
    if "full" in message:
        return f"the disk is full; free some space, {AGAIN}"
    if "no such" in message:
        return f"the gradebook is of an older nbgrader ({message}); run `nbgrader db upgrade`, {AGAIN}"
    if "readonly" in message or "unable to open" in message:
        return f"the gradebook cannot be used ({message}); make it and its folder writable, {AGAIN}"
    return f"the gradebook cannot be used ({message}); put that right, {AGAIN}"


def one_line(problem: object) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200]
