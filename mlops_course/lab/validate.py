"""The button Validate: run beside the server, which goes on answering, and say the result in plain words.

nbgrader runs the notebook inside the request, in the server's only thread: for as long as that takes, no page loads and
no notebook can be saved. Here the same address hands over to `mlops_course.lab.validate_worker`. Jupyter loads
extensions in the order of their names, and the first that knows an address answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import iostream, web

# Proxies on the way, as a JupyterHub has them, end a request on which nothing is sent for a minute. White space before
# JSON means nothing.
SECONDS_BETWEEN_SIGNS_OF_LIFE = 10
NO_ANSWER = (
    "Validate ended before it was done; perhaps this computer has too little memory. Close other notebooks "
    "(menu Kernel > Shut Down All Kernels…) and press Validate again."
)


class ValidateHandler(JupyterHandler):
    """Answer the button above a notebook, and those in the assignment list."""

    process: subprocess.Popen | None = None

    @web.authenticated
    async def post(self) -> None:
        """Validate one notebook."""
        path = self.get_argument("path", None) or (self.get_json_body() or {}).get("path", "")
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        notebook = (root / path).resolve()
        if not notebook.is_relative_to(root):
            raise web.HTTPError(403, "That notebook is outside of the folder where Jupyter was started.")
        self.process = start(notebook)
        answer = asyncio.ensure_future(asyncio.to_thread(read_answer, self.process))
        self.set_header("Content-Type", "application/json")
        while not (await asyncio.wait({answer}, timeout=SECONDS_BETWEEN_SIGNS_OF_LIFE))[0]:
            with contextlib.suppress(iostream.StreamClosedError):
                self.write(" ")
                await self.flush()
        with contextlib.suppress(iostream.StreamClosedError):
            await self.finish(answer.result())

    def on_connection_close(self) -> None:
        """Stop when the page that asked is gone."""
        if self.process is not None and self.process.poll() is None:
            # An interrupt lets nbclient end the notebook's kernel, too.
            self.process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
        super().on_connection_close()


def start(notebook: Path) -> subprocess.Popen:
    """Start the process that validates."""
    return subprocess.Popen(
        [sys.executable, "-m", "mlops_course.lab.validate_worker", str(notebook)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def read_answer(process: subprocess.Popen) -> str:
    """Wait for the process; give its answer, or say that there is none."""
    answer, _ = process.communicate()
    return answer.strip() or json.dumps({"success": False, "value": NO_ANSWER})


def handlers(base_url: str) -> list[tuple[str, Any]]:
    """Give the handler with its address below a base URL."""
    return [(url_path_join(base_url, "assignments/validate"), ValidateHandler)]
