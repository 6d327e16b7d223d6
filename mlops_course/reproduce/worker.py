"""The process that drives one execution: it sets the surroundings and calls papermill.

It is forked from a server that has papermill loaded already; the notebook's kernel is a fresh process all the same.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import tempfile
import threading
from typing import Any

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from mlops_course.reproduce.job import Job, end_tree


class ReportingEngine(NBClientEngine):
    """Papermill's own engine, which also tells which cell it is at."""

    channel: multiprocessing.connection.Connection | None = None

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Execute, announcing each cell."""
        start = nb_man.cell_start

        def announce(cell: Any, cell_index: int | None = None, **more: Any) -> Any:
            if cls.channel is not None and cell_index is not None:
                cls.channel.send(("cell", cell_index + 1, len(nb_man.nb.cells), cell.get("id", "")))
            return start(cell, cell_index, **more)

        nb_man.cell_start = announce
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


def run(job: Job, channel: multiprocessing.connection.Connection) -> None:
    """Execute a notebook; the last message on the channel says how it went."""
    if hasattr(os, "setsid"):
        os.setsid()  # an interrupt at the terminal is the orchestrator's to handle
    threading.Thread(target=end_with_parent, daemon=True).start()
    logging.getLogger("papermill").setLevel(logging.ERROR)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    os.environ.clear()
    os.environ.update(job.environment)
    os.umask(job.umask)
    tempfile.tempdir = job.runtime  # where the kernel's connection file goes
    ReportingEngine.channel = channel
    papermill_engines.register("reporting", ReportingEngine)
    silence()
    try:
        papermill.execute_notebook(
            job.notebook,
            job.output,
            parameters=job.parameters,
            engine_name="reporting",
            kernel_name=job.kernel,
            language="python",
            cwd=job.folder,
            progress_bar=False,
            start_timeout=job.start_timeout,
            config=connection(job.runtime),
        )
    except PapermillExecutionError as problem:
        channel.send(("raised", problem.ename, problem.evalue))
    except DeadKernelError:
        channel.send(("died", "", ""))
    except Exception as problem:  # whatever else goes wrong is the answer, too
        channel.send(("failed", type(problem).__name__, str(problem)))
    else:
        channel.send(("done", "", ""))
    finally:
        channel.close()


def connection(runtime: str) -> Config:
    """Let the kernel be reached through files of its own where the system can.

    Several kernels that start at once can be given the same TCP port; one of them then never answers.
    """
    config = Config()
    if os.name != "nt":
        config.KernelManager.transport = "ipc"
        config.KernelManager.ip = os.path.join(runtime, "k")
        config.KernelManager.connection_file = os.path.join(runtime, "kernel.json")
    return config


def silence() -> None:
    """Keep the kernel's own messages out of the user's terminal."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)


def end_with_parent() -> None:
    """End this process and its kernel when the command that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        end_tree(os.getpid())
        os._exit(1)
