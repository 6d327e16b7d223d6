"""The program inside the sandbox: has the assignment's libraries loaded, and forks workers.

A worker takes jobs and gives results, through one connection. It consists of a driver, which speaks Jupyter's protocol
to kernels, and of the parent that kernels are forked from (`parent.py`). Neither ever runs a student's code; both are
in a sandbox all the same, and each worker in namespaces of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import shutil
import socket
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from mlops_course.execution import keeper, namespaces, parent
from mlops_course.execution.channel import ClosedError, read_frame, receive, send, write_frame
from mlops_course.execution.job import Finding, Job, Limits, Result, decode_job, encode

RUNTIME_BYTES = 64_000_000

# What drivers need and nearly every notebook loads, too.
IN_COMMON = ("IPython.core.interactiveshell", "jupyter_client.manager", "nbclient", "nbformat", "zmq.asyncio")


def main() -> None:
    """Load the libraries, then fork a worker for each request until the other side is gone."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--sandboxed", action="store_true")
    arguments.add_argument("--preload", default="[]")
    options = arguments.parse_args()
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    for name in IN_COMMON:
        importlib.import_module(name)
    failed = parent.prepare(json.loads(options.preload))
    send(control, {"ready": True, "not loaded": failed})
    while True:
        try:
            request, handles = receive(control, handles=2)
        except ClosedError:
            os._exit(0)
        parent.reap()
        try:
            fork_worker(request, handles, control, options.sandboxed)
        except OSError:
            traceback.print_exc()  # the one who waits for the worker sees its connection closed
        for handle in handles:
            os.close(handle)


def fork_worker(request: dict[str, Any], handles: list[int], control: socket.socket, sandboxed: bool) -> None:
    """Fork a worker, in a sandbox the first process of its own namespaces."""
    if os.fork():
        return
    try:
        control.close()
        namespaces.end_with_parent()
        if sandboxed:
            namespaces.unshare()
            if os.fork():
                os.closerange(3, 1024)
                os.wait()
                os._exit(0)
            namespaces.end_with_parent()
            namespaces.keep_mounts_private()
            namespaces.mount_processes()
            namespaces.mount_empty(request["runtime"], RUNTIME_BYTES)
            namespaces.drop_capabilities()
        else:
            os.environ["HOME"] = request["runtime"]
        work(socket.socket(fileno=handles[0]), handles[1], Path(request["runtime"]), sandboxed)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def work(connection: socket.socket, errors: int, runtime: Path, sandboxed: bool) -> None:
    """Be a worker: start the parent of its kernels, then execute jobs until there are no more."""
    for number in (1, 2):
        os.dup2(errors, number)
    send(connection, {"process": os.getpid()})
    receive(connection)  # from now on this process, and what it will start, is in its control group
    here, there = socket.socketpair()
    if os.fork() == 0:
        here.close()
        connection.close()
        try:
            parent.serve(there, sandboxed)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    there.close()

    from mlops_course.execution import runner

    runner.register_provisioner()
    driver = Driver(here, runtime, sandboxed)
    with contextlib.suppress(ClosedError), connection.makefile("rb") as jobs, connection.makefile("wb") as answers:
        while True:
            execute_next(driver, jobs, answers)
    driver.close()


def execute_next(driver: Driver, jobs: BinaryIO, answers: BinaryIO) -> None:
    """Execute one job."""
    job = decode_job(read_frame(jobs))
    result = driver.execute(job)
    write_frame(answers, encode(result))


class Driver:
    """Executes submissions, one at a time."""

    def __init__(self, parent_connection: socket.socket, runtime: Path, sandboxed: bool) -> None:
        self.parent = parent_connection
        self.base = runtime
        self.sandboxed = sandboxed
        self.session = ""
        self.lease: Any = None
        self.tests: Any = None
        self.keepers: list[int] = []
        self.folder = ""
        self.runtime = runtime

    def execute(self, job: Job) -> Result:
        """Execute a submission's notebooks in one folder, each in a kernel of its own."""
        from mlops_course.execution import notebook

        if not (job.session and job.session == self.session and not self.lease.gone):
            self.close()
            self.open(job)
        executed, findings, seconds, together = {}, [], {}, {}
        watch = Watch(self.keepers[0], job.limits)
        watch.start()
        try:
            for name, text in job.notebooks.items():
                begun = time.monotonic()
                if self.lease.gone or (self.tests and self.tests.gone):
                    self.close()
                    self.open(job)
                watch.begin(self.keepers[0])
                place = notebook.Place(self.lease, self.runtime, self.folder, self.tests)
                executed[name], seen, together[name] = notebook.execute(job, name, text, place)
                findings += seen
                findings += [Finding("limit", name, None, reason) for reason in watch.take()]
                seconds[name] = round(time.monotonic() - begun, 3)
                self.sweep()
        finally:
            watch.stop()
            if not job.session:
                self.close()
        return Result(executed, tuple(findings), seconds, watch.peak, together)

    def open(self, job: Job) -> None:
        """Have a keeper forked, which lays out the submission's files."""
        import base64

        from mlops_course.execution.provisioner import Lease

        self.runtime = Path(tempfile.mkdtemp(prefix="s", dir=self.base))
        home = Path(keeper.HOME) if self.sandboxed else self.runtime / "home"
        self.folder = str(home / (Path(job.assignment).name or "assignment"))
        encoded = {path: base64.b64encode(content).decode() for path, content in job.files.items()}
        request = {
            "base": str(self.base),
            "runtime": str(self.runtime),
            "folder": self.folder,
            "limits": vars(job.limits),
        }
        layout = {  # not through the parent: the kernels of every later submission have its memory
            "files": encoded,
            "given": {path: encoded[path] for path in job.given if path in encoded},
            "executable": list(job.executable),
        }
        for role in ("student", "tests") if job.separate else ():
            (self.runtime / role).mkdir()
        pairs = [socket.socketpair() for _ in range(1 + job.separate)]
        send(self.parent, request, [theirs.fileno() for _own, theirs in pairs])
        for _own, theirs in pairs:
            theirs.close()
        answer, _ = receive(self.parent)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        for own, _theirs in pairs:
            send(own, layout)
        for own, _theirs in pairs:
            entered, _ = receive(own)
            if "error" in entered:
                raise RuntimeError(entered["error"])
        leases = [Lease(own) for own, _theirs in pairs]
        self.keepers, self.lease, self.session = answer["keepers"], leases[0], job.session
        self.tests = leases[1] if job.separate else None

    def sweep(self) -> None:
        """End what a notebook has left running."""
        for lease in filter(None, (self.lease, self.tests)):
            with contextlib.suppress(ClosedError):
                lease.ask({"sweep": True}, "swept")

    def close(self) -> None:
        """End the submission: its processes, and its folders with them."""
        if self.lease is None:
            return
        self.sweep()
        for lease in filter(None, (self.lease, self.tests)):
            lease.control.close()
        for pid in self.keepers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.lease, self.tests, self.session = None, None, ""
        shutil.rmtree(self.runtime, ignore_errors=True)


class Watch(threading.Thread):
    """Measures what a submission uses, and ends its kernels when that is too much.

    It asks nobody, so nothing that a submission's processes do can make it wait.
    """

    INTERVAL = 0.1  # seconds between two looks
    EXACT = 50  # looks between two exact measurements, which cost Linux a walk through all pages
    MARGIN = 60  # seconds: by then the driver has ended a notebook that takes too long, and gone on

    def __init__(self, keeper: int, limits: Limits) -> None:
        super().__init__(daemon=True)
        self.limits = limits
        self.peak = 0
        self.reasons: list[str] = []
        self.over = threading.Event()
        self.begin(keeper)

    def run(self) -> None:
        """Look again and again."""
        looks = 0
        while not self.over.wait(self.INTERVAL):
            looks += 1
            processes = below(self.keeper)
            held = files_in_memory(processes)
            # Pages that a fork still shares with its parent count in each process here: at least what is really used.
            used = held + sum(resident(pid) for pid in processes)
            if used > self.limits.memory_bytes or looks % self.EXACT == 0:
                used = held + sum(memory(pid) for pid in processes)
                self.peak = max(self.peak, used)
            if time.monotonic() > self.deadline:
                self.end(f"the notebook ran longer than {self.limits.notebook_seconds} seconds")
            elif len(processes) > self.limits.processes:
                self.end(f"it started more than {self.limits.processes} processes at a time")
            elif used > self.limits.memory_bytes:
                self.end(f"it used more than {self.limits.memory_bytes / 1e9:.1f} GB of memory")

    def end(self, reason: str) -> None:
        """End the whole submission: its first process takes all others with it."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.keeper, 9)

    def begin(self, keeper: int) -> None:
        """Watch the processes of this keeper for the time of one notebook."""
        self.keeper = keeper
        self.deadline = time.monotonic() + self.limits.notebook_seconds + self.MARGIN

    def take(self) -> list[str]:
        """Return what was exceeded since the last call."""
        reasons, self.reasons = self.reasons, []
        return reasons

    def stop(self) -> None:
        """End the thread."""
        self.over.set()
        self.join()


def below(keeper: int) -> list[int]:
    """List all processes below one, however deep."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError, IndexError, ValueError):
                text = read_bytes(f"/proc/{entry}/stat")
                parents.setdefault(int(text.rpartition(b")")[2].split()[1]), []).append(int(entry))
    found, queue = [], [keeper]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def memory(pid: int) -> int:
    """Bytes that a process uses, what it shares with others counted in parts."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return resident(pid)


def files_in_memory(processes: list[int]) -> int:
    """Bytes of the files without a name (memfd_create(2)) that processes hold, each counted once."""
    sizes: dict[int, int] = {}
    for pid in processes:
        with contextlib.suppress(OSError):
            for handle in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(handle.path).startswith("/memfd:"):
                        state = os.stat(handle.path)
                        sizes[state.st_ino] = 512 * state.st_blocks
    return sum(sizes.values())


def resident(pid: int) -> int:
    """Bytes of a process that are in memory, whether it shares them or not."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(read_bytes(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def read_bytes(path: str) -> bytes:
    """Read a small file of the system, as cheaply as can be: the watch reads a hundred each second."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


if __name__ == "__main__":
    main()
