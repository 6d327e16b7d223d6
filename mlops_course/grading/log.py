"""What nbgrader and its preprocessors say while a submission is graded: findings instead of lines on the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tornado.log import app_log
from traitlets.config import Application

from mlops_course.execution.job import Finding

UNSAID = (
    "Traceback (most recent call last)",  # the message that follows says it in words
    "Attribute 'checksum' for cell ",  # said of every cell with hidden tests, changed or not
)
HARMLESS = "Notebook JSON is invalid: "  # an error in the log of nbformat, which goes on all the same


class Collector(logging.Handler):
    """Turns warnings and errors into findings, without the course directory in their messages."""

    def __init__(self, root: str) -> None:
        super().__init__(logging.WARNING)
        self.root = root
        self.begin("")

    def begin(self, student: str) -> None:
        self.student = student
        self.notebook = ""
        self.findings: list[Finding] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage().strip().replace(self.root.rstrip("/") + "/", "")
        if not message or message.startswith(UNSAID):
            return
        serious = record.levelno >= logging.ERROR and not message.startswith(HARMLESS)
        self.add("problem" if serious else "note", message.splitlines()[0])

    def add(self, kind: str, message: str, *, notebook: str = "", cell: str | None = None) -> None:
        """Take note of something, once."""
        notebook = notebook or self.notebook
        for prefix in (f"{self.student}, {notebook}.ipynb: ", f"{self.student}: "):
            message = message.removeprefix(prefix)
        finding = Finding(kind, notebook, cell, " ".join(message.split()))
        if finding not in self.findings:
            self.findings.append(finding)

    @property
    def problems(self) -> list[str]:
        return [finding.message for finding in self.findings if finding.kind == "problem"]


@contextmanager
def collected(app: Application) -> Iterator[Collector]:
    """Send to a collector what nbgrader would write to the terminal. Its log file, if there is one, stays."""
    collector = Collector(app.coursedir.root)
    changed = []
    for logger in (app.log, app_log):
        changed.append((logger, logger.handlers, logger.propagate))
        files = [handler for handler in logger.handlers if isinstance(handler, logging.FileHandler)]
        logger.handlers, logger.propagate = [collector, *files], False
    try:
        yield collector
    finally:
        for logger, handlers, propagate in changed:
            logger.handlers, logger.propagate = handlers, propagate
