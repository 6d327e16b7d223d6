"""Preprocessors for `nbgrader autograde`. `nbgrader_config.py` says in which order they work."""

from __future__ import annotations

import json
import logging
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute as NbgraderExecute
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution, is_task
from traitlets import Bool, Dict

from mlops_course.execution.engine import SandboxError, execute
from mlops_course.execution.job import Job, Limits, decode_result, encode
from mlops_course.grading.convert import HandOver, execution_settings, find_notebooks, to_execute
from mlops_course.grading.files import given_files, read_folder, read_notebooks
from mlops_course.grading.gradebook import locked_sources, open_engine, read_basis
from mlops_course.grading.kernels import OtherKernelError, check_kernels
from mlops_course.grading.restore import as_graded
from mlops_course.grading.source import read_imports, students_names, tags_of, trusted_imports
from mlops_course.grading.student_id import complaint, is_foreign, written_ids

Notebook = Any
Resources = dict[str, Any]


def whose(resources: Resources) -> str:
    """Name a notebook and who handed it in, for a line in the log."""
    names = resources["nbgrader"]
    return f"{names['student']}, {names['notebook']}.ipynb"


class RestoreCells(NbGraderPreprocessor):
    """Put back cells of the assignment that were deleted, copied, or stripped of nbgrader's metadata.

    The version for students in `release/` says what belongs where. nbgrader's `OverwriteCells`, which comes later,
    puts back the text.
    """

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Replace the notebook's cells; one line in the log for each repair."""
        path = self.released_notebook(resources)
        if not path.exists():
            self.log.warning("%s is missing: cells that a student deleted cannot be put back", path)
            return nb, resources
        released = nbformat.read(path, as_version=4)
        nb.cells, notes = as_graded(nb.cells, released.cells)
        for note in notes:
            self.log.warning("%s: %s", whose(resources), note)
        return nb, resources

    def released_notebook(self, resources: Resources) -> Path:
        course = self.parent.parent.coursedir
        names = resources["nbgrader"]
        folder = course.format_path(course.release_directory, ".", names["assignment"])
        return Path(folder) / f"{names['notebook']}.ipynb"


class CheckStudentId(NbGraderPreprocessor):
    """Tell the instructor when STUDENT_ID is not the name under which the work was handed in. No points are lost."""

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Write one line into the log if the two differ."""
        written, student = written_ids(nb.cells), resources["nbgrader"]["student"]
        if said := complaint(written, student):
            level = logging.ERROR if is_foreign(written, student) else logging.WARNING
            self.log.log(level, "%s: %s", whose(resources), said)
        return nb, resources


class SandboxedExecute(NbgraderExecute):
    """Execute a notebook in the sandbox, and go on when its kernel dies.

    It belongs into `Autograde.autograde_preprocessors` and nowhere else: Validate, on the students' computers, keeps
    nbgrader's own.
    """

    sandbox = Bool(
        True,
        help="""Whether students' code is executed in a sandbox. Without it, it runs with the rights of whoever grades,
        beside the solutions, the other submissions and the gradebook.""",
    ).tag(config=True)
    separate_tests = Bool(
        False,
        help="""Whether tests run in a kernel of their own, where no code of a student's ever runs. A test that needs
        the student's kernel carries the cell tag `together`; `course grade ASSIGNMENT --solution` names those.""",
    ).tag(config=True)
    limits = Dict(
        help="""What a submission may use: memory_bytes, disk_bytes, file_bytes, output_bytes, processes,
        notebook_seconds."""
    ).tag(config=True)

    def preprocess(self, nb: Notebook, resources: Resources, km: Any = None) -> tuple[Notebook, Resources]:
        """Have all cells executed; one line in the log for each thing to look at."""
        if not self.sandbox:
            self.log.warning("%s: executed without a sandbox, with your rights", whose(resources))
        sent = to_execute(nb)
        try:
            self.check_kernel(resources)
            done = decode_result(execute(encode(self.job(sent, resources))))
        except (SandboxError, OtherKernelError) as problem:
            # nbgrader would try the next student, and take this one for graded the next time.
            shutil.rmtree(resources["metadata"]["path"], ignore_errors=True)
            raise SystemExit(f"course: {problem}") from None
        HandOver({resources["nbgrader"]["notebook"]: sent}, done.notebooks, self.report_cell)(nb, resources)
        for finding in done.findings:
            place = f" (cell {finding.cell})" if finding.cell else ""
            self.log.warning("%s: %s%s", whose(resources), finding.message, place)
        resources["findings"] = done.findings  # for LeaveToDecide
        return nb, resources

    def check_kernel(self, resources: Resources) -> None:
        """Refuse an assignment that is not in Python, whatever the student's editor has written."""
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            spec = gradebook.find_notebook(names["notebook"], names["assignment"]).kernelspec
        check_kernels({names["notebook"]: json.loads(spec or "{}") or {}})

    def report_cell(self, notebook: str, cell: str, message: str) -> None:
        self.log.warning("%s.ipynb, cell %s: %s", notebook, cell, message)

    def job(self, notebook: str, resources: Resources) -> Job:
        names, folder = resources["nbgrader"], Path(resources["metadata"]["path"])
        course = self.parent.parent.coursedir
        source, release = (
            Path(course.format_path(step, ".", names["assignment"]))
            for step in (course.source_directory, course.release_directory)
        )
        students, declared = students_names(source, release)
        files, executable = read_folder(folder, {path.name for path in folder.glob("*.ipynb")})
        submitted = Path(course.format_path(course.submitted_directory, names["student"], names["assignment"]))
        files |= read_notebooks(map(Path, find_notebooks(submitted)[0]))
        return Job(
            names["student"],
            names["assignment"],
            {names["notebook"]: notebook},
            files,
            executable,
            execution_settings(self),
            read_imports(source),
            replace(Limits(), **self.limits),
            sandbox=self.sandbox,
            trusted=trusted_imports(source),
            separate=self.separate_tests,
            names=students,
            declared=declared,
            given=tuple(path for path in given_files(source, course.ignore) if path in files),
            locked=locked_cells_of(names["db_url"], names["assignment"]),
            tags=tags_of(release),
            session=sessions.of(names["student"], names["assignment"], names["notebook"]),
        )


def locked_cells_of(address: str, assignment: str) -> dict[str, dict[str, str]]:
    """Read the instructor's cells from the gradebook: notebook → id → text."""
    database = open_engine(address)
    try:
        with database.connect() as connection:
            return locked_sources(read_basis(connection, assignment))
    finally:
        database.dispose()


class Sessions:
    """Names for folders that the notebooks of one submission share, as nbgrader hands them over one by one."""

    def __init__(self) -> None:
        self.current: tuple[str, str] | None = None
        self.seen: set[str] = set()
        self.name = ""

    def of(self, student: str, assignment: str, notebook: str) -> str:
        """Return the name for a notebook; a new one for another submission, or when a notebook comes again."""
        if self.current != (student, assignment) or notebook in self.seen:
            self.current, self.seen, self.name = (student, assignment), set(), secrets.token_hex(8)
        self.seen.add(notebook)
        return self.name


sessions = Sessions()


class IgnoreStderr(NbGraderPreprocessor):
    """Show what a grade cell wrote on stderr as ordinary output: nbgrader would give no points for it.

    nbgrader's own `IgnorePattern` deletes the text, and in the student's cells, too.
    """

    def preprocess_cell(self, cell: Notebook, resources: Resources, cell_index: int) -> tuple[Notebook, Resources]:
        """Rename the stream in cells that only test."""
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
            for output in cell.outputs:
                if output.output_type == "stream" and output.name == "stderr":
                    output.name = "stdout"
        return cell, resources


class SettleQuestions(NbGraderPreprocessor):
    """Mark task cells that are worth nothing as graded.

    A mark scheme can only stand in a task cell. The answer, in the next cell, has the points; the question itself
    would wait for a grader for ever.
    """

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Settle them in the gradebook."""
        names = resources["nbgrader"]
        questions = [cell.metadata.nbgrader.grade_id for cell in nb.cells if is_task(cell)]
        with Gradebook(names["db_url"]) as gradebook:
            for question in questions:
                grade = gradebook.find_grade(question, names["notebook"], names["assignment"], names["student"])
                if grade.max_score == 0:
                    grade.auto_score = 0
                    grade.needs_manual_grade = False
            gradebook.db.commit()
        return nb, resources
