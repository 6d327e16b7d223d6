"""`jupyter lab` serves the course from the environment, on its first lesson, with nothing in the way."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.geturl(), answer.read().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def server(root, tmp_path_factory):
    """JupyterLab started as the README says, but for the browser."""
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    command = ["bash", str(root / "env" / "setup.sh"), "jupyter", "lab", "--no-browser", f"--port={port}",
               "--IdentityProvider.token=secret"]  # fmt: skip
    environment = os.environ | {"HOME": str(home)}
    log = (home / "log").open("w", encoding="utf-8")
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            get(f"{address}/api")
            break
        except OSError:
            assert process.poll() is None, (home / "log").read_text(encoding="utf-8")
            time.sleep(0.5)
    yield address
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)
    log.close()


def test_the_first_page_is_the_first_lesson(server):
    address, page = get(f"{server}/?token=secret")
    assert address.split("?")[0].endswith("/lab/tree/notebooks/lesson_00_start_here.ipynb")
    assert "jupyter-config-data" in page


def test_the_lessons_are_served_with_their_kernel(server):
    _, text = get(f"{server}/api/contents/notebooks?token=secret")
    names = {one["name"] for one in json.loads(text)["content"]}
    assert {"lesson_00_start_here.ipynb", "experiment.ipynb"} <= names
    _, text = get(f"{server}/api/kernelspecs?token=secret")
    assert "python3" in json.loads(text)["kernelspecs"]


def test_no_news_prompt_and_no_update_check(server):
    _, text = get(f"{server}/lab/api/settings/@jupyterlab/apputils-extension:notification?token=secret")
    settings = json.loads(text)
    properties = settings["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False


def test_nbgrader_is_there(server):
    _, page = get(f"{server}/lab?token=secret")
    data = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, flags=re.DOTALL).group(1))
    assert any("nbgrader" in one["name"] for one in data["federated_extensions"])
