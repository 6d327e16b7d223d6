"""The course in a repository of its own, as an instructor has it who has committed everything."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlops_course.bundle.tree import read_tree
from tests.browser.lab import copy_course


@pytest.fixture(scope="session")
def committed(tmp_path_factory):
    """A repository with one commit: the course as it is here. Tests that change it take a clone."""
    return copy_course(tmp_path_factory.mktemp("bundle") / "course")


@pytest.fixture(scope="session")
def tree(committed):
    """The files of that commit; a test that changes them takes a copy."""
    return read_tree(committed, "HEAD")


def git(*arguments, folder):
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def clone(committed, tmp_path):
    """A clone of that repository, to be changed."""
    folder = tmp_path / "clone"
    git("clone", "--quiet", str(committed), str(folder), folder=tmp_path)
    return folder


def bundle(folder, *options, **how):
    """Call `course bundle` as an instructor does."""
    program = Path(sys.executable).parent / "course"
    return subprocess.run([program, "bundle", *options], cwd=folder, capture_output=True, text=True, **how)
