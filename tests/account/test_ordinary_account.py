"""The course belongs to whoever clones it: an ordinary account, its home empty, nothing installed but Python and Git.

Root may do what others may not, and a developer's computer has what others' have not. So an account is made that has
the repository below its home, sets it up, and runs some of these tests, without the programs in `WITHOUT`.
"""

import pwd
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.browser.lab import copy_course
from tests.needs import leave_out

pytestmark = pytest.mark.needs("another account")

WITHOUT = ("bwrap", "chromium", "chromium-browser", "google-chrome")
# A class graded by the command, by the button and by nbgrader's own; a notebook's reproducibility; what needs a browser.
QUICK = (
    "tests/grading/test_for_real.py",
    "tests/reproduce/test_command.py::test_a_reproducible_notebook",
    "tests/reproduce/test_command.py::test_unseeded_randomness_is_found_and_named",
    "tests/browser/test_tiles.py",
)
LONG = ("tests/env", "tests/execution", "tests/reproduce/test_isolation.py")


class Account:
    """An account, and what it can do.

    Attributes
    ----------
    name
        Its name.
    home
        Its home.
    course
        The repository, in a folder with a blank in its name.
    programs
        The only folder on its PATH: all programs of the system but for some, and without a Python.
    """

    def __init__(self):
        self.name = f"w09-tests-{uuid.uuid4().hex[:8]}"
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", self.name], check=True)
        self.home = Path(pwd.getpwnam(self.name).pw_dir)
        self.course = self.home / "my course"
        self.course.mkdir()
        self.programs = self.home / "programs"
        self.programs.mkdir()
        for path in [path for folder in ("/usr/local/bin", "/usr/bin", "/bin") for path in Path(folder).iterdir()]:
            link = self.programs / path.name
            if path.name not in WITHOUT and not path.name.startswith("python") and not link.exists():
                link.symlink_to(path)
        self.python = ""
        self.python = self.find_python()

    def run(self, *command):
        """Run a command in the course's folder as the account does."""
        variables = {"HOME": str(self.home), "USER": self.name, "LOGNAME": self.name, "LANG": "C.UTF-8",
                     "PATH": str(self.programs), "COURSE_PYTHON": self.python}  # fmt: skip
        return subprocess.run(
            command, cwd=self.course, env=variables, capture_output=True, text=True,
            user=self.name, group=self.name, extra_groups=[], umask=0o022,
        )  # fmt: skip

    def find_python(self):
        """Find a Python that the course can use, and this account, too; empty where there is none."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
        for place in (Path(sys.base_prefix) / "bin" / version, Path("/usr/bin") / version, Path("/usr/bin/python3")):
            # By a shell, because an account may not even look into a folder such as root's home.
            if self.run("sh", "-c", f"'{place}' -c '{probe}'").returncode == 0:
                return str(place)
        return ""

    def remove(self):
        """End what it has started, and delete it."""
        subprocess.run(["pkill", "-KILL", "-u", self.name])
        subprocess.run(["userdel", "--remove", "--force", self.name], capture_output=True)


@pytest.fixture(scope="module")
def account():
    """An account with the repository below its home, set up by itself."""
    made = Account()
    try:
        copy_course(made.course)
        (made.course / "data" / "penguins.csv").unlink()  # set-up fetches it
        for path in (made.course, *made.course.rglob("*")):
            shutil.chown(path, made.name, made.name)
        if not made.python:
            leave_out("a Python 3.11 or newer that every account may use (Debian: sudo apt install python3-venv)")
        done = made.run("bash", "env/setup.sh")
        if "cannot be reached" in done.stderr:
            leave_out("network: the account sets the course up for itself")
        assert done.returncode == 0, done.stderr
        assert "cannot lock" not in done.stderr
        yield made
    finally:
        made.remove()


def run_tests(account, tests, *options):
    """Run tests as the account; give what pytest said."""
    done = account.run("bash", "env/setup.sh", "pytest", "-q", f"--basetemp={account.home / 'tests'}", *options, *tests)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def left_out(said):
    """Find the lines that say what was left out."""
    return [line for line in said.splitlines() if line.startswith("left out: ")]


def test_it_grades_and_reproduces_and_what_is_left_out_is_said(account):
    said = run_tests(account, QUICK, "-n0")
    (line,) = left_out(said)
    assert re.search(r"left out: \d+ tests\. browser: .*apt install chromium", line)
    assert int(re.search(r"(\d+) passed", said)[1]) >= 4


@pytest.mark.slow
def test_all_that_a_sandbox_matters_to(account):
    said = run_tests(account, LONG, "-n2")
    assert "sandbox: " not in said
    assert int(re.search(r"(\d+) passed", said)[1]) > 200


def test_nothing_is_left_of_what_it_did(account):
    done = account.run("git", "status", "--short", "--untracked-files=all")
    assert done.stdout == "", done.stdout
