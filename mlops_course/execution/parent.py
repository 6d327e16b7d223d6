"""The process that kernels are forked from: it has the assignment's libraries loaded and never runs a student's code.

For each submission it forks a *keeper*, which gives itself new namespaces and is their first process. The keeper lays
out the submission's files and forks the kernels. When the keeper ends, the kernel of the operating system ends all
processes of its namespace, and its folders, which are in memory, vanish.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from mlops_course.execution import namespaces
from mlops_course.execution.channel import ClosedError, receive, send
from mlops_course.execution.keeper import keep, mount_shared

# ---------------------------------------------------------------- loading

EVERY_KERNEL = ("ipykernel.kernelapp", "ipykernel.zmqshell", "matplotlib_inline.backend_inline")


def load(modules: list[str]) -> list[str]:
    """Import what there is of these modules; return the names of those that could not be imported."""
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    sys.path[:] = [entry for entry in sys.path if entry not in ("", "/")]
    programs = ["dvc.cli"] if "dvc" in modules else []
    for name in EVERY_KERNEL:
        importlib.import_module(name)
    sys.modules["ipykernel.kernelapp"].IPKernelApp().init_pdb()  # before a library makes a class over `pdb.Pdb`
    failed = []
    for name in [*modules, *programs]:
        try:
            importlib.import_module(name)
        except BaseException:  # a module may raise anything, and the notebook that needs it will say so
            failed.append(name)
    return failed


def prepare(modules: list[str]) -> list[str]:
    """Load the modules, and have ready what kernels will need; return the names of those that could not be loaded."""
    namespaces.set_readable(False)
    failed = load(modules)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return failed


def serve(connection: socket.socket, sandboxed: bool) -> NoReturn:
    """Fork a keeper for each request until the other side is gone."""
    namespaces.end_with_parent()
    while True:
        try:
            request, handles = receive(connection, handles=2)
        except ClosedError:
            os._exit(0)
        reap()
        try:
            if len(handles) == 2:
                pids = fork_two_keepers(request, handles, connection, sandboxed)
            else:
                pids = [fork_keeper(request, handles[0], [connection.fileno()], sandboxed)]
            send(connection, {"keepers": pids})
        except OSError as problem:
            send(connection, {"error": str(problem)})
        for handle in handles:
            os.close(handle)


def reap() -> None:
    """Collect the children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def fork_keeper(request: dict[str, Any], handle: int, others: list[int], sandboxed: bool) -> int:
    """Fork the keeper of one submission; return its process number as this process sees it.

    The others are closed there: who waits at their other ends is to hear when their own keeper ends.
    """

    def begin(tell: Callable[[str], None]) -> None:
        for one in others:
            os.close(one)
        if sandboxed:
            namespaces.unshare()
        keeper = os.fork()
        if keeper:
            tell(f"{keeper}")
            os.close(handle)
            os.waitpid(keeper, 0)
            os._exit(0)
        tell("")
        namespaces.end_with_parent()
        keep(socket.socket(fileno=handle), request, sandboxed)

    return fork_and_hear(begin)[0]


def fork_two_keepers(
    request: dict[str, Any], handles: list[int], connection: socket.socket, sandboxed: bool
) -> list[int]:
    """Fork two keepers that share the submission's home and `/tmp`, and nothing else: one for tests."""

    def begin(tell: Callable[[str], None]) -> None:
        connection.close()
        if sandboxed:
            namespaces.unshare(namespaces.CLONE_NEWUSER | namespaces.CLONE_NEWNS)
            namespaces.keep_mounts_private()
            mount_shared(request["limits"])
        keepers = [
            fork_keeper(request | {"role": role, "runtime": f"{request['runtime']}/{role}"}, handle, [other], sandboxed)
            for role, handle, other in zip(("student", "tests"), handles, handles[::-1], strict=True)
        ]
        tell(" ".join(map(str, keepers)))
        for handle in handles:
            os.close(handle)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)

    return fork_and_hear(begin)


def fork_and_hear(begin: Callable[[Callable[[str], None]], None]) -> list[int]:
    """Fork a process that tells the numbers of those that it has forked."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        told = False

        def tell(text: str) -> None:
            nonlocal told
            told = True
            os.write(writing, text.encode())
            os.close(writing)

        try:
            os.close(reading)
            namespaces.end_with_parent()
            begin(tell)
        except BaseException as problem:
            if not told:
                with contextlib.suppress(OSError):
                    os.write(writing, f"!{problem}".encode())
        finally:
            os._exit(1)
    os.close(writing)
    answer = os.read(reading, 4096).decode()  # not to its end: processes that stay have inherited the other one
    os.close(reading)
    if not answer.replace(" ", "").isdecimal():
        raise OSError(f"no namespaces for a submission: {answer[1:] or 'the process ended'}")
    return [int(number) for number in answer.split()]
