"""Fixtures for all tests."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.needs import Needs

ROOT = Path(__file__).resolve().parents[1]

pytest.register_assert_rewrite("tests.assignment.cycle", "tests.assignment.course_copy", "tests.assignment.matrix")


# Tests that share what takes long to make: a JupyterLab, a class, or a corpus that is checked in one call.
TOGETHER = re.compile(
    r"tests/browser/\w+|tests/grading/test_hand_in\.py|tests/reproduce/test_corpus\.py::test_a_(?:fault|clean|note)"
)


# Tests, or groups, that take minutes begin first, so that no worker is left alone with one of them at the end.
LONG = re.compile(
    r"tests/browser/|test_corpus\.py::test_a_|test_hand_in\.py|test_lessons.py::test_a_lesson_runs"
    r"|test_reproduce_lessons|test_the_matrix|test_the_whole_cycle|test_all_attacks|test_on_plain_nbgrader"
    r"|test_a_whole_life|test_from_the_zip_to_a_grade|test_losses_differ|_are_not_accused|test_without_bubblewrap"
    r"|test_solution_is_complete|test_honest_points_are_those_of_plain"
)


def pytest_configure(config):
    """Know what tests need."""
    config.pluginmanager.register(Needs())


def pytest_collection_modifyitems(items):
    """Put the tests that take longest first."""
    items.sort(key=lambda item: LONG.search(item.nodeid) is None)


class Together(LoadScopeScheduling):
    """Gives each test to the next worker that is free, but tests that belong together to one."""

    def _split_scope(self, nodeid):
        """Name what a test belongs to. (xdist's marker `xdist_group` has no effect with pytest 9.2.)"""
        found = TOGETHER.match(nodeid)
        return found[0].replace("_note", "_clean") if found else nodeid


def pytest_xdist_make_scheduler(config, log):
    """Take the place of xdist's own way to hand out tests."""
    config.option.loadscopereorder = False  # it would put the groups with most tests first
    return Together(config, log)


@pytest.fixture(scope="session")
def root():
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="module")
def module_path(tmp_path_factory, request):
    """Give the tests of a module a folder that they share."""
    return tmp_path_factory.mktemp(request.module.__name__.rsplit(".", 1)[-1])


@pytest.fixture(scope="session")
def forbidden_bubblewrap(tmp_path_factory):
    """Folder for PATH with a `bwrap` that may not be used, as in a container or on a system that restricts it."""
    program = tmp_path_factory.mktemp("forbidden") / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    return str(program.parent)


@pytest.fixture(scope="session")
def run_reproduce():
    """Call `course reproduce` as a user does, and read its report."""

    def run(notebooks, report, *, options=(), environment=None, cwd=None):
        command = [
            str(Path(sys.executable).with_name("course")),  # with `-m` Python would import what lies in `cwd`
            "reproduce",
            *map(str, notebooks),
            "--report",
            str(report),
            *options,
        ]
        variables = os.environ | {"COLUMNS": "200"} | (environment or {})
        done = subprocess.run(command, env=variables, cwd=cwd, capture_output=True, text=True, check=False)
        page = report / "report.json"
        content = json.loads(page.read_text(encoding="utf-8")) if page.exists() else None
        return done, content

    return run


@pytest.fixture(scope="session")
def reproduce_many(run_reproduce):
    """Check many notebooks in one call; return the exit code and the results by name."""

    def run(notebooks, folder, *, options=(), environment=None):
        report = folder / f"report-of-{notebooks[0].parent.name}"
        done, content = run_reproduce(
            notebooks, report, options=("--timeout", "120", *options), environment=environment
        )
        assert content is not None, done.stderr
        return done.returncode, {Path(result["notebook"]).stem: result for result in content["notebooks"]}

    return run
