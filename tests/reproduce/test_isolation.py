"""A foreign folder is read, and its models are loaded, in the sandbox: nothing of it runs or leads outside."""

import hashlib
import os
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

from mlops_course.reproduce.execute import Workshop
from mlops_course.reproduce.isolation import LOADING, Wall
from mlops_course.reproduce.project import Snapshot, reverse_times, size_of
from mlops_course.reproduce.run import make_writable_and_retry
from mlops_course.reproduce.surroundings import Surroundings, find_tools

from .conftest import LOG, make

pytestmark = pytest.mark.needs("sandbox")

SECRET = f"nobody else knows this: {uuid.uuid4()}"
TWICE = ("--no-other-seed", "--no-diagnosis", "--timeout", "90")

# What the notebook of the foreign folder does; `{private}` is a folder outside, `{marker}` a file outside.
LEADS_OUT = """
import os, mlflow
from pathlib import Path
client = mlflow.MlflowClient("sqlite:///mlflow.db")
outside = client.create_experiment("outside", artifact_location="file://{private}")
with mlflow.start_run(experiment_id=outside):
    mlflow.log_metric("loss", seed)
with mlflow.start_run() as run:
    mlflow.log_metric("loss", seed)
    mlflow.log_text("mine", "mine.txt")
    folder = Path(mlflow.get_artifact_uri().removeprefix("file://"))
    os.symlink("{private}/secret.txt", folder / "link.txt")
    os.symlink("{private}", folder / "folder")
with mlflow.start_run(experiment_id=client.create_experiment("link")) as run:
    mlflow.log_metric("loss", seed)
    folder = Path(mlflow.get_artifact_uri().removeprefix("file://"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    os.symlink("{private}", folder)
"""
LOADS = """
from pathlib import Path
model = Path("model")
(model / "code").mkdir(parents=True)
(model / "code" / "loads_me.py").write_text(
    "import os\\nfrom pathlib import Path\\n"
    "def _load_pyfunc(path):\\n"
    "    for name in ('{marker}', '{private}/was-here'):\\n"
    "        Path(name).write_text('a model was loaded')\\n")
(model / "MLmodel").write_text("flavors: {{python_function: {{loader_module: loads_me, code: code}}}}")
with mlflow.start_run():
    mlflow.log_metric("loss", seed)
    mlflow.log_artifacts("model", "model")
"""
READS = """
from pathlib import Path
try:
    print(Path("{home}").read_text())
except OSError as problem:
    print(type(problem).__name__)
"""
# A module of the folder that notes where it ran, and then gives way to the real one.
TELLS = """
import os, sys
try:
    open({place!r}, "w").close()
except OSError:
    pass
if __name__ == "__main__":
    sys.exit(print("[]"))
paths = sys.path[:]
sys.path[:] = [path for path in paths if os.path.realpath(path) != os.path.dirname(os.path.realpath(__file__))]
del sys.modules[__name__]
__import__(__name__)
sys.path[:] = paths
"""


def git(*arguments, cwd):
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def in_home():
    """Write a private file into the home directory of whoever runs this."""
    path = Path.home() / f".private-{uuid.uuid4()}"
    path.write_text(SECRET, encoding="utf-8")
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def attacked(module_path, in_home, run_reproduce):
    """Check a notebook of a hostile folder, from inside this folder; return the report and what was run outside."""
    seen, private = module_path / "seen", module_path / "private"
    foreign = module_path / "a foreign folder"
    seen.mkdir()
    private.mkdir()
    (private / "secret.txt").write_text(SECRET, encoding="utf-8")
    places = {"private": private, "marker": seen / "model", "home": in_home}
    notebook = make(
        foreign / "hostile.ipynb",
        LEADS_OUT.format(**places),
        LOADS.format(**places),
        READS.format(**places),
    )
    git("init", "--quiet", cwd=foreign)
    (foreign / "data.txt").write_text("1", encoding="utf-8")
    (foreign / ".gitattributes").write_text("*.txt filter=evil diff=evil merge=evil\n", encoding="utf-8")
    (foreign / ".dvc").mkdir()
    (foreign / ".dvc" / "config").write_text("", encoding="utf-8")
    for name in ("dvc", "random", "papermill", "socket"):
        body = TELLS.format(place=str(seen / name))
        (foreign / f"{name}.py").write_text(body, encoding="utf-8")
    git("add", "--all", cwd=foreign)
    git("commit", "--quiet", "--message", "All", cwd=foreign)
    # The settings come last: this test must not be the one who runs them.
    program = foreign / ".git" / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {str(seen / "git")!r}\ncat\n', encoding="utf-8")
    program.chmod(0o755)
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"):
        (foreign / ".git" / "hooks").mkdir(exist_ok=True)
        (foreign / ".git" / "hooks" / hook).write_bytes(program.read_bytes())
        (foreign / ".git" / "hooks" / hook).chmod(0o755)
    settings = f"""
[core]
    fsmonitor = "'{program}'"
    sshCommand = "'{program}'"
    pager = "'{program}'"
    alternateRefsCommand = "'{program}'"
[filter "evil"]
    clean = "'{program}'"
    smudge = "'{program}'"
    process = "'{program}'"
[alias]
    ls-files = "!'{program}'"
"""
    (foreign / ".git" / "more").write_text(settings, encoding="utf-8")
    with (foreign / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(settings + f"[include]\n    path = {foreign / '.git' / 'more'}\n")
    report = module_path / "report"
    done, content = run_reproduce([notebook], report, options=TWICE, cwd=foreign)
    assert "Traceback" not in done.stdout + done.stderr
    text = "\n".join(path.read_text(encoding="utf-8") for path in report.rglob("*") if path.is_file())
    return done, content["notebooks"][0], text, seen, private


@pytest.mark.parametrize("name", ["git", "model", "dvc", "random", "papermill", "socket"])
def test_nothing_of_the_folder_runs_outside(attacked, name):
    _, result, _, seen, private = attacked
    assert result["executions"][0]["status"] == "done", result["message"]
    assert not (seen / name).exists()
    assert name != "model" or not (private / "was-here").exists()


def test_a_private_file_is_neither_read_nor_hashed(attacked):
    done, _, text, _, _ = attacked
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    for told in (SECRET, digest, digest[:8]):
        assert told not in text + done.stdout


def test_the_notebooks_own_files_are_compared_all_the_same(attacked):
    _, result, _, _, _ = attacked
    assert result["verdict"] == "reproducible", result
    artifacts = [run["artifacts"] for run in result["runs"]]
    assert any("mine.txt" in one for one in artifacts)
    assert any("outside" in note for note in result["notes"])


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret.txt").write_text(SECRET, encoding="utf-8")
    (tmp_path / "copies" / "project").mkdir(parents=True)
    (tmp_path / "base").mkdir()
    workshop = Workshop(tmp_path / "base", find_tools(), timeout=60)
    snapshot = Snapshot(tmp_path / "copies" / "project", Path("n.ipynb"), "")
    first = workshop.prepare(snapshot, "first", {}, Surroundings())
    for name in ("home", "temporary"):
        (first.root / name).rmdir()
        (first.root / name).symlink_to(tmp_path / "private")
    keep = frozenset({"project", "home", "temporary"})
    again = workshop.prepare(snapshot, "again", {}, Surroundings(), left_from=first, keep=keep)
    assert list(again.root.rglob("secret.txt")) == []
    assert not (again.root / "home").is_symlink()


def test_what_a_link_leads_to_is_not_changed(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("1", encoding="utf-8")
    outside.chmod(0o640)
    os.utime(outside, (1000, 1000))
    (tmp_path / "project").mkdir()
    for name in ("a", "b"):
        (tmp_path / "project" / name).symlink_to(outside)
    reverse_times(tmp_path / "project")
    make_writable_and_retry(os.unlink, str(tmp_path / "project" / "a"), None)
    assert not (tmp_path / "project" / "a").is_symlink()
    assert outside.stat().st_mtime == 1000
    assert outside.stat().st_mode & 0o777 == 0o640


def test_a_link_to_a_folder_counts_as_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "big").write_bytes(b"x" * 10_000)
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    assert size_of(tmp_path / "link") < 1_000 < size_of(tmp_path / "folder")


def test_a_sparse_file_of_terabytes_does_not_outlive_the_time_limit(notebook, run_reproduce, tmp_path):
    sparse = "with open('big', 'wb') as file:\n    file.truncate(2**42)"
    path = notebook("sparse", "loss = seed", LOG, sparse)
    begun = time.monotonic()
    done, report = run_reproduce([path], tmp_path / "report", options=("--timeout", "60", "--no-other-seed"))
    assert time.monotonic() - begun < 150
    assert done.returncode == 1
    assert "wrote more than 8 GB" in report["notebooks"][0]["message"]


def test_a_store_or_model_that_is_read_for_ever_does_not_outlive_the_time_limit(notebook, run_reproduce, tmp_path):
    slow = LOADS.replace("    for name", "    import time; time.sleep(3600)\\n    for name")
    path = notebook("slow", "import mlflow\n" + slow.format(marker="x", private=os.devnull))
    begun = time.monotonic()
    done, report = run_reproduce([path], tmp_path / "report", options=("--timeout", "30", "--no-other-seed"))
    assert time.monotonic() - begun < 120
    assert done.returncode == 1
    assert "took more than 30 s" in report["notebooks"][0]["message"]


def test_a_process_behind_the_wall_outlives_the_thread_that_asked_for_it(tmp_path):
    started = []

    def start():
        started.append(Wall(find_tools(), tmp_path).module("reader", threading.Event()))
        started[0].ask({}, LOADING)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    with pytest.raises(subprocess.TimeoutExpired):
        started[0].process.wait(2)
    started[0].close()
