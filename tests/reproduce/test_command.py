"""`course reproduce` as a user meets it: verdicts, messages, exit codes, files."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from .conftest import LOG

SEEDED = "import random\nloss = random.Random(seed).random()"
UNSEEDED = "import random\nloss = seed + random.random()"
TWICE = ("--no-other-seed",)  # where the question is not what another seed does, that execution is left out


@pytest.fixture
def check(run_reproduce, tmp_path):
    """Check notebooks; return the process, the report and its folder."""

    def run(*notebooks, options=(), **more):
        folder = tmp_path / "report"
        done, report = run_reproduce(notebooks, folder, options=("--timeout", "90", *options), **more)
        assert "Traceback" not in done.stderr + done.stdout
        return done, report, folder

    return run


def test_a_reproducible_notebook(notebook, check):
    done, report, folder = check(notebook("good", SEEDED, LOG))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reproducible" in done.stdout
    assert "identical (1 run, 1 metric, 1 value)" in done.stdout
    assert "changes loss" in done.stdout
    (result,) = report["notebooks"]
    assert (report["format"], report["holds"]) == (1, True)
    assert (result["seed"], result["other_seed"]) == (1, 2)
    assert {one["label"] for one in result["executions"]} == {"first", "second", "other seed"}
    for one in result["executions"]:
        assert Path(one["notebook"]).is_file()
    assert float.fromhex(result["runs"][0]["metrics"]["loss"][0][1])
    assert {path.name for path in folder.iterdir()} == {"report.json", "report.html", "junit.xml", "executed"}


def test_the_report_is_one_file_with_everything_in_it(notebook, check):
    history = "import mlflow, random\nr = random.Random(seed)\nwith mlflow.start_run():\n    for s in range(5):\n        mlflow.log_metric('loss', r.random(), step=s)"
    _, _, folder = check(notebook("history", history), options=("--seeds", "0-2"))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2, "one figure of the history, one of the spread"
    assert "src=" not in page
    assert 'href="http' not in page
    assert "<script" not in page
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (summary,) = report["notebooks"][0]["spread"]["summary"].values()
    values = report["notebooks"][0]["spread"]["metrics"]["Default / run 1: loss"]
    assert summary["n"] == len(values) == 3
    assert summary["mean"] == pytest.approx(sum(values.values()) / 3)
    assert "the best of many seeds" in page.lower()


def test_unseeded_randomness_is_found_and_named(notebook, check):
    done, report, folder = check(notebook("bad", UNSEEDED, LOG))
    assert done.returncode == 1
    assert "with nothing varied: unseeded randomness" in done.stdout
    (result,) = report["notebooks"]
    assert result["verdict"] == "not reproducible"
    assert result["differences"][0]["name"] == "loss"
    suite = ElementTree.parse(folder / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    assert "unseeded" in suite[0][0].text


@pytest.mark.slow
def test_a_seed_without_effect_is_found(notebook, check):
    done, report, _ = check(notebook("ignored", "loss = 0.25", LOG))
    assert done.returncode == 1
    assert report["notebooks"][0]["verdict"] == "seed has no effect"
    assert "the seed has no effect" in done.stdout
    done, report, _ = check(notebook("ignored", "loss = 0.25", LOG), options=("--no-other-seed",))
    assert done.returncode == 0


@pytest.mark.parametrize(
    "source", ["print(seed)", "import mlflow\nwith mlflow.start_run():\n    mlflow.log_param('seed', seed)"]
)
def test_a_notebook_that_logs_nothing_never_counts_as_identical(notebook, check, source):
    done, report, _ = check(notebook("silent", source))
    assert done.returncode == 1
    assert report["notebooks"][0]["verdict"] == "logs nothing"


@pytest.mark.slow
def test_a_store_elsewhere_is_pointed_at(notebook, check):
    source = "import os\nos.makedirs('elsewhere', exist_ok=True)\nos.chdir('elsewhere')\nloss = seed"
    _, report, _ = check(notebook("moved", source, LOG), options=TWICE)
    assert "elsewhere/mlflow.db" in report["notebooks"][0]["message"]


@pytest.mark.slow
def test_bad_notebooks_are_named_and_the_others_still_checked(notebook, check, tmp_path):
    raises = notebook("raises", "x = 1", "# a comment first\nvalue = 1 / (seed - 1)", LOG)
    good = notebook("good", SEEDED, LOG)
    other_kernel = notebook("other_kernel", SEEDED, LOG, kernel="no-such-kernel")
    done, report, _ = check(raises, tmp_path / "absent.ipynb", other_kernel, good)
    assert done.returncode == 2
    by_name = {Path(one["notebook"]).stem: one for one in report["notebooks"]}
    assert by_name["good"]["verdict"] == "reproducible"
    assert by_name["raises"]["verdict"] == "failed"
    assert "cell 3 (cell-2, `value = 1 / (seed - 1)`) raises ZeroDivisionError" in by_name["raises"]["message"]
    assert "no such file" in by_name["absent"]["message"]
    assert "'no-such-kernel'" in by_name["other_kernel"]["message"]


def test_a_cell_that_raises_gives_one(notebook, check):
    done, _, _ = check(notebook("raises", "raise ValueError('no')"))
    assert done.returncode == 1


HANGS = {
    "waits_for_input": ("answer = input('name? ')", "waits for somebody to type"),
    "kills_its_kernel": ("import os\nos._exit(3)", "the kernel died"),
    "interrupts_itself": (
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)",
        "KeyboardInterrupt",
    ),
    "fills_the_disk": (
        "import time\nwith open('big', 'wb') as file:\n    file.truncate(9 * 2**30)\ntime.sleep(60)",  # a sparse file
        "wrote more than 8 GB",
    ),
    "never_ends": ("while True:\n    pass", "not finished after 8 s"),
}


@pytest.mark.parametrize("name", sorted(HANGS))
def test_a_notebook_that_never_comes_back(notebook, check, name):
    source, message = HANGS[name]
    options = ("--timeout", "8") if name == "never_ends" else ()
    done, report, _ = check(notebook(name, "y = 1", source), options=options)
    assert done.returncode == 1
    assert report["notebooks"][0]["verdict"] == "failed"
    assert message in report["notebooks"][0]["message"]
    assert "cell 3 (cell-2" in report["notebooks"][0]["message"]


@pytest.mark.slow
def test_a_notebook_that_forks_and_changes_directory(notebook, check):
    source = (
        "import os, tempfile\nfrom concurrent.futures import ProcessPoolExecutor\n"
        "with ProcessPoolExecutor(2) as pool:\n    values = list(pool.map(abs, [-seed, -2]))\n"
        "here = os.getcwd(); os.chdir(tempfile.gettempdir()); os.chdir(here)\nloss = sum(values) / 7"
    )
    done, _, _ = check(notebook("forks", source, LOG), options=TWICE)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.needs("sandbox")
def test_a_notebook_cannot_write_outside(notebook, check, tmp_path):
    target = tmp_path / "outside.txt"
    neighbour = tmp_path / "notebooks" / "writes" / "neighbour.txt"
    source = (
        "from pathlib import Path\nwritten = []\n"
        f"for path in ({str(target)!r}, {str(neighbour)!r}, '/etc/reproduce-was-here'):\n"
        "    try:\n        Path(path).write_text('x')\n        written.append(path)\n    except OSError as problem:\n        print(problem)\n"
        "loss = seed / 3"
    )
    done, _, _ = check(notebook("writes", source, LOG), options=TWICE)
    assert done.returncode == 0, done.stdout
    assert not target.exists()
    assert not neighbour.exists()
    assert not Path("/etc/reproduce-was-here").exists()


@pytest.mark.slow
@pytest.mark.needs("sandbox")
def test_executions_have_no_network_but_a_loopback_of_their_own(notebook, check):
    """Three executions at once open the same port, and none of them reaches this computer."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        source = (
            "import socket, time\nserver = socket.socket(); server.bind(('127.0.0.1', 45871)); server.listen()\n"
            "client = socket.create_connection(('127.0.0.1', 45871)); time.sleep(2)\nreached = True\n"
            f"try:\n    socket.create_connection(('127.0.0.1', {port}), timeout=2)\n"
            "except OSError:\n    reached = False\nloss = seed / 3 + 1000 * reached"
        )
        done, report, _ = check(notebook("server", source, LOG))
    assert done.returncode == 0, done.stdout
    (value,) = report["notebooks"][0]["runs"][0]["metrics"]["loss"]
    assert float.fromhex(value[1]) < 1000, "it reached a server of this computer"


def test_wrong_use_gives_two(notebook, check, run_reproduce, tmp_path):
    good = notebook("good", SEEDED, LOG)
    for options in (("--seeds", "5-2"), ("--seeds", "x"), ("--vary", "moon"), ("--jobs", "0"), ("--no-such-option",)):
        done, _ = run_reproduce([good], tmp_path / "report", options=options)
        assert done.returncode == 2, options
        assert "Traceback" not in done.stderr
    done, report, _ = check(good, options=("--seed", "3", "--other-seed", "3"))
    assert done.returncode == 2
    assert "must differ" in report["notebooks"][0]["message"]


def test_a_report_folder_that_cannot_be_written(notebook, run_reproduce, tmp_path):
    (tmp_path / "report").write_text("a file is in the way", encoding="utf-8")
    done, _ = run_reproduce([notebook("good", SEEDED, LOG)], tmp_path / "report" / "inside")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_child_and_leaves_nothing_behind(notebook, tmp_path, number):
    slow = notebook("slow", "import time\ntime.sleep(300)")
    command = [sys.executable, "-m", "mlops_course.cli", "reproduce", str(slow), "--report", str(tmp_path / "report")]
    temporary = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    environment = os.environ | {"TMPDIR": str(temporary)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    children = []
    deadline = time.monotonic() + 60
    while not any("ipykernel" in " ".join(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.5)
        running = psutil.Process(process.pid).children(recursive=True)
        children = [
            child.cmdline() for child in running if child.is_running() and child.status() != psutil.STATUS_ZOMBIE
        ]
    assert running, process.communicate(timeout=10)
    time.sleep(1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "interrupted" in errors
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(running, timeout=10)
    assert alive == []
    left = [path.name for path in temporary.iterdir()]
    shutil.rmtree(temporary)
    assert left == []


@pytest.mark.slow
def test_a_long_temporary_directory_is_no_trouble(notebook, check, tmp_path):
    """The system allows about a hundred characters for the path of a socket."""
    long = tmp_path / "a-rather-long-name-for-a-folder" / "and-another-one-below-it-to-be-sure"
    long.mkdir(parents=True)
    done, _, _ = check(notebook("good", SEEDED, LOG), options=TWICE, environment={"TMPDIR": str(long)})
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_original_is_left_alone(root, notebook, check):
    """Checking a notebook of this repository changes nothing in it."""

    def state():
        command = ["git", "status", "--porcelain"]
        return subprocess.run(command, cwd=root, capture_output=True, text=True).stdout

    before = state()
    done, _, _ = check(root / "tests/reproduce/corpus/clean/honest_cache.ipynb", options=TWICE)
    assert done.returncode == 0, done.stdout
    assert state() == before
    folder = root / "tests/reproduce/corpus/clean"
    assert {path.suffix for path in folder.iterdir()} == {".ipynb"}


@pytest.mark.slow
def test_without_bubblewrap_it_works_and_says_so(notebook, check, forbidden_bubblewrap):
    """As where user namespaces are forbidden; paths are then varied by moving folders."""
    path = os.pathsep.join([forbidden_bubblewrap, os.environ["PATH"]])
    directory = "import os\nloss = seed + len(os.getcwd())"
    good, changes = notebook("good", SEEDED, LOG), notebook("path", directory, LOG)
    done, report, folder = check(good, changes, options=TWICE, environment={"PATH": path})
    assert "without bubblewrap" in done.stdout
    assert "without bubblewrap" in (folder / "report.html").read_text(encoding="utf-8")
    assert report["isolated"] is False
    by_name = {Path(one["notebook"]).stem: one for one in report["notebooks"]}
    assert by_name["good"]["verdict"] == "reproducible"
    assert [cause["variations"] for cause in by_name["path"]["causes"]] == [["working-directory"]]


@pytest.mark.slow
def test_excluded_values_do_not_count_and_are_named(notebook, check):
    source = "import random, mlflow\nwith mlflow.start_run():\n    mlflow.log_metric('loss', seed)\n    mlflow.set_tag('lucky', random.random())"
    done, report, _ = check(notebook("tagged", source), options=("--exclude", "tag:luck*", *TWICE))
    assert done.returncode == 0, done.stdout
    assert "tag:luck*" in report["not_compared"]
    done, _, _ = check(notebook("tagged", source), options=("--no-diagnosis", *TWICE))
    assert done.returncode == 1


def test_autologged_child_runs_in_any_order_are_paired_and_their_times_are_not_the_users(notebook, check):
    """MLflow makes the child runs of a search in threads, and logs what scikit-learn measured; a user's clock counts."""
    source = (
        "import time, mlflow\nfrom sklearn.datasets import make_classification\n"
        "from sklearn.linear_model import SGDClassifier\nfrom sklearn.model_selection import GridSearchCV\n"
        "X, y = make_classification(n_samples=80, flip_y=0.2, random_state=seed)\n"
        "mlflow.sklearn.autolog(log_models=False)\n"
        "rates = [10.0**-power for power in range(8)]\n"
        "search = GridSearchCV(SGDClassifier(random_state=seed), {'alpha': rates}, cv=3, n_jobs=2)\n"
        "with mlflow.start_run():\n    search.fit(X, y)\n"
        "    mlflow.log_metric('mean_fit_time', time.time())\n"
    )
    done, report, _ = check(notebook("search", source), options=("--no-diagnosis", *TWICE))
    assert done.returncode == 1
    (result,) = report["notebooks"]
    assert [(one["kind"], one["run"], one["name"]) for one in result["differences"]] == [
        ("metric", "Default / run 1", "mean_fit_time")
    ]
    assert len(result["runs"]) > 5
    assert all("mean_test_score" in run["metrics"] for run in result["runs"][1:])
