"""nbgrader's own autograding of one submission, except that the notebooks are executed elsewhere.

nbgrader's converter runs twice. The first time it stops where a notebook would be executed: that is what goes into the
job, and nothing of it stays in the gradebook. The second time the outputs are there, and it runs through to the end.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import Exporter
from nbconvert.writers import FilesWriter
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade, is_solution
from traitlets import Type
from traitlets.config import Application

from mlops_course.execution.job import Limits
from mlops_course.grading.errors import AGAIN, UngradableError
from mlops_course.grading.files import copy_files, is_regular, regular_files
from mlops_course.grading.hand_in import MarkedNotebookExporter
from mlops_course.grading.journal import without_ids
from mlops_course.grading.log import Collector
from mlops_course.grading.restore import in_order

Notebook = Any
Resources = dict[str, Any]
StandIn = Callable[[Notebook, Resources], tuple[Notebook, Resources]]


class RegularFiles(BaseConverter):
    """Copies a submission's files as nbgrader does, but follows no links."""

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        source = Path(self._format_source(assignment_id, student_id))
        files, notes = regular_files(source, [*self.coursedir.ignore, "*.ipynb"])
        for note in notes:
            self.log.warning("%s", note)
        copy_files(source, files, Path(self._format_dest(assignment_id, student_id)))


class OneSubmission(Autograde, RegularFiles):
    """nbgrader's `Autograde` for one submission, into any folder, with a stand-in for `Execute`.

    `execute` is, after the conversion, the first `Execute` of the configuration; None if the course executes nothing.
    `order` has the ids of each notebook's cells in the order in which students got them.
    """

    exporter_class = Type(MarkedNotebookExporter, klass=Exporter).tag(config=True)

    def __init__(self, app: Application, student: str, source: Path, destination: Path, collector: Collector) -> None:
        super().__init__(coursedir=app.coursedir, parent=app)
        self.student = student
        self.source = source
        self.assignment = app.coursedir.assignment_id
        self.destination = destination
        self.collector = collector
        self.stand_in: StandIn | None = None
        self.stops = False
        self.execute: Execute | None = None
        self.order: Mapping[str, list[str]] = {}

    def convert(self, notebooks: list[str], stand_in: StandIn, *, stops: bool) -> None:
        """Convert the notebooks in this order; `stops` leaves out everything after the stand-in for `Execute`."""
        self.destination.mkdir(parents=True, exist_ok=True)
        self.stand_in, self.stops = stand_in, stops
        self.notebooks = notebooks
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter: Exporter = self.exporter_class(parent=self, config=self.config)
        self.exporter.optimistic_validation = True  # after the last preprocessor, not after each
        self.init_assignment(self.assignment, self.student)
        for notebook in self.notebooks:
            self.collector.notebook = Path(notebook).stem
            self.convert_single_notebook(notebook)
        self.collector.notebook = ""

    def _format_source(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return glob.escape(str(self.source)) if escape else str(self.source)

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self.destination)

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        # Last, for courses that a group shares, nbgrader looks at a folder that some layouts do not have.
        with suppress(FileNotFoundError):
            super().set_permissions(assignment_id, student_id)

    def init_single_notebook_resources(self, notebook_filename: str) -> Resources:
        """Say what is converted: nbgrader reads it from the path, which is another one here."""
        name = Path(notebook_filename).stem
        names = {"student": self.student, "assignment": self.assignment, "notebook": name}
        return {
            "unique_key": name,
            "output_files_dir": f"{name}_files",
            "nbgrader": names | {"db_url": self.coursedir.db_url},
        }

    def put_in_order(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Bring the assignment's cells back into their order: what prepares a test comes before it."""
        order = self.order.get(resources["nbgrader"]["notebook"], [])
        notebook.cells, moved = in_order(notebook.cells, order)
        for name in moved:
            self.log.warning("the cell '%s' had been moved; it is back in its place", name)
        return notebook, resources

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()
        if self._sanitizing:
            self.exporter._preprocessors.append(self.put_in_order)
            return
        registered, self.exporter._preprocessors = self.exporter._preprocessors, []
        seen = False
        for preprocessor in registered:
            if not isinstance(preprocessor, Execute) or not preprocessor.enabled:
                self.exporter._preprocessors.append(preprocessor)
            elif not seen:
                seen = True
                self.execute = preprocessor
                self.exporter._preprocessors.append(self.stand_in)
                if self.stops:
                    return


def execution_limits(execute: Execute) -> Limits:
    """Read what a submission may use, if the course has configured it: nbgrader's own has only a time limit."""
    limits = dict(getattr(execute, "limits", {}))
    try:
        return replace(Limits(), **limits)
    except TypeError:
        known = ", ".join(field.name for field in fields(Limits))
        raise UngradableError(
            f"{type(execute).__name__}.limits in nbgrader_config.py has a name that is not one of {known}", AGAIN
        ) from None


def execution_settings(execute: Execute) -> dict[str, Any]:
    """Collect what the course has configured about execution: trait of nbgrader's `Execute` → value.

    The time limit, and all that differ from nbgrader's own values and can be written as JSON.
    """
    usual = Execute()
    settings = {}
    for name in sorted(usual.traits(config=True)):
        value = getattr(execute, name)
        if name == "enabled" or (value == getattr(usual, name) and name != "timeout"):
            continue
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            continue  # hooks and classes: they would run beside students' code
        settings[name] = value
    return settings


class Capture:
    """Stands in for `Execute` the first time: takes note of what would be executed."""

    def __init__(self) -> None:
        self.notebooks: dict[str, str] = {}

    def __call__(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        self.notebooks[resources["nbgrader"]["notebook"]] = to_execute(notebook)
        return notebook, resources


class HandOver:
    """Stands in for `Execute` the second time: hands over what was executed elsewhere.

    `sent` and `executed` are the texts of the notebooks by name; `tell` is told about cells that were not executed.
    """

    def __init__(
        self, sent: Mapping[str, str], executed: Mapping[str, str], tell: Callable[[str, str, str], None]
    ) -> None:
        self.sent = sent
        self.executed = executed
        self.tell = tell

    def __call__(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        name = resources["nbgrader"]["notebook"]
        if without_ids(to_execute(notebook)) != without_ids(self.sent.get(name, '{"cells": []}')):
            raise UngradableError("it, or the assignment, was changed while it was graded", AGAIN)
        try:
            take_outputs(notebook, nbformat.reads(self.executed[name], as_version=4))
        except (KeyError, ValueError, AttributeError, TypeError, nbformat.ValidationError) as problem:
            message = f"what came back for {name}.ipynb is not what was sent ({problem})"
            raise UngradableError(message.splitlines()[0][:200], AGAIN) from None
        for cell in fail_what_did_not_run(notebook):
            self.tell(name, cell, "the tests did not run: no points")
        return notebook, resources


def to_execute(notebook: Notebook) -> str:
    """Write a notebook without any outputs: those must come from the execution."""
    bare = nbformat.from_dict(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(bare)


def take_outputs(notebook: Notebook, executed: Notebook) -> None:
    """Take outputs and nothing else from an executed notebook: sources, ids and points are the grader's."""
    if [cell.cell_type for cell in notebook.cells] != [cell.cell_type for cell in executed.cells]:
        raise ValueError("other cells")
    for cell, done in zip(notebook.cells, executed.cells, strict=True):
        if cell.cell_type != "code":
            continue
        for output in done.outputs:
            nbformat.validate(output, ref="output", version=4)
        cell.outputs = done.outputs
        cell.execution_count = done.execution_count if isinstance(done.execution_count, int) else None
        times = done.metadata.get("execution")
        if isinstance(times, dict):
            cell.metadata["execution"] = nbformat.from_dict({str(at): str(when) for at, when in times.items()})
    for name in ("language_info", "widgets"):
        if name in executed.metadata:
            notebook.metadata[name] = executed.metadata[name]


def fail_what_did_not_run(notebook: Notebook) -> list[str]:
    """Put an error into tests that were not executed: nbgrader takes a cell without outputs for a passed one.

    Returns the ids of those cells.
    """
    failed = []
    for cell in notebook.cells:
        tests = cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)
        if not tests or not cell.source.strip() or cell.execution_count is not None:
            continue
        if not any(output.output_type == "error" for output in cell.outputs):
            message = "this cell was not executed"
            error = nbformat.v4.new_output("error", ename="NotExecuted", evalue=message, traceback=[message])
            cell.outputs.append(error)
            failed.append(cell.metadata.nbgrader.grade_id)
    return failed


def find_notebooks(folder: Path) -> tuple[list[str], list[str]]:
    """Return the paths of a submission's notebooks in nbgrader's order, and in words what was left out."""
    found = sorted(path for path in folder.iterdir() if path.suffix == ".ipynb" and not path.name.startswith("."))
    notes = [
        f"{path.name!a} is a link or not an ordinary file and was left out" for path in found if not is_regular(path)
    ]
    return [str(path) for path in found if is_regular(path)], notes
