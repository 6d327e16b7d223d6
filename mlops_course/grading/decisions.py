"""What a person decides where points were lost to a limit or a kernel that ended, and not to a wrong answer.

Until then nbgrader lists such a test under *Manual Grading*, with what the tests gave in grey. Decisions are kept
beside the gradebook, and hold for the very files that they were made about: grading again applies them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Grade, Gradebook, SubmittedAssignment
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import determine_grade, is_grade, is_solution

from mlops_course.errors import CourseError
from mlops_course.execution.job import Finding
from mlops_course.files import write_whole
from mlops_course.grading.files import regular_files
from mlops_course.grading.journal import STATE
from mlops_course.grading.outcome import Outcome

Notebook = Any
DID_NOT_RUN = {"KernelDied", "NotExecuted"}
HARMLESS = "no points were lost"


@dataclass(frozen=True)
class Decision:
    """What was decided about a test of one submission.

    Attributes
    ----------
    cell
        NOTEBOOK/CELL; empty for the submission as a whole.
    points
        None: what the tests gave.
    submission
        Digest of the files that it is about.
    """

    student: str
    cell: str
    points: float | None
    submission: str
    at: str

    @property
    def given(self) -> str:
        """Say what was decided."""
        return "as the tests gave" if self.points is None else f"{self.points:g} points"


def digest_of(folder: Path, ignore: Sequence[str]) -> str:
    """Name the content of a submission."""
    digest = hashlib.sha256()
    for file in regular_files(folder, ignore)[0]:
        digest.update(f"{str(file)!a} ".encode() + hashlib.sha256((folder / file).read_bytes()).digest())
    return digest.hexdigest()


class Decisions:
    """The decisions about one assignment, in a file of the folder where its journal is."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "decisions.json"

    def of(self, student: str) -> dict[str, Decision]:
        """Return a student's, by cell."""
        return {one.cell: one for one in self.read() if one.student == student}

    def read(self) -> list[Decision]:
        """Read all.

        Raises
        ------
        CourseError
            If the file is damaged.
        """
        try:
            return [Decision(**one) for one in json.loads(self.path.read_bytes())["decisions"]]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError, KeyError) as problem:
            raise CourseError(
                f"{self.path}: this file cannot be read ({problem}). Correct it, or remove it and decide again: points "
                "that were decided are in the gradebook all the same."
            ) from None

    def change(self, *, add: Iterable[Decision] = (), drop: Iterable[tuple[str, str]] = ()) -> None:
        """Add decisions, which replace earlier ones, and drop others, named by student and cell."""
        new = {(one.student, one.cell): one for one in add}
        left = [one for one in self.read() if (one.student, one.cell) not in {*new, *drop}]
        plain = {"schema": 1, "decisions": [asdict(one) for one in [*left, *new.values()]]}
        write_whole(self.path, (json.dumps(plain, indent=1) + "\n").encode())

    def mark(self, outcome: Outcome, folder: Path, ignore: Sequence[str]) -> Outcome:
        """Say in an outcome what was decided about the submission as a whole."""
        whole = self.of(outcome.student).get("")
        if whole is None or whole.submission != digest_of(folder, ignore):
            return outcome
        return replace(outcome, decided=f"{whole.given}, on {whole.at[:10]}")


# ---------------------------------------------------------------- Which tests wait for a decision


def is_test(cell: Notebook) -> bool:
    """Tell whether a cell only tests."""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def did_not_run(cell: Notebook) -> bool:
    """Tell whether there was no kernel any more to run a cell."""
    return any(output.output_type == "error" and output.ename in DID_NOT_RUN for output in cell.outputs)


def touched_by(finding: Finding, cells: list[Notebook]) -> list[str]:
    """List the tests that may have lost points through what was seen in their notebook.

    That is the test itself; after an answer, the tests of this answer; after a kernel's end, what did not run; and
    where the place is not known, each test that lost points.
    """
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    lost = [n for n, cell in enumerate(cells) if is_test(cell) and determine_grade(cell)[0] < determine_grade(cell)[1]]
    if finding.kind == "died":
        lost = [n for n in lost if names[n] == finding.cell or did_not_run(cells[n])]
    elif finding.cell and finding.cell in names:
        at = names.index(finding.cell)
        tests = [at] if is_test(cells[at]) else []
        for n in range(at + 1, len(cells) if not tests else 0):
            if is_solution(cells[n]) and tests:
                break
            tests += [n] if is_test(cells[n]) else []
        lost = [n for n in lost if n in tests]
    return [names[n] for n in lost]


def weigh(
    findings: Iterable[Finding], notebooks: dict[str, list[Notebook]], unread: dict[str, list[str]]
) -> tuple[tuple[Finding, ...], dict[str, list[str]]]:
    """Find out which points each finding may have cost; a limit that has cost none is a note.

    Parameters
    ----------
    findings
        What was seen in a submission.
    notebooks
        Its graded notebooks: name → cells.
    unread
        Notebooks that are missing or could not be graded: name → ids of their graded cells.

    Returns
    -------
    findings
        The same ones, some of them as notes.
    touched
        See `Outcome`.
    """
    weighed: list[Finding] = []
    touched: dict[str, list[str]] = {}
    for finding in findings:
        books = {finding.notebook: notebooks[finding.notebook]} if finding.notebook in notebooks else {}
        cells = [f"{name}/{cell}" for name, one in books.items() for cell in touched_by(finding, one)]
        if finding.kind == "problem" and not books:
            cells = [
                f"{name}/{cell}" for name, ids in unread.items() for cell in ids if f"{name}.ipynb" in finding.message
            ]
        if finding.kind in ("limit", "died") and not cells and books:
            weighed.append(replace(finding, kind="note", message=f"{finding.message.rstrip('.')} ({HARMLESS})"))
            continue
        if finding.kind != "note" and cells:
            touched[str(len(weighed))] = cells
        weighed.append(finding)
    return tuple(weighed), touched


def settle(
    submission: SubmittedAssignment, decided: dict[str, Decision], digest: str, touched: dict[str, list[str]]
) -> set[str]:
    """Apply decisions to what was just graded, and let the other touched tests wait for one.

    Points that a person gave in formgrader are a decision, too. One about other files than these is void, and so is
    "cannot be graded: 0 points" now that it can be.

    Returns
    -------
    set of str
        The cells whose decisions are void.
    """
    waiting = {cell for cells in touched.values() for cell in cells}
    void = {cell for cell, one in decided.items() if one.submission != digest}
    whole = decided.get("")
    if whole and whole.points is not None:
        void.add("")
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            cell = f"{notebook.name}/{grade.name}"
            decision = decided.get(cell) or (whole if "" in void else None)
            if decision and (decision is whole or cell in void):
                if grade.manual_score is not None and grade.manual_score == decision.points:
                    give(grade, None, waits=grade.auto_score is None)
                decision = None
            if decision:
                give(grade, decision.points if grade.manual_score is None else grade.manual_score)
            elif cell in waiting:
                grade.needs_manual_grade = grade.manual_score is None
    return void


def give(grade: Grade, points: float | None, *, waits: bool = False) -> None:
    """Write into the gradebook what was decided."""
    grade.manual_score, grade.needs_manual_grade = points, waits


class LeaveToDecide(NbGraderPreprocessor):
    """Do the same for `nbgrader autograde` and formgrader's button; it belongs after nbgrader's `SaveAutoGrades`."""

    def preprocess(self, nb: Notebook, resources: dict[str, Any]) -> tuple[Notebook, dict[str, Any]]:
        """Weigh what `SandboxedExecute` has seen. For `course grade`, the command does that."""
        findings = resources.pop("findings", None)
        if findings is None:
            return nb, resources
        names, course = resources["nbgrader"], self.parent.parent.coursedir
        decisions = Decisions(Path(course.root) / STATE / names["assignment"])
        folder = Path(course.format_path(course.submitted_directory, names["student"], names["assignment"]))
        _, touched = weigh(findings, {names["notebook"]: nb.cells}, {})
        with Gradebook(names["db_url"]) as gradebook:
            submission = gradebook.find_submission(names["assignment"], names["student"])
            decided = decisions.of(names["student"])
            void = settle(submission, decided, digest_of(folder, course.ignore), touched)
            gradebook.db.commit()
        if void:
            decisions.change(drop=[(names["student"], cell) for cell in void])
        return nb, resources


def now() -> str:
    """Write the time of a decision."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
