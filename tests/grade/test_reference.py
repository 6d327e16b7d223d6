"""Which tests are repeated where the student's code has never been, and what that finds."""

from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from course.execution.engine import execute
from course.execution.job import Job, decode_job, decode_result, encode
from course.grade.command import grade
from course.grade.reference import remembered, to_repeat
from tests.assignment.course_copy import ASSIGNMENT, CourseCopy
from tests.grading.conftest import code

TEST = 'import os\n\nassert os.path.exists("answer.txt")'
SLOW_TEST = TEST.replace("assert", "import time; time.sleep(0.01)\nassert")


def notebook(answer, **tests):
    """Make a notebook of an answer and tests, by their ids."""
    cells = [nbformat.v4.new_code_cell(answer)]
    for name, source in tests.items():
        cell = nbformat.v4.new_code_cell(source)
        known = {"grade": True, "locked": True, "solution": False, "task": False, "schema_version": 3}
        cell.metadata["nbgrader"] = {**known, "grade_id": name, "points": 1}
        cells.append(cell)
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def run(answer, reread, *, evidence=False, drawn=(), calibrates=False, **tests):
    """Execute it; give the cells that agreed, the findings' kinds, and the cells with an error."""
    job = Job(
        "ana",
        "birds",
        {"one": notebook(answer, **tests)},
        evidence=evidence,
        reread={"one": reread},
        drawn={"one": list(drawn)},
        calibrates=calibrates,
    )
    result = decode_result(execute(encode(job)))
    failed = [
        cell.metadata.nbgrader.grade_id
        for cell in nbformat.reads(result.notebooks["one"], as_version=4).cells
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    return set(result.agreed["one"]), [finding.kind for finding in result.findings], failed


def test_slow_tests_are_drawn_from_and_the_others_are_all_repeated():
    reread, drawn = to_repeat({"one": {"quick": 0.01, "slow": 0.4, "slower": 2.0}, "two": {}})
    assert reread == {"one": ["quick", "slow", "slower"], "two": []}
    assert drawn == {"one": ["slow", "slower"], "two": []}


def test_what_holds_on_the_files_agrees():
    assert run("open('answer.txt', 'w').write('4')", ["exists"], exists=TEST) == ({"exists"}, [], [])


def test_what_holds_only_in_the_students_process_gets_no_points():
    lie = "import os\nos.path.exists = lambda path: True"
    assert run(lie, ["exists"], exists=TEST) == (set(), ["tampered"], ["exists"])
    assert run(lie, [], exists=TEST) == (set(), [], []), "without a second reading it is believed"


def test_the_instructors_own_solution_is_not_accused():
    memory = "import sys\n\nassert sys.remembered"
    assert run("import sys; sys.remembered = 1", ["memory"], calibrates=True, memory=memory) == (set(), [], [])


def test_one_of_the_slow_tests_is_repeated():
    tests = {"first": SLOW_TEST, "second": SLOW_TEST, "quick": TEST}
    agreed, _, _ = run("open('answer.txt', 'w').write('4')", list(tests), drawn=["first", "second"], **tests)
    assert "quick" in agreed
    assert len(agreed & {"first", "second"}) == 1


def test_it_is_found_out_once_for_each_version(tmp_path):
    asked = []

    def learn():
        asked.append(1)
        return {"one": {"exists": 0.1}}, ["one: wrong"]

    file = tmp_path / "state" / "repeatable.json"
    for _ in range(2):
        assert remembered(file, "version 1", learn) == ({"one": {"exists": 0.1}}, ["one: wrong"])
    assert len(asked) == 1
    remembered(file, "version 2", learn)
    assert len(asked) == 2


@pytest.mark.parametrize("content", ["", "[]", '{"version": "version 1"}'])
def test_a_damaged_file_is_written_anew(tmp_path, content):
    file = tmp_path / "repeatable.json"
    file.write_text(content)
    assert remembered(file, "version 1", lambda: ({}, [])) == ({}, [])


def test_the_class_is_graded_with_what_the_solution_has_shown(tmp_path):
    source = tmp_path / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "source" / "header.ipynb")
    cells = [
        code("answer", "### BEGIN SOLUTION\nopen('answer.txt', 'w').write('4')\n### END SOLUTION", solution=True),
        code("exists", TEST, grade=True, locked=True, points=2),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source / "one.ipynb")
    course = CourseCopy(tmp_path / "course", ("one",), source=tmp_path / "source")
    course.generate()
    honest, lie = "open('answer.txt', 'w').close()", "import os\nos.path.exists = lambda path: True"
    for student, answer in (("honest", honest), ("liar", lie)):
        course.hand_in(student, {"one": course.fill("one", {"answer": answer})})
    sent = []

    def engine(jobs):
        class Listening(ThreadPoolExecutor):
            def submit(self, function, /, *arguments):
                sent.append(decode_job(arguments[0]))
                return super().submit(function, *arguments)

        return Listening(jobs)

    outcome = grade(ASSIGNMENT, course.folder, jobs=1, engine=engine)
    assert [job.calibrates for job in sent] == [True, False, False], "the solution first, once"
    assert [job.reread for job in sent] == [{"one": ["exists"]}] * 3
    assert course.points("honest") == {"exists": 2.0}
    assert course.points("liar") == {"exists": 0.0}
    assert [one.student for one in outcome.outcomes if one.status == "failed"] == []
    sent.clear()
    grade(ASSIGNMENT, course.folder, jobs=1, engine=engine, force=True)
    assert [job.calibrates for job in sent] == [False, False], "what is known is not asked again"
