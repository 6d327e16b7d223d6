"""JupyterLab on a copy of the course, as a student or an instructor has it, for a browser to open."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "browser-tests"
SECONDS_TO_START = 90


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes
    ----------
    address
        Where it answers, with the base URL and without a slash at the end.
    folder
        The folder it was started in.
    home
        The home of the person who started it.
    log
        What the server says.
    """

    address: str
    folder: Path
    home: Path
    log: Path

    def url(self, path: str = "lab") -> str:
        """Give the address of a page, with the token that opens it."""
        return f"{self.address}/{path}{'&' if '?' in path else '?'}token={TOKEN}"


def copy_course(folder: Path) -> Path:
    """Copy what Git tracks, or would track, into a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    identity = ["-c", "user.name=Course", "-c", "user.email=course@example.org"]
    for command in (["init", "-q"], ["add", "--all"], [*identity, "commit", "-q", "-m", "The course"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    # Git does not carry the dataset itself; it lies in DVC's remote.
    shutil.copyfile(ROOT / "data" / "penguins.csv", folder / "data" / "penguins.csv")
    return folder


def variables(home: Path, **more: str) -> dict[str, str]:
    """Give the environment of a person with a home, in the course's environment."""
    programs = Path(sys.prefix) / "bin"
    mine = {"HOME": str(home), "PATH": os.pathsep.join([str(programs), os.environ["PATH"]])}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG_", "MLFLOW"))}
    return kept | mine | more


@contextlib.contextmanager
def serve(folder: Path, home: Path, *options: str, base_url: str = "/", **more: str) -> Iterator[Lab]:
    """Start JupyterLab in a folder on a free port; end it with everything it started.

    Parameters
    ----------
    folder
        Where it is started.
    home
        The home of the person who starts it; made if it is missing.
    options
        Further options of `jupyter lab`.
    base_url
        What precedes every path, as on a JupyterHub.
    more
        Further environment variables.
    """
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.prefix) / "bin" / "jupyter"), "lab", "--no-browser", f"--port={port}",
               f"--IdentityProvider.token={TOKEN}", f"--ServerApp.base_url={base_url}", *options]  # fmt: skip
    log = home / "jupyter.log"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=variables(home, **more), stdout=stream, stderr=stream, start_new_session=True
        )
    lab = Lab(f"http://127.0.0.1:{port}{base_url}".rstrip("/"), folder, home, log)
    try:
        wait_for(lab, process)
        yield lab
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # no SIGINT before it: while kernels end, a second signal is lost
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(lab: Lab, process: subprocess.Popen) -> None:
    """Wait until the server answers; say what it said if it ends or is too slow."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(lab.url("api/status"), timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{lab.log.read_text(encoding='utf-8')[-3000:]}")
