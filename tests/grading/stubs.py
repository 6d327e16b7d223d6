"""Engines that take the place of the sandbox, and are named with `--engine tests.grading.stubs:NAME`."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.preprocessors import Execute

from mlops_course.execution.engine import WorkerVanished
from mlops_course.execution.job import Job, Result, decode_job, encode


class Stub(ThreadPoolExecutor):
    """Threads that execute a job with a function of their own."""

    def __init__(self, jobs, work):
        super().__init__(jobs)
        self.work = work

    def submit(self, function, job):
        return super().submit(lambda: self.work(decode_job(job)))


def lay_out(job: Job, folder: str) -> None:
    for name, content in job.files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class ExecuteAsAutograde(Execute):
    """Tells the kernel that this is autograding. nbgrader changes its own environment for that: not with threads."""

    def start_new_kernel(self, **options):
        return super().start_new_kernel(env=os.environ | {"NBGRADER_EXECUTION": "autograde"}, **options)


def in_kernels(job: Job) -> bytes:
    """Execute with nbgrader's own preprocessor, as `nbgrader autograde` does."""
    notebooks, seconds = {}, {}
    with TemporaryDirectory() as folder:
        lay_out(job, folder)
        for name, text in job.notebooks.items():
            begun = time.monotonic()
            done, _ = ExecuteAsAutograde(**job.settings).preprocess(
                nbformat.reads(text, as_version=4), {"metadata": {"path": folder}}
            )
            notebooks[name] = nbformat.writes(done)
            seconds[name] = time.monotonic() - begun
    return encode(Result(notebooks, seconds=seconds))


def in_this_process(job: Job) -> bytes:
    """Execute plain Python cells without a kernel: fast enough to grade a class often."""
    if log := os.environ.get("EXECUTION_LOG"):
        with Path(log).open("a") as handle:
            handle.write(f"{job.student}\n")
    time.sleep(float(os.environ.get("EXECUTION_SECONDS", "0")))
    notebooks = {}
    for name, text in job.notebooks.items():
        notebook = nbformat.reads(text, as_version=4)
        namespace = {"print": lambda *values: None}
        for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
            cell.execution_count = count
            try:
                exec(cell.source, namespace)
            except Exception as problem:
                kind = type(problem).__name__
                cell.outputs = [nbformat.v4.new_output("error", ename=kind, evalue=str(problem), traceback=[kind])]
        notebooks[name] = nbformat.writes(notebook)
    return encode(Result(notebooks, seconds=dict.fromkeys(notebooks, 0.1)))


def kernels(jobs):
    return Stub(jobs, in_kernels)


def quick(jobs):
    return Stub(jobs, in_this_process)


class Vanishing:
    """Loses the worker of a student so many times."""

    def __init__(self, student, times):
        self.student = student
        self.left = times

    def __call__(self, jobs):
        return Stub(jobs, self.work)

    def work(self, job):
        if job.student == self.student and self.left:
            self.left -= 1
            raise WorkerVanished("its process ended")
        return in_this_process(job)


def changed(change):
    """Make an engine whose answers are changed on the way back."""
    return lambda jobs: Stub(jobs, lambda job: change(job, in_this_process(job)))
