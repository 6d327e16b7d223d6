"""What passes between the command and the processes that execute for it.

Kept apart from `worker`, so that the command itself need not load papermill.
"""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import psutil


@dataclass(frozen=True)
class Job:
    """What a worker needs to know, in plain values."""

    notebook: str  # notebook to execute and where the executed one goes
    output: str
    folder: str  # real path of the notebook's working directory
    parameters: dict[str, Any]  # what papermill sets
    environment: dict[str, str]  # surroundings of the kernel
    umask: int
    runtime: str  # folder for connection files, which the kernel sees at the same path
    kernel: str = "reproduce"
    start_timeout: int = 120


def launch(job: Job, channel: Connection) -> None:
    """Do a job; this is what a new process calls."""
    from mlops_course.reproduce import worker

    worker.run(job, channel)


def warm_up() -> None:
    """Do nothing; starting the first process starts the server."""


def end_tree(pid: int) -> None:
    """Kill all descendants of a process."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(children, timeout=5)
