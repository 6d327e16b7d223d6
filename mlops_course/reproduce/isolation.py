"""The wall around everything that reads a foreign folder or runs what it holds: bubblewrap.

Three kinds of processes are behind it: the one that copies a project, the kernels, and the one that reads what was
logged. They see the system's programs, the Python environment and the folders that they are given: no home, no other
folder, no network. What comes out is JSON. Without bubblewrap there is no wall, and the report says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from mlops_course.errors import CourseError, InterruptedByUserError
from mlops_course.execution.sandbox import WHOLE_PROC, WRITTEN, last_line, python_folders, system
from mlops_course.reproduce.collect import UnreadableError
from mlops_course.reproduce.job import end_tree
from mlops_course.reproduce.project import clean_environment
from mlops_course.reproduce.surroundings import Tools, essential

# Seconds for reading one store, models included: at most, however short executions may be, and for loading MLflow.
READING, LEAST, LOADING = 180, 30, 600
# Bytes of an answer; and of what a process may keep in memory in temporary folders.
ANSWER, MEMORY = 2**28, 2**30
# Where the system's programs are.
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
# What a program needs to reach other computers.
NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
# Graphics cards, which some notebooks compute with.
DEVICES = ("/dev/dri", "/dev/kfd", *map(str, Path("/dev").glob("nvidia*")))
# The executions' folders, as the process that reads what they logged sees them.
RUNS = Path("/run/reproduce")
BEHIND = "behind-the-wall"
QUIET = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}


class Wall:
    """Builds commands that run behind the wall, and starts this package's modules there."""

    def __init__(self, tools: Tools, base: Path) -> None:
        """Write the few files of the system that are not the computer's own."""
        self.tools = tools
        self.etc = base / "etc"
        self.etc.mkdir()
        for place, text in WRITTEN.items():
            (self.etc / Path(place).name).write_text(text, encoding="utf-8")

    def enclose(
        self,
        command: list[str],
        *,
        read: Iterable[Path] = (),
        write: dict[Path, Path] | None = None,
        more: Iterable[str] = (),
        folder: Path = Path("/"),
        host: str = "",
        network: bool = False,
    ) -> list[str]:
        """Build the command that runs another one behind the wall; without bubblewrap, that one as it is.

        Parameters
        ----------
        read, write
            Folders to see beside the system and the Python environment; real folder → where it is seen, to write to.
        more
            Further options of bubblewrap.
        network
            Whether it may reach other computers. Without, it has a loopback of its own, whose ports nobody else takes.
        """
        if not self.tools.bubblewrap:
            return command
        wall = [self.tools.bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--uid", "1000",
                "--gid", "1000", "--hostname", host or "sandbox", "--proc", "/proc", "--dev", "/dev",
                "--ro-bind-try", "/sys", "/sys", *system()]  # fmt: skip
        # The caller's own folders with programs may not be seen here; the system's are.
        wall += ["--setenv", "PATH", os.pathsep.join([os.environ["PATH"], *SYSTEM_PATH])]
        for place in ("/tmp", "/var/tmp", "/dev/shm"):
            wall += ["--size", str(MEMORY), "--tmpfs", place]
        for file in sorted(self.etc.iterdir()):
            wall += ["--ro-bind", str(file), f"/etc/{file.name}"]
        for device in DEVICES:
            wall += ["--dev-bind-try", device, device]
        if network:
            wall += ["--share-net", *(part for name in NETWORK for part in ("--ro-bind-try", name, name))]
        # In this order, because one can lie within another.
        for place in sorted({str(place) for place in (*python_folders(), *read)}, key=len):
            wall += ["--ro-bind", place, place]
        for real, shown in (write or {}).items():
            wall += ["--bind", str(real), str(shown)]
        return [*wall, *more, "--remount-ro", "/", "--chdir", str(folder), "--", *command]

    def module(self, name: str, stop: threading.Event, **places: Any) -> Inside:
        """Start a module of this package behind the wall."""
        # -P: nothing is imported from the working directory, wherever the command was started.
        behind = [BEHIND] if self.tools.bubblewrap else []
        command = [sys.executable, "-P", "-m", f"mlops_course.reproduce.{name}", *behind]
        variables = clean_environment() | QUIET
        if self.tools.bubblewrap:
            variables = essential(variables) | QUIET | {"HOME": "/tmp", "TMPDIR": "/tmp"}
        return Inside(self.enclose(command, **places), variables, stop)


class Inside:
    """A process that takes jobs as lines of JSON, and answers each in one; `stop` is set when the user interrupts."""

    def __init__(self, command: list[str], variables: dict[str, str], stop: threading.Event) -> None:
        self.stop = stop
        self.threads = ThreadPoolExecutor(max_workers=1)
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        pipes |= {"env": variables, "cwd": os.path.abspath(os.sep), "start_new_session": True}
        # The wall ends with the thread that has started it (`--die-with-parent`), so that thread is this object's own.
        self.process = self.threads.submit(subprocess.Popen, command, **pipes).result()

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Give it a job and wait so many seconds for the answer; it is ended if there is none (UnreadableError)."""
        begun = time.monotonic()
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
            line = self.threads.submit(self.process.stdout.readline, ANSWER)
            while not wait([line], timeout=0.2).done:
                if self.stop.is_set():
                    raise InterruptedByUserError("interrupted")
                if time.monotonic() - begun > seconds:
                    raise UnreadableError(f"reading it took more than {seconds:.0f} s")
            return json.loads(line.result())
        except (OSError, ValueError):
            reason = last_line(self.errors) or "it said nothing"
            self.close()
            raise UnreadableError(f"the process that reads it ended: {reason}") from None
        except CourseError:
            self.close()
            raise

    def close(self) -> None:
        """End it, and all that it has started."""
        end_tree(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.threads.shutdown(wait=True)
        for file in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(OSError):
                file.close()

    @property
    def alive(self) -> bool:
        """Whether it can take a job."""
        return self.process.poll() is None


class Reader:
    """Reads what executions logged, in a process that has MLflow loaded.

    Loading a model executes code that a notebook wrote, so each store is read by a process of its own, forked from
    that one, which sees the folders of its execution only.
    """

    def __init__(self, wall: Wall, runs: Path, *, seconds: float, stop: threading.Event) -> None:
        """Begin to load MLflow while the notebooks still run."""
        self.wall, self.runs, self.stop = wall, runs, stop
        self.seconds = min(READING, max(LEAST, seconds))
        self.lock = threading.Lock()
        self.inside: Inside | None = None
        threading.Thread(target=self.warm_up, daemon=True).start()

    def warm_up(self) -> None:
        """Load MLflow; where that fails, the first store says so."""
        with self.lock, contextlib.suppress(CourseError):
            self.start()

    def start(self) -> Inside:
        """Return the process, started anew if it has ended."""
        if self.inside is None or not self.inside.alive:
            more = ["--ro-bind", str(self.runs), str(RUNS)]
            if os.name == "posix" and os.getuid() == 0:  # as for a grading worker
                more += ["--bind", "/proc", WHOLE_PROC]
            self.inside = self.wall.module("reader", self.stop, more=more)
            self.inside.ask({}, LOADING)
        return self.inside

    def read(self, folder: Path, root: Path, shown: Path, folders: dict[str, str]) -> dict[str, Any]:
        """Read what an execution logged, and list what is in its folders; UnreadableError says why that cannot be."""
        real = shown if self.wall.tools.bubblewrap else root
        job = {"root": root.relative_to(self.runs).as_posix(), "shown": str(shown), "real": str(real),
               "folder": str(real / folder.relative_to(root)), "folders": folders}  # fmt: skip
        with self.lock:
            answer = self.start().ask(job, self.seconds)
        if "error" in answer:
            raise UnreadableError(answer["error"])
        return answer

    def close(self) -> None:
        """End the process; whoever waits for an answer is told."""
        if self.inside is not None:
            end_tree(self.inside.process.pid)
            self.inside.process.kill()
        with self.lock:
            if self.inside is not None:
                self.inside.close()
