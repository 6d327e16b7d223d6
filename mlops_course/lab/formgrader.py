"""Jupyter server extension: formgrader's buttons work in a process beside the server, and the server goes on answering.

nbgrader runs generate, release, collect, autograde and feedback inside the request, in the server's only thread:
while a submission is graded, no page loads and no notebook can be saved. Here the same nine addresses hand over to
`mlops_course.lab.formgrader_worker` and wait without blocking. Jupyter loads extensions in the order of their names,
and the first that knows an address answers, so that nbgrader's own handlers are left as they are and
all its other pages too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from typing import Any

from nbgrader.server_extensions.formgrader import apihandlers, base
from tornado import web

IDLE = 600  # seconds after which a worker without work ends: the server runs for days

# nbgrader's handlers, and the method of `nbgrader.apps.api.NbGraderAPI` that each one calls.
ACTIONS = {
    apihandlers.AssignHandler: "generate_assignment",
    apihandlers.UnReleaseHandler: "unrelease",
    apihandlers.ReleaseHandler: "release_assignment",
    apihandlers.CollectHandler: "collect",
    apihandlers.AutogradeHandler: "autograde",
    apihandlers.GenerateAllFeedbackHandler: "generate_feedback",
    apihandlers.GenerateFeedbackHandler: "generate_feedback",
    apihandlers.ReleaseAllFeedbackHandler: "release_feedback",
    apihandlers.ReleaseFeedbackHandler: "release_feedback",
}


class WorkerEndedError(Exception):
    """The worker ended before it answered."""


class Worker:
    """The process beside the server. It is started when it is needed, and takes one request after the other."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.turn = threading.Lock()
        self.pause: threading.Timer | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Have a request done, after those that came before it.

        Raises
        ------
        WorkerEndedError
            If the worker ended before it answered. The next call starts a new one.
        """
        with self.turn:
            if self.pause is not None:
                self.pause.cancel()
            if self.process is None or self.process.poll() is not None:
                self.process = self.start()
            answer = ""
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(json.dumps(request) + "\n")
                self.process.stdin.flush()
                answer = self.process.stdout.readline()
            if not answer:
                code = self.process.wait()
                self.process = None
                raise WorkerEndedError(f"exit code {code}")
            self.pause = threading.Timer(IDLE, self.close)
            self.pause.daemon = True
            self.pause.start()
            return json.loads(answer)

    def start(self) -> subprocess.Popen[str]:
        """Start the process. It ends by itself when the server is no more, however the server ended."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "mlops_course.lab.formgrader_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C asks whether to end the server; until it is answered, work goes on
        )

    def close(self) -> None:
        """End the process, once it has nothing to do."""
        with self.turn:
            if self.process is not None:
                self.process.stdin.close()
                self.process.wait()
                self.process.stdout.close()
                self.process = None


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """Keep of a configuration what can be written as JSON: that is all a command line or a JSON file can say."""
    kept = {}
    for name, value in config.items():
        if isinstance(value, dict):
            kept[name] = plain(value)
        else:
            with contextlib.suppress(TypeError):
                json.dumps(value)
                kept[name] = value
    return kept


class ActionHandler(base.BaseApiHandler):
    """Answer one of formgrader's buttons."""

    def initialize(self, action: str, worker: Worker) -> None:
        """Take what the address stands for."""
        self.action, self.worker = action, worker

    @web.authenticated
    @base.check_xsrf
    @base.check_notebook_dir
    async def post(self, *names: str) -> None:
        """Have it done; meanwhile the server does other things."""
        formgrader = self.settings["nbgrader_formgrader"]
        request = {
            "action": self.action,
            "names": names,
            "root": self.coursedir.root,
            "config_dir": formgrader.config_dir,
            "load_cwd_config": formgrader.load_cwd_config,
            "config": plain(formgrader.parent.config) if formgrader.parent else {},
        }
        try:
            result = await asyncio.to_thread(self.worker.ask, request)
        except WorkerEndedError as problem:
            result = {
                "success": False,
                "error": f"The process that did this ended before it was done ({problem}); perhaps the computer has "
                "too little memory. Press the button again; where Jupyter was started, its log says more.",
            }
        self.write(json.dumps(result))


def load_jupyter_server_extension(server: Any) -> None:
    """Take formgrader's buttons over."""
    worker = Worker()
    prefix = server.web_app.settings["base_url"].rstrip("/")
    rules = [
        (prefix + pattern, ActionHandler, {"action": ACTIONS[handler], "worker": worker})
        for pattern, handler in apihandlers.default_handlers
        if handler in ACTIONS
    ]
    server.web_app.add_handlers(".*$", rules)


_load_jupyter_server_extension = load_jupyter_server_extension


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "mlops_course.lab.formgrader"}]
