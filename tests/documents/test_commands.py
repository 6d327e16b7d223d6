"""What a student's document says to type in a terminal works there: in a bare shell, as it is written."""

import contextlib
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.browser.lab import copy_course
from tests.documents.commands import BARE_PATH, ENTER, FENCE, documents, is_command, problems

SECONDS = 300
SERVERS = {"jupyter lab": r"(http://\S+/lab\S*)", "mlflow ui": r"(http://127\.0\.0\.1:\d+)"}  # and what they print

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the documents' commands are for a POSIX shell")


def blocks():
    """Give each block of commands, once, with what stands before it in its paragraph or cell."""
    found = {}
    for name, units in documents().items():
        entered = False
        for number, unit in enumerate(units):
            entered = entered or ENTER in unit
            for block in FENCE.finditer(unit):
                if block[1] == "bash":
                    way = ENTER if entered and ENTER not in block[2] else ""
                    folder = re.search(r"in the folder `([^`]+)`", unit[: block.start()])
                    lines = [way, f"cd {folder[1]}" if folder else "", block[2]]
                    found.setdefault("\n".join(filter(None, lines)).strip(), f"{Path(name).stem}-{number}")
    return [pytest.param(script, id=name) for script, name in found.items()]


@pytest.fixture
def bare(tmp_path):
    """A student's course and a bare shell: an empty home, the system's programs, no variables.

    The environment is the one in which the tests run, under the name that the course's copy looks for.
    """
    folder = copy_course(tmp_path / "my laptop" / "Kurs ä")
    venv, here = folder / ".venv", Path(sys.prefix)
    venv.mkdir()
    for path in here.iterdir():
        (venv / path.name).symlink_to(path)
    (venv / "course-setup").unlink()
    stamp = runpy.run_path(str(folder / "env" / "setup.py"))["stamp_text"]()
    (venv / "course-setup").write_text(stamp, encoding="utf-8")  # ready: nothing is installed
    # What the lessons have made by then, and what the document calls the student's own.
    (folder / "notebooks" / "work").mkdir()
    own = (folder / "notebooks" / "experiment.ipynb").read_text(encoding="utf-8")
    (folder / "my_notebook.ipynb").write_text(own.replace('"../data/', '"data/'), encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()

    def start(script, **more):
        variables = {"HOME": str(home), "PATH": BARE_PATH, "BROWSER": "true", "LANG": "C.UTF-8"} | more
        return subprocess.Popen(
            ["bash", "-e", "-c", script], cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip

    yield start
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "my laptop"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def page_of(process, pattern):
    """Wait until a server says where its page is, and fetch it."""
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(pattern, line):
            break
    else:
        raise AssertionError(said)
    for _ in range(60):
        try:
            with urllib.request.urlopen(found[1], timeout=30) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(1)
    raise AssertionError(f"{found[1]} does not answer: {said}")


@pytest.mark.slow
@pytest.mark.parametrize("script", blocks())
def test_a_block_runs_as_written(bare, script):
    last = script.strip().splitlines()[-1].partition(" #")[0].strip()
    server = next((name for name in SERVERS if last.endswith(name)), None)
    process = bare(script, MLFLOW_PORT=str(free_port()))  # 5000 may be somebody else's
    try:
        if server:
            page = page_of(process, SERVERS[server])
            assert "<html" in page.lower()
        else:
            said, _ = process.communicate(timeout=SECONDS)
            allowed = (0, 1) if last.endswith("course check") else (0,)  # 1: something is still to do
            assert process.returncode in allowed, said
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@pytest.mark.slow
def test_the_way_of_the_assignment_in_a_terminal(bare):
    """Lesson 00's table, but for what needs an exchange: work, validate, check."""
    table = next(unit for unit in documents()["notebooks/lesson_00_start_here.ipynb"] if "| 1. Fetch |" in unit)
    typed = [command for row in table.splitlines() if re.match(r"\| \d\.", row)
             for command in re.findall(r"`([^`]+)`", row.split("|")[-2]) if is_command(command)]  # fmt: skip
    offline = [command for command in typed if not re.search("fetch|submit", command)]
    assert len(offline) == 3
    *commands, check = offline
    script = "\n".join([ENTER, "cp -r release/week-09 week-09", *commands, f"{check} || true"])
    process = bare(script)
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    assert "some of the cells" in said.lower() or "failed" in said.lower(), said


@pytest.mark.slow
def test_every_command_is_known_to_its_program():
    assert {name: found for name, units in documents().items() if (found := problems(units))} == {}


WRONG = {
    "```bash\nnbgradr validate week-09/a.ipynb\n```": "no program nbgradr",
    "```bash\nsource .venv/bin/activate\nfrobnicate --now\n```": "no program frobnicate",
    "Type `nbgradr validate a.ipynb` then.": "no program nbgradr",
    "Type `dvc chekout` then.": "knows no chekout",
    "Type `git comit --all` then.": "knows no comit",
    "Type `dvc push --every-tag` then.": "knows no --every-tag",
    "Type `git commit --al` then.": "knows no --al",
    "```\ndvc push --every-tag\n```": "knows no --every-tag",
    "```bash\ndvc pull\n```": "how to enter",
    "In a terminal: `dvc pull`": "how to enter",
}


@pytest.mark.parametrize(("text", "complaint"), WRONG.items())
def test_a_wrong_command_is_noticed(text, complaint):
    (found,) = problems([text])
    assert complaint in found


@pytest.mark.parametrize(
    "text",
    [
        "```bash\nsource .venv/bin/activate\ndvc pull\n```",
        "```bash\nbash env/setup.sh dvc pull\n```",
        "In a terminal of JupyterLab: `dvc pull`",
        "After `dvc pull` and `git checkout --quiet TAG`, `if x is None:` and `dvc: command not found`.",
    ],
)
def test_a_right_command_is_not(text):
    assert problems([text]) == []
