"""How many executions at a time, and that the workers are ready when the class begins."""

import os
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import nbformat
import pytest

from course.execution.job import decode_job
from course.grade import command
from tests.assignment.course_copy import ASSIGNMENT, CourseCopy
from tests.grade import stubs
from tests.grading.conftest import code

GIGABYTE = 1_000_000_000


@pytest.mark.parametrize(
    ("cores", "class_of", "free", "jobs"),
    [(2, 8, 24, 3), (2, 7, 24, 2), (1, 4, 24, 2), (8, 300, 24, 12), (8, 300, 6, 5), (2, 9, 2, 1), (2, 9, 0.3, 1)],
)
def test_three_for_two_cores_if_class_and_memory_are_large_enough(monkeypatch, cores, class_of, free, jobs):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    monkeypatch.setattr(command.psutil, "virtual_memory", lambda: SimpleNamespace(available=free * GIGABYTE))
    assert command.count_jobs(class_of) == jobs


def test_other_workers_load_the_libraries_while_the_solution_is_executed(tmp_path):
    source = tmp_path / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "source" / "header.ipynb")
    test = code("exists", "import os\n\nassert os.path.exists('/')", grade=True, locked=True, points=1)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[test], metadata=kernel), source / "one.ipynb")
    course = CourseCopy(tmp_path / "course", ("one",), source=tmp_path / "source")
    course.generate()
    for student in ("ana", "ben", "cem"):
        course.hand_in(student, {"one": course.fill("one", {})})
    sent = []

    def engine(number):
        class Listening(ThreadPoolExecutor):
            def submit(self, function, /, *arguments):
                job = decode_job(arguments[0])
                sent.append((job.calibrates, bool(job.notebooks), job.preload))
                return super().submit(stubs.in_this_process, job)

        return Listening(number)

    command.grade(ASSIGNMENT, course.folder, jobs=4, engine=engine)
    libraries = sent[0][2]
    solution, loading, graded = (True, True, libraries), (True, False, libraries), (False, True, libraries)
    assert sent == [solution, loading, loading, graded, graded, graded], "as many workers as will have work"
    sent.clear()
    (course.folder / command.STATE / ASSIGNMENT / "repeatable.json").unlink()
    command.grade(ASSIGNMENT, course.folder, students=("ana",), jobs=4, engine=engine, force=True)
    assert sent == [solution, graded]
