"""Reads stores behind the wall: takes jobs as lines of JSON, and answers each in one (`isolation.Reader` starts it)."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from mlops_course.execution.sandbox import WHOLE_PROC, python_folders
from mlops_course.reproduce.collect import UnreadableError, read_store, warm_up
from mlops_course.reproduce.isolation import ANSWER, BEHIND, MEMORY, RUNS
from mlops_course.reproduce.project import inventory


def main() -> None:
    """Answer until nobody asks any more."""
    behind = BEHIND in sys.argv
    answers = os.dup(1)
    os.dup2(2, 1)  # what models print goes where warnings go
    for line in sys.stdin:
        job = json.loads(line)
        if not job:
            warm_up()
        answer = (apart(job, answers, behind) if hasattr(os, "fork") else answer_to(job)) if job else b"{}"
        with os.fdopen(os.dup(answers), "wb") as file:
            file.write(answer + b"\n")


def answer_to(job: dict[str, Any]) -> bytes:
    """Read a store, and list what the execution left in its folders."""
    real = Path(job["real"])
    try:
        answer = read_store(job["folder"], job["shown"], job["real"])
        answer["left"] = {name: inventory(real / folder) for name, folder in job["folders"].items()}
        answer["stores"] = [path.relative_to(real).as_posix() for path in real.rglob("mlflow.db")]
    except UnreadableError as problem:
        answer = {"error": str(problem)}
    except Exception as problem:  # whatever a store or a model holds that nobody thought of
        answer = {"error": f"{type(problem).__name__}: {str(problem)[:300]}"}
    return json.dumps(answer).encode()


def apart(job: dict[str, Any], answers: int, behind: bool) -> bytes:
    """Answer from a process that has the libraries loaded, but has nothing to do with this one or the next job."""
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        code = 1
        try:
            for handle in (reading, answers):
                os.close(handle)
            null = os.open(os.devnull, os.O_RDWR)
            for handle in range(3):
                os.dup2(null, handle)
            if behind:
                from mlops_course.execution import namespaces  # there are some on Linux only

                namespaces.unshare()
            inner = os.fork()
            if inner == 0:
                if behind:
                    enter(job)
                with os.fdopen(writing, "wb") as file:
                    file.write(answer_to(job))
                code = 0
            else:
                os.close(writing)
                os.waitpid(inner, 0)
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        data = file.read(ANSWER)
    if len(data) == ANSWER:
        os._exit(1)
    os.waitpid(between, 0)
    try:
        return json.dumps(json.loads(data)).encode()
    except (ValueError, RecursionError):
        return json.dumps({"error": "the process that read it ended"}).encode()


def enter(job: dict[str, Any]) -> None:
    """Be the first process in namespaces of its own; of all executions, see this one, where its notebook saw it."""
    from mlops_course.execution import namespaces

    namespaces.end_with_parent()
    namespaces.keep_mounts_private()
    namespaces.mount_processes()
    root = os.open(RUNS / job["root"], os.O_PATH)
    for place in ("/tmp", "/var/tmp"):
        namespaces.mount_empty_around(place, MEMORY, sorted({str(one) for one in python_folders()}, key=len))
    for place in (str(RUNS), WHOLE_PROC):
        if os.path.isdir(place):
            namespaces.mount_empty(place, 4096)
    os.makedirs(job["shown"])
    flags = namespaces.MS_BIND | namespaces.MS_REC
    namespaces.call("mount", f"/proc/self/fd/{root}".encode(), job["shown"].encode(), None, flags, None)
    os.close(root)
    with contextlib.suppress(OSError):
        namespaces.forbid_more_namespaces()
    namespaces.drop_capabilities()


if __name__ == "__main__":
    main()
