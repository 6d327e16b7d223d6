"""Programs that a test starts run on the student's side; and what a test kernel refuses to do."""

from __future__ import annotations

import base64
import functools
import io
import os
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mlops_course.execution.boundary import wire

REFUSED = {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn",
           "pickle.find_class"}  # fmt: skip


class RefusedError(RuntimeError):
    """A test kernel does not do this."""


class Elsewhere:
    """What `subprocess.Popen` is for a program that runs on the student's side.

    It has ended when it is there: its input must be known at the start, and its output comes as a whole.
    """

    connection: socket.socket
    started = 0

    def __init__(
        self, args: Any, bufsize: int = -1, executable: Any = None, stdin: Any = None, stdout: Any = None,
        stderr: Any = None, preexec_fn: Any = None, close_fds: bool = True, shell: bool = False, cwd: Any = None,
        env: Any = None, universal_newlines: Any = None, *more: Any, text: Any = None, encoding: Any = None,
        errors: Any = None, **others: Any,
    ) -> None:  # fmt: skip
        words = [args] if isinstance(args, (str, bytes, os.PathLike)) else list(args)
        self.args, words = args, [os.fsdecode(word) for word in words]
        if shell:
            words = ["/bin/sh", "-c", *words]
        self.text = bool(text or encoding or errors or universal_newlines)
        self.encoding, self.errors = encoding or "utf-8", errors or "strict"
        self.targets = (stdout, stderr)
        self.order = {
            "command": words,
            "folder": os.fsdecode(cwd) if cwd is not None else os.getcwd(),
            "environment": {os.fsdecode(k): os.fsdecode(v) for k, v in (os.environ if env is None else env).items()},
            "joined": stderr == subprocess.STDOUT,
        }
        self.given = self.read_input(stdin)
        self.returncode: int | None = None
        self.pid = 0
        self.stdin = self.stdout = self.stderr = None
        if stdin == subprocess.PIPE:
            self.stdin = io.StringIO() if self.text else io.BytesIO()
            self.stdin.close = lambda: None  # what was written is read when the program starts
        else:
            self.start(None)

    @staticmethod
    def read_input(stdin: Any) -> bytes:
        """Read what the program will read."""
        if stdin in (None, subprocess.PIPE, subprocess.DEVNULL):
            return b""
        return os.read(stdin, 1 << 26) if isinstance(stdin, int) else stdin.buffer.read()

    def start(self, timeout: float | None) -> None:
        """Have the program executed."""
        if self.returncode is not None:
            return
        if self.stdin is not None:
            written = self.stdin.getvalue()
            self.given += written.encode(self.encoding) if isinstance(written, str) else written
        Elsewhere.started += 1
        number = Elsewhere.started
        given = base64.b64encode(self.given).decode()
        order = self.order | {"id": number, "input": given, "seconds": timeout}
        wire.send(self.connection, wire.PROGRAM, order)
        while True:
            kind, answer = wire.receive(self.connection)
            if kind == wire.PROGRAM and answer["id"] == number:  # not of a program whose test was interrupted
                break
        if "missing" in answer:
            raise FileNotFoundError(2, "No such file or directory", answer["missing"])
        if answer["late"]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.returncode = int(answer["code"])
        for name, target in zip(("stdout", "stderr"), self.targets, strict=True):
            data = base64.b64decode(answer[name])
            if target == subprocess.PIPE:
                shown = io.StringIO(self.decode(data)) if self.text else io.BytesIO(data)
                setattr(self, name, shown)
            elif target is None:
                getattr(sys, name).write(data.decode(errors="replace"))
            elif isinstance(target, int) and target >= 0:
                os.write(target, data)
            elif not isinstance(target, int):
                target.write(self.decode(data) if isinstance(target, io.TextIOBase) else data)

    def decode(self, data: bytes) -> str:
        """Decode as `subprocess` does."""
        return data.decode(self.encoding, self.errors).replace("\r\n", "\n")

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Give the input, and return what was written."""
        if input and self.stdin is not None:
            self.stdin.write(input)
        self.start(timeout)
        return tuple(stream.read() if stream is not None else None for stream in (self.stdout, self.stderr))

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code."""
        self.start(timeout)
        return self.returncode

    def poll(self) -> int:
        """Return the exit code."""
        return self.wait()

    def kill(self, *_: Any) -> None:
        """Do nothing: it has ended."""

    terminate = send_signal = kill

    def __enter__(self) -> Elsewhere:
        """Be the program."""
        return self

    def __exit__(self, *_: Any) -> None:
        """See that it has run."""
        self.start(None)


def run_elsewhere(shell: Any, connection: socket.socket, given: str) -> None:
    """Have programs executed on the student's side, and refuse what would bring a student's code in here.

    Parameters
    ----------
    shell
        IPython's shell.
    connection
        Leads to the student's side.
    given
        Folder of the grader's own copies of the assignment's files, which may be imported wherever it is.
    """
    from IPython.core.magics.script import ScriptMagics
    from IPython.utils.text import SList

    Elsewhere.connection = connection
    subprocess.Popen = Elsewhere

    def system(command: str) -> None:
        program = Elsewhere(shell.var_expand(command, depth=1), shell=True, stderr=subprocess.STDOUT)  # noqa: S604
        shell.user_ns["_exit_code"] = program.wait()

    def getoutput(command: str, split: bool = True, depth: int = 0) -> Any:
        text = subprocess.getoutput(shell.var_expand(command, depth=depth + 1))  # noqa: S605
        if not split:
            return text
        return SList(text.splitlines())

    def script(program: list[str], line: str, cell: str) -> None:
        options, command = scripts.shebang.parser.parse_known_args([*program, *shlex.split(line)])
        done = subprocess.run(command, input=cell, capture_output=True, text=True)
        for variable, stream, text in ((options.out, sys.stdout, done.stdout), (options.err, sys.stderr, done.stderr)):
            if variable:
                shell.user_ns[variable] = text
            else:
                stream.write(text)
        if options.raise_error:
            done.check_returncode()

    scripts = ScriptMagics(shell)
    shell.register_magic_function(functools.partial(script, []), "cell", "script")
    for name in scripts.script_magics:  # such as `%%bash`
        program = scripts.script_paths.get(name, name)
        shell.register_magic_function(functools.partial(script, [program]), "cell", name)
    shell.system, shell.getoutput = system, getoutput
    os.system = lambda command: Elsewhere(command, shell=True).wait()  # noqa: S604
    shared = [str(Path.home()), "/tmp", "/var/tmp"]
    cells = str(Path(tempfile.gettempdir()) / f"ipykernel_{os.getpid()}")  # what IPython calls them
    own = tuple(f"{place}{os.sep}" for place in (cells, given, sys.prefix, sys.base_prefix))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in REFUSED:
            raise RefusedError(f"a test kernel does not do this: {event}")
        if event == "exec":
            name = arguments[0].co_filename
            place = os.path.abspath(name)
            is_shared = place.startswith(tuple(shared)) and not place.startswith(own)
            if is_shared and (os.path.isabs(name) or os.path.exists(place)):  # others name what they make: "<string>"
                raise RefusedError(f"a test kernel executes nothing from the submission: {name}")
        elif event in ("import", "ctypes.dlopen"):
            name = str(arguments[event == "import"])
            if not name.startswith(tuple(shared)) or name.startswith(own):
                return
            raise RefusedError(f"a test kernel imports nothing from the submission: {name}")

    sys.addaudithook(refuse)
