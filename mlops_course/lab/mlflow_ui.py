"""MLflow's user interface inside Jupyter: a page with the stores that were found, and the interface of each.

Every store has a server of its own, started by jupyter-server-proxy when it is first opened. It is reached under
Jupyter's own address and password, below whatever base URL Jupyter has, and in no other way: the computer may have
other accounts, and MLflow asks nobody for a password. So the server listens on a Unix socket in a folder that only its
owner may enter, and answers only who calls it by a name that Jupyter drew. On Windows, where Python's servers have no
such sockets, it listens on a port of this computer, and the name alone keeps others out.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
import time
from functools import cached_property
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import to_os_path, url_path_join
from jupyter_server_proxy.config import ServerProcess
from jupyter_server_proxy.handlers import SuperviseAndProxyHandler
from tornado import web

from mlops_course.lab.pages import render
from mlops_course.lab.stores import Store, find_run, find_stores

# A server takes some 400 MB. With a third store the one that was opened first is closed; its page opens it again.
SERVERS_AT_MOST = 2
SECONDS_TO_START = 120  # MLflow's modules alone take ten on a slow computer

# MLflow otherwise opens on its part for language models, where nothing of this week is, with an assistant beside it
# that asks for a language model. These are the notes in which its pages keep what was chosen.
OPENS_ON = {"mlflow.workflowType_v1": '"machine_learning"', "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true"}

# No reports to anybody, and no workers for jobs that nobody asks for.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_TRACKING_URI": "",
}


class Desk:
    """What the pages of one Jupyter server share: the servers of MLflow that are running.

    Attributes
    ----------
    paths
        Each store's file by its key, as far as a page has named it.
    states
        What jupyter-server-proxy knows of each running server, by key; the one opened last is the last.
    host
        The only name that the servers answer to.
    """

    def __init__(self) -> None:
        self.host = f"{token_hex(16)}.localhost"
        self.numbers = count(1)
        self.paths: dict[str, Path] = {}
        self.states: dict[str, dict[str, Any]] = {}
        self.ending: set[asyncio.Future] = set()  # kept, or Python might forget them before they are done

    def state(self, key: str) -> dict[str, Any]:
        """Give the state of a store's server; close the oldest server if there would be too many."""
        if key not in self.states:
            while len(self.states) >= SERVERS_AT_MOST:
                oldest = self.states.pop(next(iter(self.states)))
                if process := oldest.get("proc"):
                    task = asyncio.ensure_future(stop(process))
                    self.ending.add(task)
                    task.add_done_callback(self.ending.discard)
            self.states[key] = {}
        return self.states[key]

    @cached_property
    def sockets(self) -> tempfile.TemporaryDirectory:
        """A folder of the owner's alone, removed when Jupyter ends."""
        # The path of a socket has room for 103 bytes on macOS, 107 on Linux, and a hub's temporary folder may be deep.
        return tempfile.TemporaryDirectory(prefix="mlflow-", dir=None if len(tempfile.gettempdir()) < 70 else "/tmp")

    def socket(self) -> str | None:
        """Give a path at which no server has listened yet: one that is ending removes its socket only then."""
        return None if sys.platform == "win32" else f"{self.sockets.name}/{next(self.numbers)}"


async def stop(process: Any) -> None:
    """End a server of MLflow."""
    if process.running:
        await process.terminate()


class StoresHandler(JupyterHandler):
    """The pages before the interface: which stores there are, and the way into one of them."""

    def initialize(self, desk: Desk) -> None:
        """Take what the pages share."""
        self.desk = desk

    async def stores(self) -> list[Store]:
        """Find the stores below the folders of the open notebooks and below Jupyter's folder."""
        root = Path(self.settings["server_root_dir"]).expanduser()
        sessions = await self.session_manager.list_sessions()
        folders = [Path(to_os_path(session["path"], str(root))).parent for session in sessions if session.get("path")]
        stores = await asyncio.to_thread(find_stores, [*folders, root])
        self.desk.paths.update({store.key: store.path for store in stores})
        return stores

    @web.authenticated
    async def get(self, path: str = "") -> None:
        """List the stores; or with `store/KEY` or `run/ID` behind the address, open one."""
        kind, _, name = path.strip("/").partition("/")
        home = url_path_join(self.base_url, "mlflow/")
        stores = await self.stores()
        if kind == "open" and (store := next((store for store in stores if store.key == name), None)):
            self.finish(self.opening(store, "#/experiments"))
        elif kind == "run" and (found := await asyncio.to_thread(find_run, stores, name)):
            store, experiment = found
            self.finish(self.opening(store, f"#/experiments/{experiment}/runs/{name}"))
        else:
            missing = {"run": "That run is in none of the stores below. Was its notebook run again since? Then its "
                              "store was made anew, and the link in the notebook's newest output works.",
                       "open": "That store is not there any more."}.get(kind, "")  # fmt: skip
            if missing:
                self.set_status(404)
            rows = [self.row(store) for store in stores]
            self.finish(render("stores.html", rows=rows, missing=missing, home=home))

    def row(self, store: Store) -> dict[str, Any]:
        """Give what the page says of a store."""
        return {
            "key": store.key,
            "place": self.place(store),
            "runs": store.runs,
            "experiments": ", ".join(store.experiments[:4]) + (", …" if len(store.experiments) > 4 else ""),
            "written": ago(time.time() - store.written),
        }

    def place(self, store: Store) -> str:
        """Name a store's file as the file browser does."""
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        return store.path.relative_to(root).as_posix() if store.path.is_relative_to(root) else str(store.path)

    def opening(self, store: Store, fragment: str) -> str:
        """Give the page that waits for MLflow to start and then becomes its interface."""
        target = url_path_join(self.base_url, "mlflow/store", store.key) + "/"
        return render(
            "opening.html",
            place=self.place(store),
            target=target,
            fragment=fragment,
            opens_on=OPENS_ON,
            home=url_path_join(self.base_url, "mlflow/"),
        )


class StoreHandler(SuperviseAndProxyHandler):
    """The interface of one store, handed through."""

    name = "MLflow"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # MLflow is told the whole address, and so writes links that work below any base URL.
        self.absolute_url = True
        self.proxy_base = f"mlflow/store/{self.key}"

    def initialize(self, desk: Desk) -> None:
        """Take the key in the address."""
        after = self.request.path.partition("/mlflow/store/")[2]
        self.desk, self.key = desk, after.partition("/")[0]
        self.known = self.key in desk.paths and desk.paths[self.key].exists()
        super().initialize({})

    async def prepare(self) -> None:
        """Take the store's server; refuse another site's page, and send who comes with an old address to the list."""
        await super().prepare()
        if self._finished:  # sent to the login; who is not known stops nobody's server
            return
        if self.request.headers.get("Origin") and not self.check_origin():
            raise web.HTTPError(403)
        if self.known:
            super().initialize(self.desk.state(self.key))
            self.requested_unix_socket = self.desk.socket()  # of use for a new state only
        else:
            self.redirect(url_path_join(self.base_url, "mlflow/open", self.key))

    async def ensure_process(self) -> None:
        """Start the server, or start it again if it has ended."""
        process = self.state.get("proc")
        if process is not None and not process.running and not self.state["proc_lock"].locked():
            del self.state["proc"]
        await super().ensure_process()

    def get_cmd(self) -> list[str]:
        """Give the command that starts the server."""
        socket = ["--uvicorn-opts", f"--uds {shlex.quote(self.unix_socket)}"] if self.unix_socket else []
        return [
            sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
            *socket,
            "--backend-store-uri", f"sqlite:///{self.desk.paths[self.key].as_posix()}",
            "--static-prefix", url_path_join(self.base_url, self.proxy_base).rstrip("/"),
        ]  # fmt: skip

    def get_env(self) -> dict[str, str]:
        """Give the settings of the server; other accounts see its command, but not these."""
        return ENVIRONMENT | {"MLFLOW_SERVER_ALLOWED_HOSTS": self.desk.host}

    def get_timeout(self) -> int:
        """Give the seconds that it may take to start."""
        return SECONDS_TO_START

    def get_request_headers_override(self) -> dict[str, str]:
        """Call MLflow by the name it answers to, and as a page of this computer, whose requests it takes."""
        return {"Host": self.desk.host, "Origin": "http://localhost"}


def ago(seconds: float) -> str:
    """Say how long ago something was, in words."""
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


class StoresProcess(ServerProcess):
    """A tile of jupyter-server-proxy whose address is answered by the pages above."""

    def make_proxy_handler(self) -> tuple[None, dict]:
        """Give none: `mlops_course.lab.student` has added the handlers."""
        return None, {}


def handlers(base_url: str) -> list[tuple]:
    """Give the handlers with their addresses below a base URL."""
    desk = Desk()
    home = url_path_join(base_url, "mlflow")
    return [
        (home, web.RedirectHandler, {"url": f"{home}/"}),
        (rf"{home}/store/[0-9a-f]{{10}}(/.*|)", StoreHandler, {"desk": desk}),
        (rf"{home}/((?:open|run)/\w+|)", StoresHandler, {"desk": desk}),
    ]
