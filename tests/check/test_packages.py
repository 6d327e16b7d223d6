"""A pip freeze that differs from the course's is named, with the command that mends it; nothing else is."""

import os

import pytest

from mlops_course.check import packages
from mlops_course.check.check import check
from mlops_course.check.model import Difference
from tests.check.states import ROOT

COURSE = """\
# the course's
numpy==2.4.6 ; python_version < '4' \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
    # via pandas
numpy==1.0 ; python_version >= '4' \\
    --hash=sha256:cccc
pywin32==312 ; sys_platform == 'no such system' \\
    --hash=sha256:dddd
Typing_Extensions==4.1
uv==0.9
"""


def differences(frozen):
    return packages.compare(packages.versions(COURSE), packages.versions(frozen))


@pytest.mark.parametrize(
    "frozen",
    [
        "numpy==2.4.6\ntyping-extensions==4.1\n",
        "NumPy==2.4.6\ntyping.extensions==4.1.0\n",
        "numpy==2.4.6\ntyping_extensions==4.1\nseaborn==0.13\n-e git+https://example.org/course#egg=course\n",
        "numpy==2.4.6\ntyping_extensions==4.1\ncourse @ file:///home/ana/course\n-e /home/ana/course\n",
        "numpy @ file:///croot/numpy\ntyping_extensions==4.1\n",
        "numpy==2.4.6 \\\n    --hash=sha256:aaaa\ntyping_extensions==4.1  # via x\n",
    ],
)
def test_no_difference(frozen):
    assert differences(frozen) == []


@pytest.mark.parametrize(
    ("frozen", "expected"),
    [
        ("numpy==2.4.5\ntyping_extensions==4.1\n", Difference("numpy", "2.4.6", "2.4.5")),
        ("typing_extensions==4.1\n", Difference("numpy", "2.4.6", None)),
        ("numpy==2.4.6+mine\ntyping_extensions==4.1\n", Difference("numpy", "2.4.6", "2.4.6+mine")),
        ("numpy==2.4.6\ntyping_extensions==4\n", Difference("typing-extensions", "4.1", "4")),
    ],
)
def test_difference(frozen, expected):
    assert differences(frozen) == [expected]


def test_files_of_windows(tmp_path):
    path = tmp_path / "requirements.txt"
    for encoding in ("utf-16", "utf-8-sig", "utf-8"):
        path.write_bytes("numpy==2.4.6\r\nclick==8.1\r\n".encode(encoding))
        assert packages.versions(packages.read_text(path)) == {"numpy": "2.4.6", "click": "8.1"}


def test_loose_lines():
    text = "a==1\nb>=2\nc\nd==1.*\n-e .\ne @ file:///e\n# comment\n"
    assert packages.loose_lines(text) == (["b>=2", "c", "d==1.*"], 5)


@pytest.fixture
def course(tmp_path):
    """Make a course's folder with a list of versions that are not installed."""

    def make(text):
        (tmp_path / "env").mkdir(exist_ok=True)
        (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
        (tmp_path / "env" / "requirements.txt").write_text(text)
        return tmp_path

    return make


def test_this_environment_is_the_course_s():
    """Markers included: the list has packages for other systems, which are not installed here."""
    wanted = packages.versions(packages.read_text(ROOT / "env" / "requirements.txt"))
    assert len(wanted) > 200
    assert packages.compare(wanted, packages.installed()) == []


def test_other_version_installed(work, course, monkeypatch):
    root = course("click==0.1\nno-such-package==2\n")
    work.finish()
    (work.folder / "requirements.txt").write_text(f"click=={packages.installed()['click']}\n")
    report = check(work.folder, root)
    assert report.complete, "another version is worth a warning; nothing is missing"
    here, frozen = report.warnings
    assert f"click {packages.installed()['click']} (course: 0.1)" in here
    assert "no-such-package not there (course: 2)" in here
    assert "python -m pip install --requirement env/requirements.txt" in here
    assert "First mend what is installed" in frozen
    assert {one.package for one in report.environment} == {"click", "no-such-package"}
    monkeypatch.setattr(os, "name", "nt")
    assert packages.mend_command().startswith(r"env\setup.ps1 python")


def test_only_the_frozen_file_differs(work, course):
    root = course(f"click=={packages.installed()['click']}\n")
    work.finish()
    (work.folder / "requirements.txt").write_text("click==0.1\n")
    report = check(work.folder, root)
    assert report.complete
    (warning,) = report.warnings
    assert "click 0.1 (course: " in warning
    assert "The course's versions are installed here; run 03_" in warning


def test_another_python(work, course):
    root = course("click==0.1\n")
    (root / ".venv").mkdir()
    assert "This is not the course's Python" in check(work.folder, root).warnings[0]


def test_no_list_of_the_course(work):
    assert "were not compared" in check(work.folder, None).warnings[0]
