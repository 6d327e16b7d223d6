"""What the keeper of the student's processes does between the two kernels.

It hands frames on. A student's processes go on while a call is under way, and stand still otherwise: nothing changes
behind a test's back. A program that a test starts is forked from the keeper, where no code of the student's ever ran.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import stat
import time
from pathlib import Path
from typing import Any

from mlops_course.execution.boundary import wire
from mlops_course.execution.channel import ClosedError

PATIENCE = 10  # seconds for a kernel to take what it is sent, all of it
LONGEST = 3600.0


class Relay:
    """Stands between a test kernel and a student kernel.

    Parameters
    ----------
    keeper
        The keeper of the student's processes.
    tests
        Leads to the test kernel.
    """

    def __init__(self, keeper: Any, tests: socket.socket) -> None:
        self.keeper = keeper
        self.tests = wire.Inbox(tests)
        here, self.kernels = socket.socketpair()
        self.student = wire.Inbox(here)
        for one in (tests, here):
            one.settimeout(PATIENCE)
        self.program = self.under_way = 0
        self.late = False
        self.deadline = 0.0

    @property
    def sockets(self) -> list[socket.socket]:
        """What to listen to."""
        return [self.tests.connection, self.student.connection]

    def hear(self, ready: list[Any]) -> bool:
        """Hand on what has arrived; False if one of the two is gone."""
        try:
            if self.tests.connection in ready:
                for kind, data in self.tests.frames():
                    if kind == wire.PROGRAM:
                        self.start(json.loads(data))
                    else:
                        self.under_way += kind == wire.CALL
                        self.keeper.resume()
                        wire.forward(self.student.connection, kind, data)
            if self.student.connection in ready:
                for kind, data in self.student.frames():
                    if kind not in (wire.ANSWER, wire.BACK):
                        raise ClosedError
                    if kind == wire.ANSWER:
                        if not self.under_way:
                            raise ClosedError
                        self.under_way -= 1
                        self.keeper.stop()
                    wire.forward(self.tests.connection, kind, data)
        except (OSError, ValueError, RecursionError):
            self.close()
            return False
        return True

    def close(self) -> None:
        """End the connection."""
        for one in (*self.sockets, self.kernels):
            one.close()

    # ---------------------------------------------------------------- programs

    def start(self, order: dict[str, Any]) -> None:
        """Start a program of a test's."""
        command, environment = [str(word) for word in order["command"]], dict(order["environment"])
        environment = of_tools(command) | environment
        found = shutil.which(command[0], path=environment.get("PATH", os.defpath))
        if os.sep in command[0]:
            found = os.path.join(order["folder"], command[0])
        if found is None or not os.path.isfile(found) or not os.path.isdir(order["folder"]):
            missing = command[0] if os.path.isdir(order["folder"]) else order["folder"]
            wire.send(self.tests.connection, wire.PROGRAM, {"id": order["id"], "missing": missing})
            return
        given, out, err = (os.memfd_create(name) for name in ("in", "out", "err"))
        os.write(given, base64.b64decode(order["input"]))
        os.lseek(given, 0, os.SEEK_SET)
        self.late = False
        self.deadline = time.monotonic() + min(order["seconds"] or LONGEST, LONGEST)

        def become() -> None:
            os.setsid()
            os.chdir(order["folder"])
            os.execve(found, command, environment)  # noqa: S606

        program = self.keeper.fork(become, keep=[given, out, out if order["joined"] else err])
        self.keeper.children[program] = lambda code: self.ended(program, order["id"], code, (out, err))
        self.program = program
        os.close(given)

    def ended(self, program: int, number: int, code: int, outputs: tuple[int, int]) -> None:
        """Hand over what a program has written."""
        texts = []
        for handle in outputs:
            os.lseek(handle, 0, os.SEEK_SET)
            with os.fdopen(handle, "rb") as file:
                texts.append(base64.b64encode(file.read(wire.LARGEST // 4)).decode())
        with contextlib.suppress(OSError):
            os.killpg(program, signal.SIGKILL)  # what it has left running in its group
        self.keeper.stop()  # and elsewhere
        if program != self.program:
            return  # its test has ended
        self.program = 0
        answer = {"id": number, "code": code, "late": self.late, "stdout": texts[0], "stderr": texts[1]}
        with contextlib.suppress(OSError):
            wire.send(self.tests.connection, wire.PROGRAM, answer)

    def look_at_time(self) -> None:
        """End a program that takes too long."""
        if self.program and time.monotonic() > self.deadline:
            self.late = True
            self.kill()

    def kill(self) -> None:
        """Kill the program that is running."""
        if self.program:
            with contextlib.suppress(OSError):
                os.killpg(self.program, signal.SIGKILL)

    def abandon(self) -> None:
        """End the program of a test that has ended."""
        self.kill()
        self.program = 0


def of_tools(command: list[str]) -> dict[str, str]:
    """Give a program of a test's what keeps the student's files from being taken for a tool, or for its settings."""
    found = {"GIT_CONFIG_GLOBAL": os.devnull, "PYTHONNOUSERSITE": "1"}
    modules = re.findall(r"(?:^|\s)-m\s+(\w+)", " ".join(command))
    if any(importlib.util.find_spec(name) for name in modules):  # of a library: the working directory comes first else
        found["PYTHONSAFEPATH"] = "1"
    return found


def put_back(folder: Path, files: dict[str, bytes], executable: list[str]) -> None:
    """Put the assignment's own files back where they differ; links are followed nowhere.

    The student's processes must stand still.
    """
    for path, content in files.items():
        place = folder
        for part in Path(path).parts[:-1]:
            place = place / part
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                place.unlink()
            if not place.exists():
                place.mkdir()
        place = folder / path
        with contextlib.suppress(OSError):
            state = place.lstat()
            if stat.S_ISREG(state.st_mode) and state.st_size == len(content) and place.read_bytes() == content:
                continue
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.write_bytes(content)
        place.chmod(0o755 if path in executable else 0o644)
