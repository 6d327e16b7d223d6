"""What some tests need beyond Python and Git: where it is missing they are left out, and pytest's last lines say so.

`@pytest.mark.needs("sandbox")` names it; tests that use the fixture `browser` need one without being told. In CI
nothing may be missing: the run ends before its first test.
"""

import functools
import os
import shutil

import pytest

from mlops_course.execution import bubblewrap
from mlops_course.reproduce.surroundings import find_locale


def find_chromium():
    """Give the path of the system's Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@functools.cache
def missing(need):
    """Say what is missing here and how to have it; empty where it is there."""
    if need == "browser":
        return "" if find_chromium() else "no Chromium was found (Debian, Ubuntu: sudo apt install chromium)"
    if need == "locale":
        return "" if find_locale() else "no second language is installed (Debian, Ubuntu: sudo apt install locales-all)"
    if need == "sandbox":
        return bubblewrap.why_not()
    if need == "another account":
        return (
            "" if can_make_accounts() else "only root can make an account; yours may be the ordinary one that they test"
        )
    raise pytest.UsageError(f"no test can need {need!r}: see tests/needs.py")


def can_make_accounts():
    """Tell whether tests may make an account of this system, and become it."""
    return os.name == "posix" and os.getuid() == 0 and all(map(shutil.which, ("useradd", "userdel")))


def leave_out(reason):
    """End a test that finds out by itself that something is missing."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def needs_of(item):
    """List what a test needs."""
    named = [need for mark in item.iter_markers("needs") for need in mark.args]
    return named + ["browser"] * ("browser" in getattr(item, "fixturenames", ()))


class Needs:
    """The plugin."""

    def pytest_collection_modifyitems(self, items):
        """Leave out what cannot be done here."""
        for item in items:
            for need in needs_of(item):
                if reason := missing(need):
                    if os.environ.get("CI"):
                        raise pytest.UsageError(f"{item.nodeid} needs {need}: {reason}")
                    item.add_marker(pytest.mark.skip(reason=f"{need}: {reason}"))
                    break

    def pytest_terminal_summary(self, terminalreporter):
        """Say at the end what was left out, and how to have it."""
        reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
        for reason in sorted(set(reasons)):
            count = reasons.count(reason)
            tests = "1 test" if count == 1 else f"{count} tests"
            terminalreporter.write_line(f"left out: {tests}. {reason.removeprefix('Skipped: ')}", yellow=True)
