"""What a process becomes that the keeper of a submission has forked: a kernel, or a program."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any, NoReturn

from mlops_course.execution.boundary import answering, asking
from mlops_course.execution.sandbox import PACKAGE, start_in


def look_new(environment: dict[str, str]) -> None:
    """Give a forked process what a new one would have of its own: environment, random numbers, time zone."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False, errors="backslashreplace")  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()  # `random` reseeds itself after a fork, NumPy's global generator does not
    os.umask(0o022)


def start_afresh(*order: dict[str, Any]) -> NoReturn:
    """Be a Jupyter kernel in a new interpreter, which has no library loaded."""
    os.chdir("/")  # the first place where a new interpreter looks for modules
    begin = start_in("forked", "run_kernel(*json.loads(sys.argv.pop()))")
    command = [sys.executable, "-c", f"import json; {begin}", str(PACKAGE.parent), json.dumps(order)]
    os.execve(sys.executable, command, order[0]["environment"])  # noqa: S606


def run_kernel(message: dict[str, Any], request: dict[str, Any]) -> int:
    """Be a Jupyter kernel."""
    os.setsid()
    look_new(message["environment"])
    os.chdir(request["folder"])
    role = request.get("role")
    # As in any kernel of Jupyter's, the folder comes first on the path; in one for tests it is not on it.
    application = kernel([*message["arguments"], *(["--IPKernelApp.ignore_cwd=True"] * (role == "tests"))])
    if role == "tests":
        asking.ask_from_now_on(application.shell, 3, f"{request['runtime']}/given")
    elif role == "student":
        answering.answer_from_now_on(application.shell, 3)
    application.start()
    return 0


def kernel(arguments: list[str]) -> Any:
    """Make IPython's kernel in this process."""
    from ipykernel.kernelapp import IPKernelApp

    sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd())]
    sys.argv = ["ipykernel_launcher", *arguments]
    application = IPKernelApp.instance(parent_handle=0)  # its parent, the keeper, does not end before it does
    application.initialize(arguments)
    return application


def run_program(message: dict[str, Any], handles: list[int]) -> int:
    """Be a program that the submission started."""
    look_new({str(name): str(value) for name, value in message["environment"].items()})
    os.chdir(message["folder"])
    os.umask(int(message["umask"]))
    sys.argv = [str(argument) for argument in message["arguments"]]
    return PROGRAMS[message["kind"]]()


def be_dvc() -> int:
    """Be the command `dvc`."""
    from dvc.cli import main

    return main()


def be_kernel() -> int:
    """Be a kernel that the submission started itself, with papermill for example."""
    kernel(sys.argv[1:]).start()
    return 0


PROGRAMS = {"dvc": be_dvc, "kernel": be_kernel}
