"""The wall around what students' code can reach: bubblewrap (https://github.com/containers/bubblewrap).

A worker is a process in such a sandbox that takes jobs through one pipe and answers through another. It sees the
system's programs and the Python environment, read-only, and nothing else of the computer: no home, no course, no other
submission, no network.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

import course
from course.errors import CourseError
from course.execution.channel import ClosedError, read_frame, write_frame
from course.execution.job import Job, Limits
from course.execution.process_limit import inside, make_group, remove_group

HERE = Path(__file__).parent
RUNTIME = "/run/course"
PROGRAMS = "/opt/course"
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
}
REMEDY = (
    "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap) and allow user namespaces; there is none for macOS "
    "and Windows. To grade all the same, with students' code running under your name beside the solutions and the "
    "gradebook: course grade --no-sandbox, or c.SandboxedExecute.sandbox = False in nbgrader_config.py."
)


class SandboxError(CourseError):
    """There is no sandbox on this computer; the message says why, and what to do."""


class WorkerVanishedError(Exception):
    """A worker ended before it answered."""


def base_command() -> list[str]:
    """Build the part of the command that is the same for all workers.

    Raises
    ------
    SandboxError
        If bubblewrap is not installed.
    """
    program = shutil.which("bwrap") if sys.platform.startswith("linux") else None
    if not program:
        raise SandboxError(f"Students' code is executed in a sandbox, and bubblewrap is not installed. {REMEDY}")
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox",
               "--uid", "1000", "--gid", "1000", "--proc", "/proc", "--dev", "/dev"]  # fmt: skip
    if os.getuid() == 0:
        # For root, bubblewrap covers parts of /proc, and Linux lets nobody mount a /proc that shows more than the ones
        # there are. So the worker has a whole one, too; each submission's mounts hide it (`parent.enter`).
        command += ["--bind", "/proc", WHOLE_PROC]
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
    yield Path(course.__file__).resolve().parent
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
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "DVC_NO_ANALYTICS": "1",
    }


def shortcut(kind: str) -> str:
    """Write the program that asks for a forked interpreter instead of starting one."""
    text = (HERE / "ask_fork.py").read_text(encoding="utf-8")
    text = text.replace('KIND = "dvc"', f"KIND = {kind!r}").replace('PYTHON = "python"', f"PYTHON = {sys.executable!r}")
    text = text.replace('SOCKET = "COURSE_FORK"', 'SOCKET = os.environ.get("COURSE_FORK", "/nowhere")')
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return f"#!{base} -IS\n{text}"


def shortcuts() -> dict[str, str]:
    """Map places inside the sandbox to the programs and the kernel description that stand there."""
    program = f"{PROGRAMS}/bin/kernel"
    found = {
        program: shortcut("kernel"),
        f"{PROGRAMS}/share/jupyter/kernels/python3/kernel.json": json.dumps(
            {"argv": [program, "-f", "{connection_file}"], "display_name": "Python 3 (ipykernel)", "language": "python",
             "metadata": {"debugger": True}}
        ),
    }  # fmt: skip
    package = importlib.util.find_spec("dvc")
    places = [Path(folder) / "__main__.py" for folder in package.submodule_search_locations] if package else []
    for place in (Path(sys.executable).parent / "dvc", *places):
        if place.is_file():
            found[str(place)] = shortcut("dvc")
    return found


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
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        self.private = None if sandboxed else tempfile.TemporaryDirectory(prefix="course-grade-")
        handles: list[int] = []
        try:
            command, environment = self.command(handles)
            self.group = make_group(limits.processes) if sandboxed else None
            self.process = subprocess.Popen(
                inside(self.group, command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env=environment,
                pass_fds=handles,
                cwd="/",
            )
        finally:
            for handle in handles:
                os.close(handle)
        try:
            self.ready = json.loads(read_frame(self.process.stdout))
        except (ClosedError, ValueError):
            self.process.wait()
            reason = self.said() or "it ended at once"
            self.close()
            raise SandboxError(f"The sandbox cannot be started: {reason}. {REMEDY}") from None

    def command(self, handles: list[int]) -> tuple[list[str], dict[str, str]]:
        """Build the worker's command and its environment; open files that it inherits are added to `handles`."""
        python = [sys.executable, "-m", "course.execution.worker", "--preload", json.dumps(list(self.preload))]
        if not self.sandboxed:
            return [*python, "--runtime", self.private.name], {**variables(), "HOME": self.private.name}
        command = base_command()
        for place in ("/tmp", "/var/tmp", "/home", RUNTIME):
            command += ["--size", str(self.limits.disk_bytes if place != RUNTIME else 64_000_000), "--tmpfs", place]
        # After these, because they may lie in one of them; in this order, because one can lie within the other.
        for folder in sorted({str(folder) for folder in python_folders()}, key=len):
            if not folder.startswith("/usr/"):
                command += ["--ro-bind", folder, folder]
        command += ["--dir", "/home/student", "--remount-ro", "/home"]
        for place, text in WRITTEN.items():
            command += ["--ro-bind-data", str(in_memory(text, handles)), place]
        for place, text in shortcuts().items():
            command += ["--perms", "0755", "--ro-bind-data", str(in_memory(text, handles)), place]
        for name, value in variables().items():
            if value:
                command += ["--setenv", name, value]
        return [*command, "--chdir", "/", "--remount-ro", "/", "--", *python, "--sandboxed", "--runtime", RUNTIME], {}

    def said(self) -> str:
        """Return the last line that the worker wrote on stderr."""
        self.errors.seek(0)
        lines = self.errors.read()[-4000:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

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
            self.process.kill()

        timer = threading.Timer(seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            write_frame(self.process.stdin, job)
            return read_frame(self.process.stdout)
        except (ClosedError, OSError, ValueError):
            reason = f"no answer within {seconds:.0f} seconds" if late.is_set() else self.said() or "it ended"
            self.close()
            raise WorkerVanishedError(reason) from None
        finally:
            timer.cancel()

    @property
    def alive(self) -> bool:
        """Tell whether it can take a job."""
        return not self.closed and self.process.poll() is None

    def close(self) -> None:
        """End the worker and everything in its sandbox."""
        if self.closed:
            return
        self.closed = True
        self.process.kill()
        self.process.wait()
        remove_group(self.group)
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self.errors.close()
        if self.private:
            with contextlib.suppress(OSError):
                self.private.cleanup()


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
