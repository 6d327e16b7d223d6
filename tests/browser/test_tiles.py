"""The launcher's tiles: MLflow's UI on the stores that notebooks wrote, and the checklist. Below a hub's base URL."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from mlops_course.lab.mlflow_ui import SERVERS_AT_MOST, Desk, ago
from mlops_course.lab.stores import FOLDERS_AT_MOST, files_below, find_run, find_stores, read_store
from tests.browser import lab as labs
from tests.browser.student import dark, foreign_requests, open_launcher, student_copy, tile

LOG_RUNS = """if True:
    import sys
    import mlflow
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("penguins")
    for number in range(2):
        with mlflow.start_run(run_name=f"try {number}") as run:
            mlflow.log_metric("loss", 1 / (1 + number))
            mlflow.log_text("hello", "note.txt")
    print(run.info.run_id)"""


# Asks at every door of a server what the experiments are; prints what it answers.
ASK = """if True:
    import http.client, json, socket, sys

    class Door(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_INET if isinstance(door, list) else socket.AF_UNIX)
            self.sock.settimeout(20)
            self.sock.connect(tuple(door) if isinstance(door, list) else door)

    for door in json.loads(sys.argv[1]):
        asked = Door("localhost")
        try:
            asked.request("GET", sys.argv[2] + "ajax-api/2.0/mlflow/experiments/search?max_results=9")
            print(asked.getresponse().status)
        except OSError as problem:
            print(type(problem).__name__)"""


@pytest.fixture(scope="module")
def store(module_path):
    """A folder with a store of two runs; its last run's id is in a file beside it."""
    folder = module_path / "store"
    folder.mkdir()
    command = [sys.executable, "-c", LOG_RUNS]
    done = subprocess.run(command, cwd=folder, env=labs.variables(module_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (folder / "last_run").write_text(done.stdout.split()[-1])
    return folder


@pytest.fixture(scope="module")
def hub(module_path, store):
    """JupyterLab as on a hub, in a student's course with two stores."""
    folder = student_copy(module_path / "course")
    shutil.copyfile(store / "mlflow.db", folder / "notebooks" / "mlflow.db")
    older = folder / "week-09" / "work"
    older.mkdir(parents=True)
    shutil.copyfile(store / "mlflow.db", older / "mlflow.db")
    os.utime(older / "mlflow.db", (1, 1))
    temporary = module_path / "a b"
    temporary.mkdir()
    with labs.serve(folder, module_path / "home", base_url="/user/ana/", TMPDIR=str(temporary)) as started:
        yield started


@pytest.fixture
def run_id(store):
    return (store / "last_run").read_text()


def test_the_tile_opens_mlflow_on_the_newest_store(page, hub):
    asked = foreign_requests(page, hub)
    page.goto(hub.url(""))
    expect(page.get_by_text("| Idle")).to_be_visible()
    open_launcher(page)
    tile(page, "MLflow UI").click()
    frame = page.frame_locator("iframe[src$='/mlflow/']")
    expect(frame.get_by_role("row")).to_have_count(3)
    expect(frame.get_by_role("row").nth(1)).to_contain_text("notebooks/mlflow.db")
    expect(frame.get_by_role("row").nth(1)).to_contain_text("penguins")
    expect(frame.get_by_role("row").nth(2)).to_contain_text(str(Path("week-09", "work", "mlflow.db")))
    frame.get_by_role("link", name="notebooks/mlflow.db").click()
    expect(frame.get_by_role("link", name="penguins")).to_be_visible(timeout=90_000)
    expect(frame.get_by_text("Model registry")).to_be_visible()  # the part for training, not that for language models
    expect(frame.get_by_text("Ask a question")).to_have_count(0)  # no assistant
    frame.get_by_role("link", name="penguins").click()
    expect(frame.get_by_text("try 1")).to_be_visible()
    frame.get_by_role("link", name="try 1").click()
    expect(frame.get_by_text("Run ID")).to_be_visible()
    assert asked == []


def test_a_link_opens_a_run(page, hub, run_id):
    page.goto(hub.url(f"mlflow/run/{run_id}"))
    expect(page.get_by_role("heading", name="try 1")).to_be_visible(timeout=90_000)
    assert f"/user/ana/mlflow/store/{page.url.split('/store/')[1][:10]}/#/experiments/1/runs/{run_id}" in page.url


def test_a_run_that_is_gone_is_said_in_words(page, hub):
    answer = page.goto(hub.url("mlflow/run/0123456789abcdef0123456789abcdef"))
    assert answer.status == 404
    expect(page.get_by_text("That run is in none of the stores below")).to_be_visible()
    expect(page.get_by_role("link", name="notebooks/mlflow.db")).to_be_visible()


def test_mlflow_is_not_reached_without_the_password_or_from_another_site(page, hub, run_id):
    page.goto(hub.url(f"mlflow/run/{run_id}"))
    expect(page.get_by_role("heading", name="try 1")).to_be_visible(timeout=90_000)
    store = page.url.partition("#")[0]
    with pytest.raises(urllib.error.HTTPError, match=r"403|401"):
        urllib.request.urlopen(urllib.request.Request(f"{store}ajax-api/2.0/mlflow/experiments/search", method="POST"))
    body = json.dumps({"experiment_ids": ["1"]})
    ask = {"data": body, "headers": {"Content-Type": "application/json"}}
    own = {"data": body, "headers": ask["headers"] | {"Origin": hub.address.removesuffix("/user/ana")}}
    other = {"data": body, "headers": ask["headers"] | {"Origin": "https://example.org"}}
    address = f"{store}ajax-api/2.0/mlflow/runs/search"
    assert page.request.post(address, **own).status == 200
    assert page.request.post(address, **other).status == 403


def servers_of_mlflow(folder):
    """The processes that serve the stores in a folder."""
    started = [one for one in psutil.process_iter() if str(folder) in " ".join(command_of(one))]
    return [one for parent in started for one in (parent, *parent.children(recursive=True))]


def command_of(process):
    try:
        command = process.cmdline()
    except psutil.Error:  # it has ended meanwhile
        return []
    return command if "--backend-store-uri" in command else []


@pytest.mark.skipif(sys.platform == "win32", reason="Python's servers have no Unix sockets on Windows")
def test_another_account_of_the_computer_does_not_reach_mlflow(page, hub, run_id):
    page.goto(hub.url(f"mlflow/run/{run_id}"))
    expect(page.get_by_role("heading", name="try 1")).to_be_visible(timeout=90_000)
    below = page.url.partition("#")[0].removeprefix(hub.address.removesuffix("/user/ana"))
    servers = servers_of_mlflow(hub.folder)
    doors = [door for one in servers for door in one.net_connections("inet")]
    ports = [list(door.laddr) for door in doors if door.status == psutil.CONN_LISTEN]
    commands = [one.cmdline() for one in servers]
    sockets = [command[command.index("--uds") + 1] for command in commands if "--uds" in command]

    def ask(python, **account):
        command = [python, "-c", ASK, json.dumps([*ports, *sockets]), below]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, **account)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.splitlines())

    if os.geteuid() == 0 and (python := shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        assert ask(python, user=65534, group=65534, extra_groups=[]) == {"PermissionError"}
    # Not even the owner gets an answer without the name that Jupyter drew; on Windows that is all there is.
    assert ask(sys.executable) == {"403"}
    assert ports == []
    folders = [Path(path).parent.stat() for path in sockets]
    assert {(stat.S_IMODE(folder.st_mode), folder.st_uid) for folder in folders} == {(0o700, os.getuid())}


def test_the_checklist_follows_the_theme(page, hub):
    page.goto(hub.url(""))
    expect(page.get_by_text("| Idle")).to_be_visible()
    open_launcher(page)
    tile(page, "Checklist").click()
    frame = page.frame_locator("iframe[src$='/checklist/']")
    expect(frame.get_by_role("heading", name=re.compile("Checklist of week 9"))).to_be_visible()
    expect(frame.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    dark(page)
    expect(frame.locator("body")).to_have_css("background-color", "rgb(17, 17, 17)")


def test_stores_are_found_and_described(tmp_path, store, run_id):
    for name, written in (("a/b", 5), ("c", 9), (".hidden", 9), ("node_modules/d", 9)):
        (tmp_path / name).mkdir(parents=True)
        shutil.copyfile(store / "mlflow.db", tmp_path / name / "mlflow.db")
        os.utime(tmp_path / name / "mlflow.db", (written, written))
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "mlflow.db").write_text("no store")
    found = find_stores([tmp_path / "a", tmp_path, tmp_path / "absent"])
    assert [one.path.parent.name for one in found] == ["c", "b"]
    assert (found[0].runs, found[0].experiments) == (2, ("penguins",))
    assert len({one.key for one in found}) == 2
    assert find_run(found, run_id) == (found[0], "1")
    assert find_run(found, "0" * 32) is None
    assert read_store(tmp_path / "text" / "mlflow.db") is None


def test_the_search_ends_in_a_large_home(tmp_path, monkeypatch):
    monkeypatch.setattr("mlops_course.lab.stores.FOLDERS_AT_MOST", 3)
    for name in ("1", "2", "3", "4"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mlflow.db").touch()
    assert [path.parent.name for path in files_below(tmp_path)] == ["1", "2"]
    assert FOLDERS_AT_MOST > 1000


def test_only_some_servers_run_at_a_time():
    desk = Desk()
    states = [desk.state(str(number)) for number in range(SERVERS_AT_MOST + 1)]
    assert list(desk.states) == [str(number) for number in range(1, SERVERS_AT_MOST + 1)]
    assert desk.state("1") is states[1]


@pytest.mark.skipif(sys.platform == "win32", reason="Python's servers have no Unix sockets on Windows")
def test_sockets_have_short_paths_and_end_with_jupyter(tmp_path, monkeypatch):
    """Each server has a path of its own: one that is ending would remove the socket of the next."""
    deep = tmp_path / ("deep" * 20)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    desk = Desk()
    paths = [Path(desk.socket()) for _ in range(3)]
    assert len(set(paths)) == 3
    assert len(os.fsencode(paths[-1])) < 104
    assert stat.S_IMODE(paths[0].parent.stat().st_mode) == 0o700
    desk.sockets.cleanup()
    assert not paths[0].parent.exists()


def test_times_are_words():
    assert [ago(5), ago(60), ago(7300), ago(90000)] == ["just now", "1 minute ago", "2 hours ago", "1 day ago"]
