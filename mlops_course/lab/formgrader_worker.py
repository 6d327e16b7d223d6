"""The process that does what formgrader's buttons say: one request a line on stdin, one answer a line on stdout.

It keeps what was imported, and the sandbox with its preloaded interpreter, from one submission to the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader
from traitlets.config import Config

SECONDS_TO_TIDY = 15
WIDTH = 76

# What nbgrader says of every submission, whatever is in it. A checksum changes wherever hidden tests are put back.
ROUTINE = re.compile(
    r"\[INFO\] (Copying|Converting notebook|Writing \d+ bytes|Setting destination|Running pre-convert|Sanitizing"
    r"|Overwriting files|Creating/updating student|Updating/creating assignment|Released assignments|Source:)"
    r"|\[WARNING\] (Attribute 'checksum'|Removing existing|Permissions for exchange directory)"
)
FOR_PEOPLE = re.compile(
    r"(?:SystemExit|[\w.]*\.(?:SandboxError|CourseError|NbGraderException|ExchangeError|ConversionException)): "
    r"(?:course: )?(\D.*)",
    re.S,
)

# nbgrader finds a student's place in the exchange by a file that `nbgrader submit` put there.
NOT_BY_EXCHANGE = re.compile(r"FileNotFoundError: .*submission_secret\.txt'\s*\Z")
SEND_IT = (
    "Feedback goes back through the exchange only for work that came through it, and some of this did not (zips from a "
    "learning management system, for example). Send the pages in feedback/ to these students; for the others press "
    "Release Feedback in the list of submissions."
)


def do(request: dict[str, Any]) -> dict[str, Any]:
    """Do one thing, with the configuration that is there now.

    Parameters
    ----------
    request : dict
        `action`: a method of `NbGraderAPI`; `names`: its arguments; `root`: the course's folder; `config_dir`,
        `load_cwd_config`, `config`: what formgrader was told about its configuration.

    Returns
    -------
    dict
        `success`, and where there is something to say `log` and `error`, as formgrader's pages expect them.
    """
    NbGrader.clear_instance()
    application = NbGrader.instance(config=Config(request["config"]))
    application.load_cwd_config = request["load_cwd_config"]
    application.config_dir = request["config_dir"]
    application.initialize([], root=request["root"])
    api = NbGraderAPI(application.coursedir, application.authenticator, parent=application)
    result = getattr(api, request["action"])(*request["names"])
    return readable(result, request["root"])


def readable(result: dict[str, Any], root: str) -> dict[str, Any]:
    """Keep of nbgrader's answer what tells somebody something; all of it stands in the server's own log.

    Parameters
    ----------
    result : dict
        `success`, `log` (lines, each record beginning with its level in brackets) and `error` (a traceback).
    root : str
        The course's folder; paths are shortened to what is below it.

    Returns
    -------
    dict
        The same, without routine in the log, and with the message instead of the traceback where the message was
        written for people.
    """
    records = re.split(r"^(?=\[[A-Z]+\] )", result.get("log", "").replace(f"{root}/", ""), flags=re.M)
    log = "\n".join(wrapped(record.strip()) for record in records if record.strip() and not ROUTINE.match(record))
    kept = {"success": result["success"]}
    if message := given_up(result.get("error", "")):
        log = "\n".join(filter(None, [wrapped(message), log]))
    elif "error" in result:
        kept["error"] = result["error"]
    return kept | ({"log": log} if log else {})


def given_up(traceback: str) -> str:
    """Give the message of an exception that nbgrader or the course raised for people to read; empty for others."""
    if NOT_BY_EXCHANGE.search(traceback):
        return SEND_IT
    lines = traceback.rstrip().split("\n")
    begin = max((number for number, line in enumerate(lines) if line.startswith("  ")), default=-1) + 1
    found = FOR_PEOPLE.match("\n".join(lines[begin:]))
    return found.group(1).strip() if found else ""


def wrapped(record: str) -> str:
    """Break lines as wide as formgrader's window is."""
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        for line in record.split("\n")
    )


def requests(stream: TextIO) -> Iterator[dict[str, Any]]:
    """Give one request after the other; when the server is gone, stop what is being done and end."""
    waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
    main = threading.main_thread().ident

    def listen() -> None:
        for line in stream:
            waiting.put(json.loads(line))
        waiting.put(None)
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main, signal.SIGINT)  # nbgrader then removes what is half done
            time.sleep(SECONDS_TO_TIDY)
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    while (request := waiting.get()) is not None:
        yield request


def main() -> None:
    """Answer until the server is gone."""
    # What students' or nbgrader's code prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # A new gradebook is made by the program `alembic`, which lies beside this Python, not always on PATH.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin")), os.environ["PATH"]]
    )
    for request in requests(sys.stdin):
        answers.write(json.dumps(do(request)) + "\n")
        answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
