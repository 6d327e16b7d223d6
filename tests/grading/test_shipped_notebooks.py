"""Notebooks that nbgrader's own tests grade get the same points from `course grade`, in the sandbox, cell by cell."""

import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from mlops_course.grading.command import grade
from tests.grading.test_other_courses import nbgrader

SHIPPED = Path(str(files("nbgrader")))
APPS = SHIPPED / "tests" / "apps" / "files"
PREPROCESSORS = SHIPPED / "tests" / "preprocessors" / "files"
GUIDE = SHIPPED / "docs" / "source" / "user_guide"
RELEASED = Path("as released")
SOLVED = Path("as the instructor wrote it")

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "shipped"
c.CourseDirectory.db_url = "sqlite:///gradebook.db"
c.Execute.timeout = 20
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
"""

# Assignment → the instructor's notebook, files beside it, what students hand in.
ASSIGNMENTS = {
    "small": (
        APPS / "submitted-unchanged.ipynb",
        [],
        {
            "unchanged": APPS / "submitted-unchanged.ipynb",
            "changed": APPS / "submitted-changed.ipynb",
            "grade_cell_changed": APPS / "submitted-grade-cell-changed.ipynb",
            "locked_cell_changed": APPS / "submitted-locked-cell-changed.ipynb",
        },
    ),
    "squares": (
        APPS / "test.ipynb",
        [],
        {"released": RELEASED, "solved": SOLVED, "with_output": APPS / "test-with-output.ipynb"},
    ),
    "hidden": (APPS / "test-hidden-tests.ipynb", [], {"released": RELEASED, "solved": SOLVED}),
    "tasks": (PREPROCESSORS / "test_taskcell.ipynb", [], {"released": RELEASED, "solved": SOLVED}),
    "by_hand": (PREPROCESSORS / "manually-graded-code-cell.ipynb", [], {"released": RELEASED, "solved": SOLVED}),
    "file": (APPS / "open_relative_file.ipynb", [APPS / "data.txt"], {"released": RELEASED}),
    "environment": (APPS / "validating-environment-variable.ipynb", [], {"released": RELEASED}),
    "nothing": (APPS / "validation-zero-points.ipynb", [], {"released": RELEASED}),
    "slow": (APPS / "timeout.ipynb", [], {"released": RELEASED, "solved": SOLVED}),
    **{
        f"generated_{kind}": (
            APPS / f"autotest-{kind}.ipynb",
            [],
            {change: APPS / f"autotest-{kind}-{change}.ipynb" for change in changes},
        )
        for kind, changes in {
            "simple": ("unchanged", "changed"),
            "hashed": ("unchanged", "changed"),
            "multi": ("unchanged", "changed"),
            "hidden": ("unchanged", "changed-right", "changed-wrong"),
        }.items()
    },
}
# The others have cells that one answer alone decides, or that a person reads.
TELLING = {"small", "squares", "hidden", "slow", *(name for name in ASSIGNMENTS if name.startswith("generated_"))}
# Cells that a student made into the other kind.
RETYPED = {
    "answer_is_text": PREPROCESSORS / "submitted-answer-cell-type-changed.ipynb",
    "test_is_text": PREPROCESSORS / "submitted-grade-cell-type-changed.ipynb",
}
# Two ways to make a failing test look passed to some versions of nbgrader.
CHEATS = {
    "cheat": APPS / "submitted-cheat-attempt.ipynb",
    "cheat_in_another_way": APPS / "submitted-cheat-attempt-alternative.ipynb",
}


def write_course(folder, assignment, students=None):
    """Make a course of one assignment, generated and handed in."""
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text(CONFIG)
    shutil.copyfile(APPS / "autotests.yml", folder / "autotests.yml")
    notebook, beside, usual = ASSIGNMENTS[assignment]
    source = folder / "source" / assignment
    source.mkdir(parents=True)
    shutil.copyfile(notebook, source / "p1.ipynb")
    for path in beside:
        shutil.copy(path, source)
    nbgrader(folder, "generate_assignment", assignment)
    for student, path in (students or usual).items():
        handed = folder / "submitted" / student / assignment
        handed.mkdir(parents=True)
        own = {RELEASED: folder / "release" / assignment / "p1.ipynb", SOLVED: notebook}
        shutil.copyfile(own.get(path, path), handed / "p1.ipynb")


def points(folder, assignment):
    """Read the gradebook: (student, cell) → points by tests, by hand, extra, and whether somebody must look."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            (book.student.id, one.name): (one.auto_score, one.manual_score, one.extra_credit, one.needs_manual_grade)
            for submission in gradebook.find_assignment(assignment).submissions
            for book in submission.notebooks
            for one in book.grades
        }


@pytest.fixture
def graded(tmp_path):
    """Grade an assignment with nbgrader and with us; return both sets of points and our outcomes."""

    def both(assignment, students=None):
        write_course(tmp_path / "ours", assignment, students)
        shutil.copytree(tmp_path / "ours", tmp_path / "plain")
        nbgrader(tmp_path / "plain", "autograde", assignment)
        outcome = grade(assignment, tmp_path / "ours", jobs=2)
        return points(tmp_path / "ours", assignment), points(tmp_path / "plain", assignment), outcome.outcomes

    return both


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_points_equal_those_of_nbgrader(graded, assignment):
    ours, plain, outcomes = graded(assignment)
    assert {one.status for one in outcomes} == {"graded"}
    assert ours == plain
    # Points that are all the same would not show a mistake.
    assert (len({one[0] for one in plain.values()} - {None}) > 1) == (assignment in TELLING)


@pytest.mark.slow
def test_exploits_of_nbgraders_tests_get_what_nbgrader_gives(graded):
    ours, plain, _ = graded("small", CHEATS)
    assert ours == plain
    assert {ours[student, "bar"][0] for student in CHEATS} == {0}


@pytest.mark.slow
def test_retyped_cells_that_nbgrader_refuses_are_named(tmp_path):
    """These old notebooks have no cell ids, so nbgrader cannot turn the cells back; nor do we guess."""
    write_course(tmp_path / "ours", "small", RETYPED)
    shutil.copytree(tmp_path / "ours", tmp_path / "plain")
    with pytest.raises(AssertionError, match="'id' is a required property"):
        nbgrader(tmp_path / "plain", "autograde", "small")
    outcome = grade("small", tmp_path / "ours", jobs=2)
    assert outcome.exit_code == 1
    assert {one.student: one.status for one in outcome.outcomes} == dict.fromkeys(RETYPED, "failed")
    assert all("has changed" in one.findings[-1].message for one in outcome.outcomes)
    assert points(tmp_path / "ours", "small") == {}
    assert {one[:2] for one in points(tmp_path / "plain", "small").values()} == {(None, None)}
