"""nbgrader's gradebook: all or nothing for one submission, a copy before each run, the points of a submission."""

from __future__ import annotations

import json
import shlex
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from nbgrader import api
from sqlalchemy import Connection, Engine, create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from mlops_course.errors import CourseError
from mlops_course.grading.outcome import CellScore

KEPT_BACKUPS = 20
PAUSES = (1.0, 2.0, 4.0)  # seconds between attempts; before it says "locked", SQLite itself waits for five

Value = TypeVar("Value")


def open_engine(db_url: str) -> Engine:
    """Make what connections to the gradebook come from; it connects when it is used."""
    return create_engine(db_url)


@contextmanager
def one_transaction(engine: Engine, db_url: str, *, keep: bool) -> Iterator[Connection]:
    """Join everything that nbgrader writes into one transaction.

    nbgrader opens the gradebook several times for each notebook and commits after each cell. Inside this context all
    of that goes through one connection; nothing of it counts before the end. It is faster, too.

    Parameters
    ----------
    engine, db_url
        The gradebook.
    keep
        Whether to commit at the end. An error never commits.
    """
    original = api.create_engine
    with engine.connect() as connection, connection.begin() as transaction:
        # nbgrader's Gradebook closes what it takes for an engine of its own.
        connection.dispose = lambda: None  # type: ignore[attr-defined]
        api.create_engine = lambda url, **options: connection if url == db_url else original(url, **options)
        try:
            yield connection
        finally:
            api.create_engine = original
        if not keep:
            transaction.rollback()


def database_problem(problem: BaseException | None) -> OperationalError | None:
    """Find out whether the database is behind a problem. nbgrader turns some of its errors into others."""
    while problem is not None and not isinstance(problem, OperationalError):
        problem = problem.__cause__ or problem.__context__
    return problem


def is_locked(problem: BaseException) -> bool:
    """Tell whether another program holds the gradebook at the moment."""
    found = database_problem(problem)
    words = ("locked", "busy", "lock timeout", "deadlock")
    return found is not None and any(word in str(found.orig).lower() for word in words)


def is_damaged(problem: BaseException | None) -> bool:
    """Tell whether the gradebook's file is no sound database any more, whatever nbgrader has made of that."""
    while problem is not None:
        code = getattr(problem, "sqlite_errorcode", None) or 0
        if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def is_sound(database: Path) -> bool:
    """Tell whether a file is a gradebook that can be read."""
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM assignment")
            return connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except sqlite3.Error:
        return False


def explain_damage(database: Path, backups: Path, assignment: str) -> str:
    """Say that a gradebook is damaged, and how to restore it.

    Parameters
    ----------
    database
        The gradebook.
    backups
        Where its copies are.
    assignment
        What was to be graded.
    """
    sound = next(filter(is_sound, sorted(backups.glob("gradebook-*.db"), reverse=True)), None)
    if sound is None:
        return (
            f"{database}: the gradebook is damaged, and there is no sound copy of it in {backups}. Put back a copy of "
            f"your own; or remove it, run `nbgrader generate_assignment {assignment} --force` and grade again, with "
            "--force (points given by hand are lost)."
        )
    left = [path for end in ("-journal", "-wal", "-shm") if (path := Path(f"{database}{end}")).exists()]
    remove = f"rm {shlex.join(map(str, left))} && " if left else ""  # it would be taken for the copy's
    day = datetime.fromtimestamp(sound.stat().st_mtime)
    return (
        f"{database}: the gradebook is damaged. Restore its copy of {day:%Y-%m-%d %H:%M}: "
        f"`{remove}{shlex.join(['cp', str(sound), str(database)])}`. Then run `course grade {shlex.quote(assignment)} "
        "--force`; points given by hand since then are lost."
    )


def patiently(work: Callable[[], Value], tell: Callable[[str], None]) -> Value:
    """Do something with the gradebook; when it is locked, wait and try again.

    Parameters
    ----------
    work
        What to do, from its beginning.
    tell
        Is told what is waited for.
    """
    for pause in PAUSES:
        try:
            return work()
        except Exception as problem:
            if not is_locked(problem):
                raise
            tell(f"the gradebook is locked by another program; trying again in {pause:g} s")
            time.sleep(pause)
    return work()


def database_file(db_url: str) -> Path | None:
    """Return the file of an SQLite gradebook; None if a server holds it."""
    url = make_url(db_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def back_up(database: Path, folder: Path) -> Path:
    """Copy the gradebook as it is now, and remove the oldest copies.

    Parameters
    ----------
    database
        SQLite file. Others may use it meanwhile.
    folder
        Where the copies are.

    Returns
    -------
    Path
        The copy. It counts only when it is complete.

    Raises
    ------
    CourseError
        If it cannot be copied: then nothing is graded.
    """
    copy = folder / f"gradebook-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}.db"
    part = copy.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        part.rename(copy)
        for old in sorted(folder.glob("gradebook-*.db"))[:-KEPT_BACKUPS]:
            old.unlink()
    except (OSError, sqlite3.Error) as problem:
        if is_damaged(problem):
            raise
        raise CourseError(
            f"{database}: it cannot be copied to {folder} ({problem}), so nothing was graded. Mend that first."
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return copy


def read_kernels(connection: Connection, assignment: str) -> dict[str, dict]:
    """Read which kernel each notebook of an assignment is for."""
    rows = connection.execute(
        select(api.Notebook.name, api.Notebook.kernelspec)
        .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
        .where(api.Assignment.name == assignment)
    )
    return {name: json.loads(kernel or "{}") or {} for name, kernel in rows}


def read_assignments(connection: Connection) -> list[str]:
    """List the names of the assignments that were generated."""
    names = select(api.Assignment.name).join(api.Notebook, api.Notebook.assignment_id == api.Assignment.id)
    return list(connection.scalars(names.distinct().order_by(api.Assignment.name)))


def read_basis(connection: Connection, assignment: str) -> list[tuple]:
    """Read the code that grading puts back: scores from before and after a change of it are not of one kind."""
    return [
        tuple(row)
        for row in connection.execute(
            select(api.Notebook.name, api.SourceCell.name, api.SourceCell.checksum, api.SourceCell.source)
            .join(api.Notebook, api.Notebook.id == api.SourceCell.notebook_id)
            .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
            .where(api.Assignment.name == assignment, api.SourceCell.cell_type == "code", api.SourceCell.locked)
            .order_by(api.Notebook.name, api.SourceCell.name)
        )
    ]


def locked_sources(rows: list[tuple]) -> dict[str, dict[str, str]]:
    """Sort what `read_basis` has read: notebook → id → text."""
    found: dict[str, dict[str, str]] = {}
    for notebook, cell, _checksum, source in rows:
        found.setdefault(notebook, {})[cell] = source
    return found


def read_scores(connection: Connection, assignment: str, student: str) -> tuple[CellScore, ...]:
    """Read the points of one submission, by notebook, in the order of the cells' names.

    Parameters
    ----------
    connection
        To the gradebook.
    assignment, student
        Names.
    """
    cell, grade = api.BaseCell.__table__, api.Grade.__table__
    graded, task = api.GradeCell.__table__, api.TaskCell.__table__
    answer = api.SolutionCell.__table__
    answer_cell = cell.alias("answer_cell")
    submission, notebook = api.SubmittedNotebook.__table__, api.Notebook.__table__
    handed_in, given = api.SubmittedAssignment.__table__, api.Assignment.__table__
    is_answer = (
        select(answer.c.id)
        .join(answer_cell, answer_cell.c.id == answer.c.id)
        .where(answer_cell.c.notebook_id == cell.c.notebook_id, answer_cell.c.name == cell.c.name)
        .exists()
    )
    rows = connection.execute(
        select(
            notebook.c.name,
            cell.c.name,
            grade.c.auto_score,
            grade.c.manual_score,
            grade.c.extra_credit,
            grade.c.needs_manual_grade,
            func.coalesce(graded.c.max_score, task.c.max_score),
            graded.c.cell_type,
            is_answer,
        )
        .select_from(grade)
        .join(cell, cell.c.id == grade.c.cell_id)
        .outerjoin(graded, graded.c.id == cell.c.id)
        .outerjoin(task, task.c.id == cell.c.id)
        .join(submission, submission.c.id == grade.c.notebook_id)
        .join(notebook, notebook.c.id == submission.c.notebook_id)
        .join(handed_in, handed_in.c.id == submission.c.assignment_id)
        .join(given, given.c.id == handed_in.c.assignment_id)
        .where(given.c.name == assignment, handed_in.c.student_id == student)
        .order_by(notebook.c.name, cell.c.name)
    )
    scores = []
    for book, name, auto, manual, extra, waits, most, kind, answered in rows:
        decided = (None if waits else auto) if manual is None else manual
        points = None if decided is None else decided + (extra or 0.0)
        scores.append(CellScore(book, name, points, most or 0.0, manual is not None or answered or kind != "code"))
    return tuple(scores)
