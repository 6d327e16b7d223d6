"""The wall around what students' code can reach: bubblewrap (https://github.com/containers/bubblewrap).

What is in it sees the system's programs and the Python environment, read-only, and nothing else of the computer: no
home, no course, no network. An interpreter there loads the assignment's libraries once, for all workers: these are
forked from it, each into namespaces of its own, take jobs through a connection, and see no other worker and no
submission but their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import mlops_course
from mlops_course.errors import CourseError
from mlops_course.execution.bubblewrap import find_bubblewrap, why_not
from mlops_course.execution.channel import read_frame, receive, receive_from, send, write_frame
from mlops_course.execution.job import ALGEBRA_THREADS, Job, Limits
from mlops_course.execution.process_limit import enter_group, make_group, remove_group
from mlops_course.execution.shortcuts import PROGRAMS, shortcuts

PACKAGE = Path(mlops_course.__file__).resolve().parent
RUNTIME = "/run/course"
WHOLE_PROC = "/run/proc"

# What programs look up in /etc and cannot do without: libraries, names of users and hosts, time zone, fonts, types.
ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "alternatives", "fonts", "mime.types",
       "magic", "locale.alias", "ssl/certs", "ssl/openssl.cnf", "protocols", "services")  # fmt: skip
WRITTEN = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nstudent:x:1000:1000:Student:/home/student:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/:/bin/false\n",
    "/etc/group": "root:x:0:\nstudent:x:1000:\nnogroup:x:65534:\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/resolv.conf": "",
    "/etc/machine-id": "0" * 32 + "\n",
    # After each commit Git would start two programs that see whether there is enough to tidy up.
    "/etc/gitconfig": "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n",
}
UNSAFE = (
    "To grade all the same, with students' code running under your name beside the solutions and the gradebook: "
    "course grade --no-sandbox, or c.SandboxedExecute.sandbox = False in nbgrader_config.py."
)


class SandboxError(CourseError):
    """There is no sandbox on this computer; the message says why, and what to do."""


class WorkerVanishedError(Exception):
    """A worker ended before it answered."""


def start_in(module: str, call: str) -> str:
    """Write a program that calls something of this package, whose folder is its first argument.

    The package is found without the files in `finders`; its folder is on the path for that time only.
    """
    name = call.partition("(")[0]
    where = f"from mlops_course.execution.{module} import {name}"
    return f"import sys; sys.path.insert(0, sys.argv.pop(1)); {where}; del sys.path[0]; {call}"


def base_command() -> list[str]:
    """Build the part of the command that is the same for all workers.

    Raises
    ------
    SandboxError
        If bubblewrap is not installed.
    """
    program = find_bubblewrap()
    if not program:
        raise SandboxError(f"Students' code is executed in a sandbox: {why_not()} {UNSAFE}")
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox",
               "--uid", "1000", "--gid", "1000", "--proc", "/proc", "--dev", "/dev"]  # fmt: skip
    if os.getuid() == 0:
        # For root, bubblewrap covers parts of /proc, and Linux lets nobody mount a /proc that shows more than the ones
        # there are. So the worker has a whole one, too; each submission's mounts hide it (`parent.enter`).
        command += ["--bind", "/proc", WHOLE_PROC]
    return command + system()


def system() -> list[str]:
    """Build the part of bubblewrap's command that shows the system's programs, and of /etc what these look up."""
    command = []
    for folder in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(folder)
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), folder]
        elif path.is_dir():
            command += ["--ro-bind", folder, folder]
    for name in ETC:
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return command


def python_folders() -> Iterable[Path]:
    """List what Python is made of here."""
    yield Path(sys.base_prefix).resolve()
    yield Path(sys.base_exec_prefix).resolve()
    yield Path(sys.prefix)
    yield PACKAGE
    executable = Path(sys.executable)
    while executable.is_symlink():  # an environment's python can be a chain of links
        executable = Path(os.path.normpath(executable.parent / executable.readlink()))
        if not executable.is_relative_to(sys.base_prefix) and not executable.is_relative_to(sys.prefix):
            yield executable


def variables() -> dict[str, str]:
    """Build the environment of a worker; nothing of the caller's is in it."""
    programs = str(Path(sys.executable).parent)
    return {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/home/student",
        "VIRTUAL_ENV": sys.prefix,
        "COURSE_KERNELS": f"{PROGRAMS}/share/jupyter",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", ""),
        **{name: os.environ.get(name) or "1" for name in ALGEBRA_THREADS},
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }


class Sandbox:
    """A sandbox, and in it an interpreter that has the libraries loaded. It ends with its last worker.

    Raises
    ------
    SandboxError
        If there is no sandbox here.
    """

    def __init__(self, preload: tuple[str, ...], sandboxed: bool, limits: Limits) -> None:
        self.workers = 0
        self.sandboxed = sandboxed
        self.limits = limits
        self.asking = threading.Lock()
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the sandbox)
        self.private = None if sandboxed else tempfile.TemporaryDirectory(prefix="course-grade-")
        self.control, there = socket.socketpair()
        handles: list[int] = []
        try:
            command, environment = self.command(preload, handles)
            self.process = subprocess.Popen(
                command,
                stdin=there,
                stdout=self.errors,
                stderr=self.errors,
                env=environment,
                pass_fds=handles,
                cwd="/",
            )
        finally:
            there.close()
            for handle in handles:
                os.close(handle)
        try:
            self.ready, _ = receive(self.control)
        except (OSError, ValueError):
            self.process.wait()
            reason = last_line(self.errors) or "it ended at once"
            self.close()
            raise SandboxError(f"The sandbox cannot be started: {why_not() or f'{reason}.'} {UNSAFE}") from None

    def command(self, preload: tuple[str, ...], handles: list[int]) -> tuple[list[str], dict[str, str]]:
        """Build the command and its environment; open files that it inherits are added to `handles`."""
        python = [
            sys.executable,
            "-c",
            start_in("worker", "main()"),
            str(PACKAGE.parent),
            "--preload",
            json.dumps(list(preload)),
        ]
        if not self.sandboxed:
            return python, {**variables(), "HOME": self.private.name}
        command = base_command()
        for place in ("/tmp", "/var/tmp", "/home"):
            command += ["--size", str(self.limits.disk_bytes), "--tmpfs", place]
        # After these, because they may lie in one of them; in this order, because one can lie within the other.
        for folder in sorted({str(folder) for folder in python_folders()}, key=len):
            if not folder.startswith("/usr/"):
                command += ["--ro-bind", folder, folder]
        command += ["--dir", "/home/student", "--remount-ro", "/home", "--dir", RUNTIME]
        for place, text in WRITTEN.items():
            command += ["--ro-bind-data", str(in_memory(text, handles)), place]
        for place, text in shortcuts().items():
            command += ["--perms", "0755", "--ro-bind-data", str(in_memory(text, handles)), place]
        for name, value in variables().items():
            if value:
                command += ["--setenv", name, value]
        return [*command, "--chdir", "/", "--remount-ro", "/", "--", *python, "--sandboxed"], {}

    def fork(self, errors: BinaryIO) -> socket.socket:
        """Have a worker forked, whose errors go into a file; return the connection to it."""
        runtime = tempfile.mkdtemp(dir=self.private.name) if self.private else RUNTIME
        here, there = socket.socketpair()
        if self.sandboxed:
            here.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            with there, self.asking:
                send(self.control, {"runtime": runtime}, [there.fileno(), errors.fileno()])
        except OSError:
            here.close()
            raise
        return here

    @property
    def alive(self) -> bool:
        """Tell whether workers can be forked."""
        return self.process.poll() is None

    def close(self) -> None:
        """End it, and all that is in it."""
        self.control.close()
        self.process.kill()
        self.process.wait()
        self.errors.close()
        if self.private:
            with contextlib.suppress(OSError):
                self.private.cleanup()


_sandboxes: dict[tuple[tuple[str, ...], bool, Limits], Sandbox] = {}
_opening = threading.RLock()


def enter_sandbox(preload: tuple[str, ...], sandboxed: bool, limits: Limits) -> Sandbox:
    """Return the sandbox that workers of this kind share, one more of them now; the first one waits until it is open.

    Raises
    ------
    SandboxError
        If there is no sandbox here.
    """
    wanted = (preload, sandboxed, limits)
    with _opening:
        sandbox = _sandboxes.get(wanted)
        if sandbox is None or not sandbox.alive:
            sandbox = _sandboxes[wanted] = Sandbox(*wanted)
        sandbox.workers += 1
        return sandbox


def leave_sandbox(sandbox: Sandbox) -> None:
    """Note that a worker is gone; the last one ends the sandbox."""
    with _opening:
        sandbox.workers -= 1
        if sandbox.workers:
            return
        for wanted in [wanted for wanted, one in _sandboxes.items() if one is sandbox]:
            del _sandboxes[wanted]
        sandbox.close()


class Worker:
    """A process that executes jobs, one at a time.

    Parameters
    ----------
    preload
        Modules that kernels shall find loaded.
    sandboxed
        Whether to put it in a sandbox.
    limits
        What its jobs may use.

    Raises
    ------
    SandboxError
        If there is no sandbox here.
    """

    def __init__(
        self,
        preload: tuple[str, ...] = (),
        *,
        sandboxed: bool = True,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        self.sandboxed = sandboxed
        self.preload = preload
        self.limits = limits
        self.closed = False
        self.group: Path | None = None
        self.handle: int | None = None
        self.connection: socket.socket | None = None
        self.sandbox = enter_sandbox(preload, sandboxed, limits)
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        try:
            self.connection = self.sandbox.fork(self.errors)
            message, process = receive_from(self.connection)
            process = process or message["process"]
            self.handle = os.pidfd_open(process)
            self.group = make_group(limits.processes) if sandboxed else None
            enter_group(self.group, process)
            send(self.connection, {"group": self.group is not None})
        except (OSError, ValueError) as problem:
            reason = last_line(self.errors) or last_line(self.sandbox.errors) or str(problem) or "it ended at once"
            self.close()
            raise SandboxError(f"The sandbox cannot be started: {why_not() or f'{reason}.'} {UNSAFE}") from None
        self.jobs, self.results = self.connection.makefile("wb"), self.connection.makefile("rb")

    def run(self, job: bytes, seconds: float) -> bytes:
        """Have a job executed.

        Raises
        ------
        WorkerVanishedError
            If the worker ended, or did not answer in time.
        """
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self.kill()

        timer = threading.Timer(seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            write_frame(self.jobs, job)
            return read_frame(self.results)
        except (OSError, ValueError):
            reason = f"no answer within {seconds:.0f} seconds" if late.is_set() else last_line(self.errors)
            self.close()
            raise WorkerVanishedError(reason or "it ended") from None
        finally:
            timer.cancel()

    @property
    def alive(self) -> bool:
        """Tell whether it can take a job: it says nothing unless it is asked, so what can be read now is its end."""
        return not self.closed and not select.select([self.connection], [], [], 0)[0]

    def kill(self) -> None:
        """End the worker's processes at once."""
        if self.handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def close(self) -> None:
        """End the worker and everything that it has started."""
        if self.closed:
            return
        self.closed = True
        self.kill()
        if self.handle is not None:
            select.select([self.handle], [], [], 10)  # until it has ended
            os.close(self.handle)
            self.handle = None
        if self.connection is not None:
            self.connection.close()
        remove_group(self.group)
        self.errors.close()
        leave_sandbox(self.sandbox)


def last_line(errors: BinaryIO) -> str:
    """Return the last line that was written on stderr."""
    errors.seek(0)
    lines = errors.read()[-4000:].decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def in_memory(text: str, handles: list[int]) -> int:
    """Make an open file in memory for bubblewrap to read; note it in `handles`."""
    handle = os.memfd_create("course")
    os.write(handle, text.encode())
    os.lseek(handle, 0, os.SEEK_SET)
    handles.append(handle)
    return handle


def patience(job: Job) -> float:
    """Seconds after which a job is given up: the limits should have ended it before."""
    return 120 + len(job.notebooks) * (job.limits.notebook_seconds + 60)
