"""Execute one notebook of a submission."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from traitlets.config import Config

from mlops_course.execution.boundary.cells import SeparateTests
from mlops_course.execution.job import ALGEBRA_THREADS, Finding, Job
from mlops_course.execution.names import imports_after_setting_variables
from mlops_course.execution.provisioner import Lease
from mlops_course.execution.runner import LimitedExecute


def execute(job: Job, name: str, text: str, place: Place) -> tuple[str, list[Finding], list[str]]:
    """Execute a notebook in a forked kernel.

    Returns
    -------
    text : str
        The executed notebook.
    findings : list of Finding
        What the instructor should see.
    together : list of str
        Tests that ran in the student's kernel although the course separates them.
    """
    notebook = nbformat.reads(text, as_version=4)
    execution = prepare(job, name, place, environment(place))
    execution.fresh = imports_after_setting_variables(notebook.cells, job.preload)
    if place.tests is not None:
        tests = prepare(job, name, replace(place, lease=place.tests), environment(place) | {"COURSE_FORK": "/nowhere"})
        execution.separate = SeparateTests(job, name, notebook, execution, tests)
    try:
        notebook, _ = execution.preprocess(notebook, resources(job, name, place))
    except Exception as problem:
        execution.found("died", None, f"the notebook could not be executed: {type(problem).__name__}: {problem}")
    if execution.died_in is not None:
        message = f"the kernel died in cell {execution.died_in + 1}; what came before keeps its points"
        execution.found("died", notebook.cells[execution.died_in], message)
    together = execution.separate.plan.together if execution.separate else []
    return nbformat.writes(notebook), execution.findings, together


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
    tests
        The connection to the keeper of its tests, if they have one.
    """

    lease: Lease
    runtime: Path
    folder: str
    tests: Lease | None = None


def prepare(job: Job, name: str, place: Place, variables: dict[str, str]) -> LimitedExecute:
    """Make what executes a notebook."""
    settings = {"timeout": job.limits.cell_seconds, **job.settings}
    settings.pop("kernel_name", None)
    execution = LimitedExecute(config=Config({"LimitedExecute": settings}))
    role = {None: "", place.lease: "tests"}.get(place.tests, "student")
    execution.lease, execution.runtime = place.lease, str(place.runtime / role)
    execution.limits, execution.notebook_name, execution.environment = job.limits, name, variables
    return execution


def resources(job: Job, name: str, place: Place) -> dict[str, Any]:
    """Say what is executed where, as nbconvert wants to know it."""
    return {"metadata": {"path": place.folder}, "nbgrader": {"student": job.student, "notebook": name}}


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
        "COURSE_FORK": str(place.runtime / ("student" if place.tests else "") / "fork"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
