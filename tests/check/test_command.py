"""The command as a student calls it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from nbformat.v4 import new_output

from tests.check.states import FIRST, RELEASE, ROOT


@pytest.fixture
def course(tmp_path):
    """Make the students' copy of the course: no Git, no gradebook, no exchange."""
    root = tmp_path / "course"
    (root / "env").mkdir(parents=True)
    for name in ("nbgrader_config.py", "env/requirements.txt"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copytree(RELEASE, root / "release" / "week-09", ignore=shutil.ignore_patterns("work", "*.txt"))
    return root


def test_untouched(course, course_check):
    done = course_check(cwd=course)
    assert (done.returncode, done.stderr) == (1, "")
    assert "release" in done.stdout.splitlines()[0]
    assert "0 of 6 are there" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_done_fetched_and_zipped(course, work, course_check):
    work.finish()
    shutil.move(work.folder, course / "week-09")
    done = course_check("--zip", cwd=course)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "Everything is there" in done.stdout
    assert "left out: work/" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert (course / "week-09_ana.zip").is_file()
    # From a folder below, too, by its name, and from inside
    for arguments, cwd in ([("week-09",), course / "env"], [(), course / "week-09"]):
        assert course_check(*arguments, cwd=cwd).returncode == 0


def test_json_and_nothing_else(course, work, command, course_check):
    work.finish()
    work.run(FIRST, failing={"version_restored": "v2008 does not come after v2007 [bold]"})
    shutil.move(work.folder, course / "week-09")
    done = command("--json", "--zip", cwd=course)
    assert (done.returncode, done.stderr) == (1, "")
    content = json.loads(done.stdout)
    assert content["schema"] == 1
    assert not content["complete"]
    (test,) = [test for one in content["deliverables"] for test in one["tests"] if test["status"] == "wrong"]
    assert (test["name"], test["message"]) == ("version_restored", "v2008 does not come after v2007 [bold]")
    assert content["packed"]["path"].endswith("week-09_ana.zip")
    assert "[bold]" in course_check(cwd=course).stdout


def test_no_zip_without_a_name(course, course_check):
    done = course_check("--zip", cwd=course)
    assert done.returncode == 2
    assert done.stderr.startswith("course: no zip:")
    assert "0 of 6 are there" in done.stdout
    assert course_check("--zip", "--student", "ana", cwd=course).returncode == 1
    assert (course / "week-09_ana.zip").is_file()


def test_nothing_is_left_out_of_a_zip_silently(course, work, course_check):
    work.finish()
    work.change(
        FIRST, lambda cells, _: cells["track_v1"].outputs.append(new_output("stream", name="stdout", text="x" * 10**7))
    )
    shutil.move(work.folder, course / "week-09")
    done = course_check("--zip", cwd=course)
    said = " ".join(done.stdout.split())
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"without its outputs, with which it is too large: {FIRST}.ipynb. Grading runs it again" in said
    (course / "week-09_ana.zip").unlink()
    with (course / "week-09" / "huge.csv").open("wb") as file:
        file.truncate(10_000_001)
    done = course_check("--zip", cwd=course)
    assert done.returncode == 1
    assert done.stderr.startswith("course: no zip: huge.csv has 10.0 MB")
    assert "delete it" in done.stderr
    assert not (course / "week-09_ana.zip").exists()


@pytest.mark.parametrize("arguments", [("nowhere",), ("--no-such-option",), ("nbgrader_config.py",)])
def test_wrong_use(course, course_check, arguments):
    done = course_check(*arguments, cwd=course)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_empty_folder(course, course_check):
    (course / "week-09").mkdir()
    done = course_check(cwd=course)
    assert done.returncode == 1
    assert "there is no 01_dvc_basics.ipynb" in " ".join(done.stdout.split())


def test_narrow_encoding_of_a_terminal(course, work, command):
    work.finish()
    work.run(FIRST, failing={"version_restored": "\x1b]0;title\x07 ≠ …"})
    shutil.move(work.folder, course / "week-09")
    done = command(cwd=course, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b]0" not in done.stdout


WATCH = """
import sys

def look(event, arguments):
    if event == "socket.connect" or event == "subprocess.Popen" and arguments[1][0] != "git":
        print(event, arguments, file=sys.stderr)
    if event == "import" and arguments[0] == "mlflow":
        print(event, arguments[0], file=sys.stderr)

sys.addaudithook(look)
"""


def test_offline_and_without_executing(course, work, command, tmp_path):
    """No connection is opened, no program but Git is started: no kernel. And MLflow is not imported: it is slow."""
    work.finish()
    shutil.move(work.folder, course / "week-09")
    watch = tmp_path / "watch"
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH)
    path = os.pathsep.join([str(watch), str(ROOT)])
    done = command(cwd=course, PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (0, "")
    # The watch itself sees what it is there for.
    guilty = "import socket, subprocess, sys; subprocess.run([sys.executable, '-c', '']); socket.socket().connect_ex"
    guilty += "(('127.0.0.1', 1)); import mlflow"
    seen = subprocess.run(
        [sys.executable, "-c", guilty], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    ).stderr
    assert all(event in seen for event in ("subprocess.Popen", "socket.connect", "import mlflow"))
