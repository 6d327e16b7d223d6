"""Execute a submission as nbgrader itself does, where Linux is missing and somebody has said to go on all the same.

The sandbox, forked kernels, tests in a kernel of their own and limits on what a submission uses are Linux's. Here
each notebook gets a kernel that Jupyter starts, in a folder that is gone afterwards; what is left of the limits is the
time for a cell. What comes out is the same as from a worker.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from traitlets.config import Config

from mlops_course.execution.job import Finding, Job, Limits, Result, decode_job, encode
from mlops_course.execution.tolerant_execute import TolerantExecute


class PlainExecute(TolerantExecute):
    """Tells kernels what they are started for. nbgrader changes its own environment for that: not with threads."""

    def start_new_kernel(self, **options: Any) -> Any:
        """Start a kernel."""
        return super().start_new_kernel(env=os.environ | {"NBGRADER_EXECUTION": "autograde"}, **options)


class PlainWorker:
    """Executes jobs, one at a time, in this computer's own Jupyter kernels. It takes the place of a `Worker`.

    Parameters
    ----------
    preload, sandboxed, limits
        As a worker's; nothing is loaded, and nothing limited.
    """

    def __init__(self, preload: tuple[str, ...] = (), *, sandboxed: bool = False, limits: Limits | None = None) -> None:
        self.preload, self.sandboxed, self.limits = preload, sandboxed, limits
        self.alive = True
        self.session = ""
        self.base: tempfile.TemporaryDirectory[str] | None = None

    def run(self, job: bytes, seconds: float) -> bytes:
        """Have a job executed. The seconds are not watched: a cell has its own limit."""
        wanted = decode_job(job)
        if self.base is None or not wanted.session or wanted.session != self.session:
            self.open(wanted)
        folder = Path(self.base.name) / (Path(wanted.assignment).name or "assignment")
        notebooks, findings, taken = {}, [], {}
        try:
            for name, text in wanted.notebooks.items():
                begun = time.monotonic()
                notebooks[name], found = execute(wanted, name, text, folder)
                findings += found
                taken[name] = round(time.monotonic() - begun, 3)
        finally:
            if not wanted.session:
                self.forget()
        return encode(Result(notebooks, tuple(findings), taken))

    def open(self, job: Job) -> None:
        """Lay out the submission's files in a new folder."""
        self.forget()
        self.base = tempfile.TemporaryDirectory(prefix="course-grade-", ignore_cleanup_errors=True)
        self.session = job.session
        folder = Path(self.base.name) / (Path(job.assignment).name or "assignment")
        folder.mkdir()
        for path, content in job.files.items():
            place = folder / path
            if not place.resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"the file {path} lies outside the submission")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(0o755 if path in job.executable else 0o644)

    def forget(self) -> None:
        """Remove the submission's folder."""
        if self.base is not None:
            self.base.cleanup()
            self.base = None

    def close(self) -> None:
        """Take no more jobs."""
        self.alive = False
        self.forget()


def execute(job: Job, name: str, text: str, folder: Path) -> tuple[str, list[Finding]]:
    """Execute a notebook in a kernel that Jupyter starts; return its text, and what the instructor should see."""
    notebook = nbformat.reads(text, as_version=4)
    settings = {"timeout": job.limits.cell_seconds, **job.settings}
    execution = PlainExecute(config=Config({"PlainExecute": settings}))
    findings = []
    try:
        names = {"student": job.student, "notebook": name}
        notebook, _ = execution.preprocess(notebook, {"metadata": {"path": str(folder)}, "nbgrader": names})
    except Exception as problem:
        message = f"the notebook could not be executed: {type(problem).__name__}: {problem}"
        findings.append(Finding("died", name, None, message))
    if execution.died_in is not None:
        cell = notebook.cells[execution.died_in].metadata.get("nbgrader", {}).get("grade_id")
        message = f"the kernel died in cell {execution.died_in + 1}; what came before keeps its points"
        findings.append(Finding("died", name, cell, message))
    return nbformat.writes(notebook), findings
