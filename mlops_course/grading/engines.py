"""Where executions take place. An engine is a function: number of workers → `concurrent.futures.Executor`.

The command calls `executor.submit(execute, job)`, with bytes in and bytes back. Threads are enough for this computer,
because each has a worker process of its own. An executor of a cluster can take their place: it needs this package on
its computers, and no file system in common.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from mlops_course.errors import CourseError

Engine = Callable[[int], Executor]


def local(jobs: int) -> Executor:
    return ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="execution")


ENGINES: dict[str, Engine] = {"local": local}


def find_engine(name: str) -> Engine:
    """Return an engine: one of `ENGINES`, or `module:function`."""
    if name in ENGINES:
        return ENGINES[name]
    module, colon, function = name.partition(":")
    if not colon:
        raise CourseError(f"--engine {name}: there is no such engine. Use {', '.join(ENGINES)}, or module:function.")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as problem:
        raise CourseError(f"--engine {name}: {problem}. It must be a function that can be imported.") from None
