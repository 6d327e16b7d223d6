"""Preprocessors for `nbgrader autograde`. `nbgrader_config.py` says in which order they work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute as NbgraderExecute
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution, is_task

from course.grading.restore import restore
from course.grading.student_id import complaint, written_ids

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
        nb.cells, notes = restore(nb.cells, released.cells)
        for note in notes:
            self.log.warning("%s: %s", whose(resources), note)
        return nb, resources

    def released_notebook(self, resources: Resources) -> Path:
        """Return where the version for students is."""
        course = self.parent.parent.coursedir
        names = resources["nbgrader"]
        folder = course.format_path(course.release_directory, ".", names["assignment"])
        return Path(folder) / f"{names['notebook']}.ipynb"


class CheckStudentId(NbGraderPreprocessor):
    """Tell the instructor when STUDENT_ID is not the name under which the work was handed in. No points are lost."""

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Write one line into the log if the two differ."""
        said = complaint(written_ids(nb.cells), resources["nbgrader"]["student"])
        if said:
            self.log.warning("%s: %s", whose(resources), said)
        return nb, resources


class Execute(NbgraderExecute):
    """Execute a notebook as nbgrader does, and keep what was done when the kernel dies."""

    died_in: int | None = None  # position of the cell in which the kernel died

    def preprocess(self, nb: Notebook, resources: Resources, km: Any = None) -> tuple[Notebook, Resources]:
        """Execute all cells."""
        self.died_in = None
        done = super().preprocess(nb, resources, km)
        if self.died_in is not None:
            self.log.warning(
                "%s: the kernel died in cell %d; what came before keeps its points", whose(resources), self.died_in + 1
            )
        return done

    def preprocess_cell(self, cell: Notebook, resources: Resources, index: int) -> tuple[Notebook, Resources]:
        """Execute one cell, unless the kernel is dead."""
        if self.died_in is None:
            try:
                return super().preprocess_cell(cell, resources, index)
            except DeadKernelError:
                self.died_in = index
        if cell.cell_type == "code":
            where = "here" if self.died_in == index else f"in cell {self.died_in + 1}, so this one did not run"
            cell.outputs.append(error("KernelDied", f"Python ended {where}"))
        return cell, resources


def error(name: str, message: str) -> Notebook:
    """Make the output of a cell that failed."""
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


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
