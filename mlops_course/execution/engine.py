"""Execution as a function of bytes, and the workers behind it.

`execute` may be called from several threads or processes: each keeps a worker of its own, which stays for the next job.
It needs nothing but the bytes, so any `concurrent.futures.Executor` can call it, on this computer or another.
"""

from __future__ import annotations

import atexit
import sys
import threading
import weakref

from mlops_course.execution.job import Limits, decode_job
from mlops_course.execution.plain import PlainWorker
from mlops_course.execution.sandbox import SandboxError, Worker, WorkerVanishedError, patience

__all__ = ["SandboxError", "WorkerVanished", "execute", "has_own_kernels", "shut_down"]

WorkerVanished = WorkerVanishedError

IDLE = 120  # seconds after which a worker without a job ends: formgrader's server runs for days

_local = threading.local()
_workers: weakref.WeakSet[Worker | PlainWorker] = weakref.WeakSet()


def has_own_kernels(*, sandboxed: bool) -> bool:
    """Tell whether kernels are forked here: without Linux, Jupyter starts them, and there is no sandbox, if at all."""
    return sandboxed or sys.platform.startswith("linux")


def execute(job: bytes) -> bytes:
    """Execute a submission.

    Parameters
    ----------
    job : bytes
        An encoded `Job`.

    Returns
    -------
    bytes
        An encoded `Result`.

    Raises
    ------
    SandboxError
        If there is no sandbox on this computer.
    WorkerVanished
        If the worker ended without an answer. The next call starts a new one.
    """
    wanted = decode_job(job)
    pause = getattr(_local, "pause", None)
    if pause is not None:
        pause.cancel()
    try:
        return worker_for(wanted.preload, wanted.sandbox, wanted.limits).run(job, patience(wanted))
    except WorkerVanishedError:
        _local.worker = None
        raise
    finally:
        worker = getattr(_local, "worker", None)
        if worker is not None:
            _local.pause = threading.Timer(IDLE, worker.close)
            _local.pause.daemon = True
            _local.pause.start()


def worker_for(preload: tuple[str, ...], sandboxed: bool, limits: Limits) -> Worker | PlainWorker:
    """Return this thread's worker; a new one if there is none, or if it was made for something else."""
    worker = getattr(_local, "worker", None)
    wanted = (preload, sandboxed, limits)
    if worker is not None and not (worker.alive and (worker.preload, worker.sandboxed, worker.limits) == wanted):
        worker.close()
        worker = None
    if worker is None:
        kind = Worker if has_own_kernels(sandboxed=sandboxed) else PlainWorker
        worker = kind(preload, sandboxed=sandboxed, limits=limits)
        _local.worker = worker
        _workers.add(worker)
    return worker


@atexit.register
def shut_down() -> None:
    """End all workers of this process."""
    for worker in list(_workers):
        worker.close()
    _local.worker = None
