"""`requirements.txt` is what `requirements.base.txt` asks for, pinned and complete."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$")


def base_requirements(text):
    """Read the list of what is asked for."""
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return {
        canonicalize_name(one.name): one
        for one in map(Requirement, (line for line in lines if line and line[0] != "#"))
    }


def pins(text):
    """Read every pinned package: name → list of (version, marker, hashes, asked for directly)."""
    found = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        match = PIN.match(block.splitlines()[0])
        if match:
            direct = re.search(r"-r (env/)?requirements\.base\.txt", block) is not None
            hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}", block)
            entry = (match["version"], match["marker"], hashes, direct)
            found.setdefault(canonicalize_name(match["name"]), []).append(entry)
    return found


def mismatches(base, locked):
    """Say where the two files disagree; nothing when they agree."""
    asked, got = base_requirements(base), pins(locked)
    problems = [f"{name} is asked for and not pinned" for name in asked if name not in got]
    for name, entries in got.items():
        for number, _, hashes, direct in entries:
            if name in asked and not asked[name].specifier.contains(number, prereleases=True):
                problems.append(f"{name}=={number} is pinned, {asked[name]} is asked for")
            if name in asked and not direct:
                problems.append(f"{name} is asked for, but was pinned for another reason only")
            if direct and name not in asked:
                problems.append(f"{name} is pinned as asked for, and nobody asks for it")
            if not hashes:
                problems.append(f"{name}=={number} has no hash")
    return problems


@pytest.fixture
def files(root):
    return tuple(
        (root / "env" / name).read_text(encoding="utf-8") for name in ("requirements.base.txt", "requirements.txt")
    )


def test_the_pinned_versions_match_what_is_asked_for(files):
    assert mismatches(*files) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda base, locked: (base + "\nscipy-nobody-has>=1\n", locked),
            "scipy-nobody-has is asked for and not pinned",
        ),
        (lambda base, locked: (base + "\nwheel-of-fortune>=1\n", locked + "\nwheel-of-fortune==1.0\n"), "has no hash"),
        (
            lambda base, locked: (re.sub(r"(?m)^papermill.*$", "papermill>=99", base), locked),
            "papermill>=99 is asked for",
        ),
        (
            lambda base, locked: (re.sub(r"(?m)^dvc.*$", "", base), locked),
            "dvc is pinned as asked for, and nobody asks",
        ),
        (lambda base, locked: (base + "\nzipp\n", locked), "zipp is asked for, but was pinned for another reason only"),
    ],
)
def test_a_file_that_fell_behind_is_noticed(files, change, complaint):
    assert any(complaint in problem for problem in mismatches(*change(*files)))


def test_the_packages_of_the_order_are_asked_for(files):
    ordered = ["jupyterlab", "nbgrader", "papermill", "mlflow", "dvc", "scikit-learn", "pandas", "matplotlib", "numpy"]
    assert set(ordered) <= set(base_requirements(files[0]))


def test_one_file_serves_three_systems_and_three_pythons(files):
    """A universal resolution carries markers instead of leaving out what this system does not need."""
    entries = pins(files[1])
    markers = [Marker(marker) for found in entries.values() for _, marker, _, _ in found if marker]
    here = default_environment()
    elsewhere = here | {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"}
    assert any(marker.evaluate(elsewhere) and not marker.evaluate(here | {"sys_platform": "linux", "os_name": "posix",
               "platform_system": "Linux"}) for marker in markers)  # fmt: skip
    for python in ("3.11", "3.12", "3.13"):
        one = here | {"python_version": python, "python_full_version": f"{python}.0"}
        for name, found in entries.items():
            fitting = [number for number, marker, _, _ in found if not marker or Marker(marker).evaluate(one)]
            assert len(set(fitting)) <= 1, f"two versions of {name} on Python {python}"


def test_what_is_installed_is_what_is_pinned(files):
    """The environment the tests run in is the one the students get."""
    wrong = []
    for name, found in pins(files[1]).items():
        for number, marker, _, _ in found:
            if (not marker or Marker(marker).evaluate()) and version(name) != number:
                wrong.append(f"{name} {version(name)} instead of {number}")
    assert wrong == []


def test_the_installed_packages_fit_each_other():
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "check", "--python", sys.executable], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_project_reads_the_list_instead_of_repeating_it(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert "dependencies" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["env/requirements.base.txt"]}
