"""The first process of a submission: it lays out the files, forks the kernels, and collects what ends.

It gives itself new namespaces. When it ends, the kernel of the operating system ends all processes of its namespace,
and its folders, which are in memory, vanish.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from mlops_course.execution import namespaces
from mlops_course.execution.boundary.relay import Relay, put_back
from mlops_course.execution.channel import receive, send
from mlops_course.execution.forked import PROGRAMS, run_kernel, run_program, start_afresh
from mlops_course.execution.sandbox import python_folders

HOME = "/home/student"
LONGEST_REQUEST = 1_000_000  # bytes of what a program asks for
SERVICE = "fork"  # the socket, in the runtime folder, that programs of a submission ask for a forked interpreter


def keep(control: socket.socket, request: dict[str, Any], sandboxed: bool) -> NoReturn:
    """Be the first process of a submission: lay out its files, fork its kernels, collect what ends."""
    try:
        request |= receive(control)[0]
        enter(request, sandboxed)
    except BaseException as problem:
        send(control, {"error": f"{type(problem).__name__}: {problem}"})
        os._exit(1)
    Keeper(control, request, sandboxed).run()
    os._exit(0)


def enter(request: dict[str, Any], sandboxed: bool) -> None:
    """Build the surroundings of a submission and write its files."""
    limits = request["limits"]
    if sandboxed:
        namespaces.keep_mounts_private()
        namespaces.mount_processes()
        namespaces.mount_empty("/dev/shm", limits["disk_bytes"])
        if "role" in request:
            namespaces.mount_empty_around(request["base"], 4096, [request["runtime"]])
        else:
            mount_shared(limits)
        if os.path.isdir("/run/proc"):
            namespaces.mount_empty("/run/proc", 4096)
        namespaces.raise_loopback()
    folder, files = Path(request["folder"]), request["files"]
    if request.get("role") == "tests":
        folder, files = Path(request["runtime"]) / "given", request["given"]
    folder.mkdir(parents=True, exist_ok=True)
    if request.get("role") == "tests" and sandboxed:
        namespaces.mount_empty(str(folder), limits["disk_bytes"])
    for path, content in files.items():
        place = folder / path
        if not place.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"the file {path} lies outside the submission")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(base64.b64decode(content))
        place.chmod(0o755 if path in request["executable"] else 0o644)
    if sandboxed:
        with contextlib.suppress(OSError):
            namespaces.forbid_more_namespaces()
        namespaces.drop_capabilities()
    else:
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans come to this process
    namespaces.set_readable(False)


def mount_shared(limits: dict[str, Any]) -> None:
    """Mount the folders that a submission can write to."""
    kept = sorted({str(folder) for folder in python_folders()}, key=len)
    for folder in ("/tmp", "/var/tmp", HOME):
        namespaces.mount_empty_around(folder, limits["disk_bytes"], kept)


class Keeper:
    """The loop of a submission's first process."""

    def __init__(self, control: socket.socket, request: dict[str, Any], sandboxed: bool) -> None:
        self.control = control
        self.request = request
        self.sandboxed = sandboxed
        # Process → who waits for its end: a program's connection; None: the driver; False: nobody any more.
        self.children: dict[int, socket.socket | Callable[[int], None] | bool | None] = {}
        self.service = socket.socket(socket.AF_UNIX)
        self.service.bind(str(Path(request["runtime"]) / SERVICE))
        self.service.listen(16)
        self.relay: Relay | None = None
        self.stopped = False

    def run(self) -> None:
        """Answer requests until the driver is gone."""
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.own = [wake, woken, self.service, self.control]
        send(self.control, {"entered": True})
        while True:
            asking = [connection for connection in self.children.values() if isinstance(connection, socket.socket)]
            relayed = self.relay.sockets if self.relay else []
            patience = 0.5 if self.relay and self.relay.program else None
            ready, _, _ = select.select([self.control, self.service, wake, *asking, *relayed], [], [], patience)
            self.end_abandoned([connection for connection in asking if connection in ready])
            if wake in ready:
                with contextlib.suppress(BlockingIOError):
                    wake.recv(4096)
                self.collect()
            if self.service in ready:
                self.answer_program()
            if self.control in ready:
                try:
                    message, handles = receive(self.control, handles=1)
                except OSError:
                    self.sweep()
                    return
                self.answer_driver(message, handles)
                continue  # which may have ended the relay
            if self.relay:
                self.relay.look_at_time()
                if not self.relay.hear(ready):
                    self.relay = None

    def end_abandoned(self, ready: list[socket.socket]) -> None:
        """End the programs whose caller is gone: it was killed, and a process of its own would have been."""
        for pid, connection in list(self.children.items()):
            if connection in ready:
                with contextlib.suppress(OSError):
                    if connection.recv(1):
                        continue
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                connection.close()
                self.children[pid] = False

    def collect(self) -> bool:
        """Collect every process that has ended, and tell who waits for it; say whether any is left."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return True
                waiting = self.children.pop(pid, False)
                code = os.waitstatus_to_exitcode(status)
                if waiting is None:
                    send(self.control, {"ended": pid, "code": code})
                    self.end_relay()
                elif callable(waiting):
                    waiting(code)
                elif waiting:
                    with contextlib.suppress(OSError):
                        send(waiting, {"code": code})
                    waiting.close()
        return False

    def end_relay(self) -> None:
        """Tell the test kernel that the student's has ended."""
        if self.relay:
            self.relay.close()
            self.relay = None

    def stop(self) -> None:
        """Let all processes of the submission stand still."""
        self.signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self.signal_all(signal.SIGCONT)

    def signal_all(self, number: int) -> None:
        """Send a signal to all processes of the namespace; without one there are others."""
        if self.sandboxed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, number)

    def directory_of(self, kernel: int) -> str:
        """Return in which directory a kernel is, if that is one of the submission's."""
        folder = Path(self.request["folder"])
        with contextlib.suppress(OSError):
            place = Path(os.readlink(f"/proc/{kernel}/cwd"))
            if place.is_relative_to(folder) and place.is_dir():
                return str(place)
        return str(folder)

    def start_kernel(self, message: dict[str, Any], handles: list[int]) -> int:
        """Fork a kernel; with a handle, one of two that are connected."""
        silent = [os.open(os.devnull, os.O_RDONLY), *(os.open(os.devnull, os.O_WRONLY) for _ in "ab")]
        passed = list(handles)
        if handles and self.request["role"] == "student":
            self.end_relay()
            self.relay = Relay(self, socket.socket(fileno=handles[0]))
            passed = [self.relay.kernels.fileno()]
        order = {key: self.request[key] for key in ("folder", "runtime", "role") if key in self.request}
        begin = start_afresh if message["fresh"] else run_kernel
        pid = self.fork(lambda: begin(message, order), keep=[*silent, *passed])
        if self.relay:
            self.relay.kernels.close()
        else:
            silent += handles
        for handle in silent:
            os.close(handle)
        return pid

    def answer_driver(self, message: dict[str, Any], handles: list[int]) -> None:
        """Do what the driver asks for."""
        if "kernel" in message:
            pid = self.start_kernel(message["kernel"], handles)
            self.children[pid] = None
            send(self.control, {"started": pid})
        elif "stop" in message:
            self.stop()
            given = {path: base64.b64decode(content) for path, content in self.request["given"].items()}
            put_back(Path(self.request["folder"]), given, self.request["executable"])
            send(self.control, {"stopped": self.directory_of(message["stop"])})
        elif "is idle" in message:
            if self.relay:
                self.relay.abandon()  # the driver asks after a test
            send(self.control, {"idle": not (self.relay and self.relay.under_way > 0)})
        elif "resume" in message:
            self.resume()
            send(self.control, {"resumed": True})
        elif "signal" in message:
            pid, number = message["signal"]
            if pid in self.children:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, number)  # a kernel leads its group, as Jupyter starts it
        elif "sweep" in message:
            self.sweep()
            send(self.control, {"swept": True})

    def answer_program(self) -> None:
        """Fork an interpreter for a program of the submission that would have started a new one."""
        asking, _ = self.service.accept()
        try:
            message, handles = receive(asking, handles=3, most=LONGEST_REQUEST, seconds=2)
            kind = message["kind"]
            if kind not in PROGRAMS or len(handles) != 3:
                raise ValueError(kind)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
            asking.close()
            return
        try:
            pid = self.fork(lambda: run_program(message, handles), keep=handles)
        except OSError:
            asking.close()
            return
        finally:
            for handle in handles:
                os.close(handle)
        asking.settimeout(None)
        self.children[pid] = asking
        with contextlib.suppress(OSError):
            send(asking, {"pid": pid})

    def fork(self, work: Any, keep: list[int]) -> int:
        """Fork a process that does this and nothing else, with these files as its first ones."""
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for handle in [*self.own, *([*self.relay.sockets, self.relay.kernels] if self.relay else [])]:
                handle.detach()
            for number, handle in enumerate(keep):
                os.dup2(handle, number + 100)
            for number in range(len(keep)):
                os.dup2(number + 100, number)
            os.closerange(len(keep), 1024)
            namespaces.set_readable(True)
            limit(self.request["limits"])
            code = work()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            if isinstance(ended.code, str):
                sys.stderr.write(ended.code + "\n")
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code or 0)

    def sweep(self) -> None:
        """End every other process of the submission, and wait until all are gone."""
        if self.sandboxed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            import psutil

            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.collect():
            time.sleep(0.002)


def limit(limits: dict[str, Any]) -> None:
    """Set the limits of a process and of all that it will start."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    settings = {
        resource.RLIMIT_AS: used + limits["memory_bytes"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 4096,
        resource.RLIMIT_NPROC: limits["processes"],
    }
    for kind, wanted in settings.items():
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))
    # Where memory is short all the same, Linux ends these first, and neither a worker nor another student's.
    with contextlib.suppress(OSError):  # where /proc cannot be written to
        Path("/proc/self/oom_score_adj").write_text("1000")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that grows too large is an OSError, as a full disk is
