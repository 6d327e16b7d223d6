"""A test has something done in the student's kernel, by a function of the instructor's."""

import sys

import pytest

from tests.execution.test_boundary import run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap is for Linux")

DONE = b"""
import os, random
def seed(number):
    random.seed(number)
    return os.getpid()
def apply(function, *arguments):
    return function(*arguments)
def handle():
    return open(os.devnull)
def outer():
    def inner(): pass
    return inner
def on_students_side(function, *arguments):
    try:
        import student_kernel
    except ImportError:
        return function(*arguments)
    return student_kernel.call(function, *arguments)
"""


def students_side(*cells, **more):
    """Run a notebook with a module `helpers` of the instructor's."""
    cells = [("locked", "import helpers"), *cells]
    return run(*cells, files={"helpers.py": DONE}, given=["helpers.py"], **more)[0]


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_module_of_the_instructors_has_something_done_in_the_students_kernel(sandbox):
    found = students_side(
        ("answer", "import os, random\nmine = os.getpid()\ndef draw(top):\n    return random.randrange(top)"),
        (
            "test",
            "import os, random, helpers\nfrom helpers import on_students_side\n"
            "random.seed(4)\nbefore = random.getstate()\nassert on_students_side(helpers.seed, 3) == mine\n"
            "assert random.getstate() == before  # not here\nrandom.seed(3)\nexpected = random.randrange(1000)\n"
            "assert on_students_side(helpers.apply, draw, 1000) == expected",
        ),
        names="mine draw",
        sandbox=sandbox,
    )
    assert found == [""]


def test_what_a_student_puts_in_its_place_gives_data_and_no_more():
    sly = (
        "import helpers\nclass Sly:\n    def __eq__(self, other): return True\n"
        "helpers.seed = lambda number: Sly()\nhelpers.apply = lambda *a: exec('import nothing_of_this_kind')"
    )
    found = students_side(
        ("answer", sly),
        ("test", "import helpers\nassert helpers.on_students_side(helpers.seed, 3) != 3"),
        ("test", "import helpers\nhelpers.on_students_side(helpers.apply, len, [])"),
        ("test", "import helpers\nassert helpers.seed(1) == __import__('os').getpid()"),
    )
    assert found[0] == found[2] == ""
    assert "nothing_of_this_kind" in found[1]


def test_a_function_that_the_other_side_cannot_import_is_refused():
    found = students_side(
        ("test", "import helpers\nhelpers.on_students_side(helpers.outer())"),
        ("test", "def here(): pass\nimport helpers\nhelpers.on_students_side(here)"),
    )
    assert [text.split(": ")[1] for text in found] == [
        f"{name} is not at the top of a module, so the student's kernel cannot import it"
        for name in ("outer.<locals>.inner", "here")
    ]


def test_there_is_no_student_kernel_in_a_students_kernel():
    found = students_side(
        ("answer", "import importlib.util\nfound = importlib.util.find_spec('student_kernel') is not None"),
        ("test", "assert found is False"),
        names="found",
    )
    assert found == [""]
