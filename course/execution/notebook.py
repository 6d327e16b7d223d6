"""Execute one notebook of a submission."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.utils import is_grade
from traitlets.config import Config

from course.execution.job import ALGEBRA_THREADS, Finding, Job
from course.execution.provisioner import Lease
from course.execution.runner import LimitedExecute


def execute(job: Job, name: str, text: str, place: Place) -> tuple[str, list[Finding], dict[str, float], list[str]]:
    """Execute a notebook in a forked kernel.

    Returns
    -------
    text : str
        The executed notebook.
    findings : list of Finding
        What the instructor should see.
    agreed : dict of str to float
        Grade cells that held once more in a process of their own, and the seconds that took.
    refuted : list of str
        Grade cells that did not.
    """
    notebook = nbformat.reads(text, as_version=4)
    execution = prepare(job, name, place, environment(place))
    execution.trusted = job.trusted.get(name, {})
    execution.expected = [known for known in job.expected.get(name, []) if known not in execution.trusted]
    execution.token = secrets.token_hex(16) if job.evidence else ""
    try:
        notebook, _ = execution.preprocess(notebook, resources(job, name, place))
    except Exception as problem:
        execution.found("died", None, f"the notebook could not be executed: {type(problem).__name__}: {problem}")
    if execution.died_in is not None:
        message = f"the kernel died in cell {execution.died_in + 1}; what came before keeps its points"
        execution.found("died", notebook.cells[execution.died_in], message)
    agreed, refuted = reread(job, name, notebook, execution, place)
    return nbformat.writes(notebook), execution.findings, agreed, refuted


@dataclass(frozen=True)
class Place:
    """Where a submission is executed.

    Attributes
    ----------
    lease
        The connection to its keeper.
    runtime
        Folder for sockets.
    folder
        Folder of its files.
    """

    lease: Lease
    runtime: Path
    folder: str


def prepare(job: Job, name: str, place: Place, variables: dict[str, str]) -> LimitedExecute:
    """Make what executes a notebook."""
    settings = {"timeout": job.limits.cell_seconds, **job.settings}
    settings.pop("kernel_name", None)
    execution = LimitedExecute(config=Config({"LimitedExecute": settings}))
    execution.lease, execution.runtime = place.lease, str(place.runtime)
    execution.limits, execution.notebook_name, execution.environment = job.limits, name, variables
    return execution


def resources(job: Job, name: str, place: Place) -> dict[str, Any]:
    """Say what is executed where, as nbconvert wants to know it."""
    return {"metadata": {"path": place.folder}, "nbgrader": {"student": job.student, "notebook": name}}


def reread(
    job: Job, name: str, notebook: Any, execution: LimitedExecute, place: Place
) -> tuple[dict[str, float], list[str]]:
    """Execute tests that look at files only once more, in a process that the student's code never entered.

    Of those that held before, return the ones that hold there, with the seconds that took, and the ones that do not.
    """
    drawn = job.drawn.get(name, [])
    left_out = set(drawn) - {secrets.choice(drawn)} if drawn else set()
    wanted = set(job.reread.get(name, ())) - left_out
    cells = [cell for cell in notebook.cells if is_grade(cell) and cell.metadata.nbgrader.grade_id in wanted]
    cells = [cell for cell in cells if cell.execution_count and not has_error(cell)]
    if not cells or place.lease.gone:
        return {}, []
    again = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source) for cell in cells])
    clean = prepare(job, name, place, environment(place) | execution.variables)
    clean.force_raise_errors = False
    clean.record_timing = True
    try:
        again, _ = clean.preprocess(again, resources(job, name, place))
    except Exception as problem:
        execution.found("note", None, f"the tests of files could not be repeated: {type(problem).__name__}")
        return {}, []
    both = [(cell.metadata.nbgrader.grade_id, repeated) for cell, repeated in zip(cells, again.cells, strict=True)]
    agreed = {cell: seconds_of(repeated) for cell, repeated in both if not has_error(repeated)}
    return agreed, [cell for cell, repeated in both if has_error(repeated)]


def seconds_of(cell: Any) -> float:
    """Return how long a cell took; 0 if that is not known."""
    times = cell.metadata.get("execution", {})
    try:
        ends, begins = (
            datetime.fromisoformat(times[name].replace("Z", "+00:00"))
            for name in ("shell.execute_reply", "iopub.execute_input")
        )
    except (KeyError, ValueError, AttributeError):
        return 0.0
    return round((ends - begins).total_seconds(), 3)


def has_error(cell: Any) -> bool:
    """Tell whether a cell failed."""
    return any(output.output_type == "error" for output in cell.outputs)


# There is no network here, so nothing is reported anywhere; DVC takes a second for each command to find that out.
# And nobody watches: a bar takes as long as what it shows, and feedback would show the widget's number.
SILENT = ("DVC_NO_ANALYTICS", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR")


def environment(place: Place) -> dict[str, str]:
    """Build the environment variables of a kernel; nothing of the instructor's is in it."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", *ALGEBRA_THREADS, *SILENT)
        if name in os.environ
    }
    return kept | {
        "HOME": str(Path(place.folder).parent),
        "USER": "student",
        "LOGNAME": "student",
        "NBGRADER_EXECUTION": "autograde",
        "JUPYTER_PATH": os.environ.get("COURSE_KERNELS", ""),
        "COURSE_FORK": str(place.runtime / "fork"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
