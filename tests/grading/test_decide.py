"""What needs a look is decided once: it waits until then, and stays decided afterwards."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.converters import Autograde

from mlops_course.cli import main
from mlops_course.errors import CourseError
from mlops_course.execution.job import Finding, decode_result, encode
from mlops_course.grading import page
from mlops_course.grading.course_directory import opened
from mlops_course.grading.decide import decide
from mlops_course.grading.decisions import touched_by
from mlops_course.grading.messages import trouble_line
from tests.assignment.course_copy import ASSIGNMENT
from tests.grading import stubs
from tests.grading.conftest import code
from tests.grading.test_report import printed

SLOW = Finding("limit", "one", "doubles", "a cell ran longer than 5 seconds")


def seen(*findings, students=("half",)):
    """Make an engine that sees this in the work of these students."""

    def change(job, result):
        return encode(replace(decode_result(result), findings=findings)) if job.student in students else result

    return stubs.changed(change)


def of(outcome, student):
    return next(one for one in outcome.outcomes if one.student == student)


def points(outcome, student="half"):
    return {cell.name: cell.points for cell in of(outcome, student).cells}


def feedback(course, student="half", notebook="one"):
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", ASSIGNMENT, "--force", f"--student={student}"]
    done = subprocess.run(
        command, cwd=course.folder, env=os.environ | {"HOME": str(course.folder)}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    path = course.folder / "feedback" / student / ASSIGNMENT / f"{notebook}.html"
    return unescape(re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8")))


def test_it_waits_is_decided_and_stays_decided(small_class):
    engine = seen(SLOW)
    first = small_class.grade(engine=engine)
    assert first.exit_code == 1
    assert points(first)["one/doubles"] is None
    assert points(first)["one/triples"] == 2, "the other test is not concerned"
    assert small_class.grade().exit_code == 1, "kept, and still to be decided"
    assert "Score: pending / 3.0" in feedback(small_class)
    with small_class.gradebook() as book:
        assert book.find_grade("doubles", "one", ASSIGNMENT, "half").needs_manual_grade, "formgrader lists it"

    (made,) = decide(ASSIGNMENT, small_class.folder, students=("half",), cell="one/doubles", points=1.5)
    assert (made.cell, made.points) == ("one/doubles", 1.5)
    for again in (small_class.grade(), small_class.grade(engine=engine, force=True)):
        assert (again.exit_code, points(again)["one/doubles"]) == (0, 1.5)
        half = of(again, "half")
        assert [half.findings[n] for n in half.looked_at(settled=True)] == [SLOW]
        assert "half: one doubles: a cell ran longer than 5 seconds; decided: doubles: 1.5 of 3 points" in printed(
            again, width=200
        )
        assert "decided: doubles: 1.5 of 3 points" in page.render(again)
        with small_class.gradebook() as book:
            grade = book.find_grade("doubles", "one", ASSIGNMENT, "half")
            assert (grade.manual_score, grade.needs_manual_grade) == (1.5, False)


def test_points_given_in_formgrader_are_a_decision(small_class):
    small_class.grade(engine=seen(SLOW))
    with small_class.gradebook() as book:
        grade = book.find_grade("doubles", "one", ASSIGNMENT, "half")
        grade.manual_score, grade.needs_manual_grade = 3, False  # as its page does
        book.db.commit()
    for again in (small_class.grade(), small_class.grade(engine=seen(SLOW), force=True)):
        assert (again.exit_code, points(again)["one/doubles"]) == (0, 3)
    with small_class.gradebook() as book:
        assert not book.find_grade("doubles", "one", ASSIGNMENT, "half").needs_manual_grade


def test_a_test_for_the_whole_class_in_one_step(small_class):
    everybody = ("half", "untouched", "late")
    engine = seen(SLOW, students=(*everybody, "all_right"))
    outcome = small_class.grade(engine=engine)
    assert {one.student for one in outcome.outcomes if one.pending} == set(everybody)
    assert not of(outcome, "all_right").needs_a_look, "no points were lost: nothing to decide"
    assert [one.kind for one in of(outcome, "all_right").findings] == ["note"]
    made = decide(ASSIGNMENT, small_class.folder, cell="doubles", points=3)
    assert {one.student for one in made} == set(everybody)
    assert small_class.grade(engine=engine, force=True).exit_code == 0


def test_what_the_tests_gave_can_stand_and_a_decision_can_be_changed(small_class):
    small_class.grade(engine=seen(SLOW))
    decide(ASSIGNMENT, small_class.folder, students=("half",))
    for again in (small_class.grade(), small_class.grade(engine=seen(SLOW), force=True)):
        assert (again.exit_code, points(again)["one/doubles"]) == (0, 0)
    decide(ASSIGNMENT, small_class.folder, students=("half",), cell="one:doubles", points=2)
    assert points(small_class.grade(engine=seen(SLOW), force=True))["one/doubles"] == 2
    with pytest.raises(CourseError, match="nothing in one/doubles waits"):
        decide(ASSIGNMENT, small_class.folder, cell="one/doubles", points=2)


def test_a_decision_is_about_the_files_that_were_handed_in(small_class):
    small_class.grade(engine=seen(SLOW))
    decide(ASSIGNMENT, small_class.folder, students=("half",), points=0)
    path = small_class.submitted("half") / "one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("'better now'"))
    nbformat.write(notebook, path)
    again = small_class.grade(engine=seen(SLOW), force=True)
    assert (again.exit_code, points(again)["one/doubles"]) == (1, None)
    with small_class.gradebook() as book:
        book.find_grade("doubles", "one", ASSIGNMENT, "half").manual_score = 0.0
        book.db.commit()
    assert points(small_class.grade(engine=seen(SLOW), force=True))["one/doubles"] == 0, "the old one is forgotten"


def test_a_lost_gradebook_gets_its_decisions_back(small_class):
    small_class.grade(engine=seen(SLOW))
    decide(ASSIGNMENT, small_class.folder, students=("half",), points=1)
    with small_class.gradebook() as book:
        book.find_grade("doubles", "one", ASSIGNMENT, "half").manual_score = None
        book.db.commit()
    assert points(small_class.grade(engine=seen(SLOW), force=True))["one/doubles"] == 1


def test_what_cannot_be_graded_is_settled_at_0_until_it_can(small_class):
    for path in small_class.submitted("half").glob("*.ipynb"):
        path.with_suffix(".good").write_bytes(path.read_bytes())
        path.write_text("{}")
    assert small_class.grade().exit_code == 1
    with pytest.raises(CourseError, match=r"half: is not graded\. All that can be decided is"):
        decide(ASSIGNMENT, small_class.folder, students=("half",), points=2)
    decide(ASSIGNMENT, small_class.folder, students=("half",), points=0)
    again = small_class.grade()
    assert again.exit_code == 0
    assert set(points(again).values()) == {0}
    assert "half: not graded" in printed(again, width=200)
    assert "decided: 0 points" in page.render(again)
    for path in small_class.submitted("half").glob("*.good"):
        path.replace(path.with_suffix(".ipynb"))
    found = small_class.grade()
    assert (found.exit_code, points(found)["one/triples"]) == (0, 2), "the 0 was for what could not be read"


def test_a_notebook_that_cannot_be_read_is_settled_at_0(small_class):
    (small_class.submitted("half") / "two.ipynb").write_text("<html>not found</html>")
    first = small_class.grade()
    assert first.exit_code == 1
    assert {name for name, given in points(first).items() if given is None} == {"two/why", "two/is_four"}
    decide(ASSIGNMENT, small_class.folder, students=("half",), points=0)
    assert small_class.grade(force=True).exit_code == 0


def test_what_concerns_no_test_is_settled_too(small_class):
    odd = Finding("problem", "", None, "something odd was logged")
    assert small_class.grade(engine=seen(odd)).exit_code == 1
    decide(ASSIGNMENT, small_class.folder, students=("half",))
    for again in (small_class.grade(), small_class.grade(engine=seen(odd), force=True)):
        assert again.exit_code == 0
        half = of(again, "half")
        assert [half.findings[n] for n in half.looked_at(settled=True)] == [odd]


def careless(course, student, change):
    """Hand in all right answers under another name, with a mistake."""
    folder = course.submitted(student)
    shutil.copytree(course.submitted("all_right"), folder)
    for path in folder.glob("*.ipynb"):
        path.write_text(path.read_text().replace('STUDENT_ID = \\"all_right', f'STUDENT_ID = \\"{student}'))
    change(folder)


@pytest.mark.parametrize(
    ("change", "said", "waiting"),
    [
        (lambda folder: (folder / "one.ipynb").unlink(), "one.ipynb is missing", {"one/doubles", "one/triples"}),
        (
            lambda folder: (folder / "one.ipynb").rename(folder / "one-Copy1.ipynb"),
            "rename it to one.ipynb",
            {"one/doubles", "one/triples"},
        ),
        (lambda folder: (folder / "one.ipynb").write_text("{"), "cannot be graded", {"one/doubles", "one/triples"}),
        (lambda folder: shutil.copy(folder.parents[1] / "all_right" / ASSIGNMENT / "one.ipynb", folder),
         "the numbers belong to 'all_right'", set()),
    ],
    ids=["missing", "renamed", "unreadable", "somebody else's"],
)  # fmt: skip
def test_what_costs_points_without_a_wrong_answer_needs_a_look(small_class, change, said, waiting):
    careless(small_class, "eve", change)
    outcome = small_class.grade()
    assert outcome.exit_code == 1
    assert [one.student for one in outcome.outcomes if one.needs_a_look] == ["eve"]
    eve = of(outcome, "eve")
    assert said in trouble_line(eve)
    assert {cell.name for cell in eve.pending} == waiting
    decide(ASSIGNMENT, small_class.folder, students=("eve",), points=None if not waiting else 0)
    settled = small_class.grade()
    assert settled.exit_code == 0
    assert not of(settled, "eve").pending
    assert small_class.grade(force=True).exit_code == 0


def test_a_damaged_file_is_named(small_class):
    small_class.grade(engine=seen(SLOW))
    path = small_class.folder / ".course-grade" / ASSIGNMENT / "decisions.json"
    path.write_text("{")
    with pytest.raises(CourseError, match=r"decisions\.json: this file cannot be read"):
        decide(ASSIGNMENT, small_class.folder, students=("half",), points=0)


def test_what_an_earlier_version_has_seen_can_be_decided(small_class):
    small_class.grade(engine=seen(SLOW))
    for path in (small_class.folder / ".course-grade" / ASSIGNMENT / "seen").iterdir():
        content = json.loads(path.read_text())
        del content["touched"], content["decided"]
        path.write_text(json.dumps(content))
    with small_class.gradebook() as book:
        book.find_grade("doubles", "one", ASSIGNMENT, "half").needs_manual_grade = False
        book.db.commit()
    assert small_class.grade().exit_code == 1
    decide(ASSIGNMENT, small_class.folder, students=("half",))
    assert small_class.grade().exit_code == 0


def test_formgrader_s_button_leaves_it_to_a_person_too(small_class, monkeypatch):
    """`nbgrader autograde` takes the same way, and applies what was decided before."""

    def stub(job):
        return seen(SLOW)(1).submit(None, job).result()

    monkeypatch.setattr("mlops_course.grading.preprocessors.execute", stub)

    def autograde():
        with opened(small_class.folder) as app:
            app.coursedir.assignment_id, app.coursedir.student_id, app.force = ASSIGNMENT, "half", True
            Autograde(coursedir=app.coursedir, parent=app).start()
        with small_class.gradebook() as book:
            grade = book.find_grade("doubles", "one", ASSIGNMENT, "half")
            return grade.auto_score, grade.manual_score, grade.needs_manual_grade

    assert autograde() == (0, None, True)
    outcome = small_class.grade(students=("half",))
    assert (of(outcome, "half").status, outcome.exit_code) == ("kept", 1), "it still has to be decided"
    assert "half: one doubles: waits for a decision" in trouble_line(of(outcome, "half"))
    decide(ASSIGNMENT, small_class.folder, students=("half",), points=2)
    assert autograde() == (0, 2, False)


WRONG_USE = [
    (["--student", "half", "--points", "4"], "half: one/doubles is worth 0 to 3 points, not 4"),
    (["--student", "half"], "either --points N or --as-tested"),
    (["--student", "half", "--points", "1", "--as-tested"], "either --points N or --as-tested"),
    (["--points", "1"], "by --student or --cell"),
    (["--student", "all_right", "--as-tested"], "nothing waits for a decision"),
    (["--student", "nobody", "--as-tested"], "nobody: has not handed in"),
]


def test_wrong_use_decides_nothing(small_class):
    small_class.grade(engine=seen(SLOW))
    for options, words in WRONG_USE:
        result = CliRunner().invoke(main, ["decide", ASSIGNMENT, "--course-dir", str(small_class.folder), *options])
        assert (result.exit_code, words in result.output) == (2, True), result.output
    assert small_class.grade().exit_code == 1
    right = ["decide", ASSIGNMENT, "--course-dir", str(small_class.folder), "--student", "half", "--as-tested"]
    assert "half: one/doubles: as the tests gave" in CliRunner().invoke(main, right).output


# ---------------------------------------------------------------- Which tests wait


def cell(name, *, error="", **settings):
    made = code(name, name, **settings)
    if error:
        made.outputs = [nbformat.v4.new_output("error", ename=error, evalue=error, traceback=[error])]
    return made


def test_only_what_a_finding_may_have_cost_waits():
    grade = {"grade": True, "locked": True, "points": 1}
    cells = [
        cell("answer_a", solution=True),
        cell("helper_a", solution=True),
        cell("test_a", error="AssertionError", **grade),
        cell("right_a", **grade),
        nbformat.v4.new_code_cell("own = 1"),
        cell("answer_b", solution=True),
        cell("test_b", error="AssertionError", **grade),
        cell("test_c", error="KernelDied", **grade),
    ]

    def touched(kind, name):
        return touched_by(Finding(kind, "one", name, "seen"), cells)

    assert touched("limit", "test_a") == ["test_a"]
    assert touched("limit", "right_a") == []
    assert touched("limit", "answer_a") == ["test_a"], "not the tests of the next answer"
    assert touched("limit", None) == ["test_a", "test_b", "test_c"], "it is not known which"
    assert touched("died", "answer_b") == ["test_c"]
    assert touched("died", "test_b") == ["test_b", "test_c"]
    assert touched("died", None) == ["test_c"]
