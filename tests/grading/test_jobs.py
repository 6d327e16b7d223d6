"""How many executions at a time."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from types import SimpleNamespace

import pytest

from mlops_course.execution.job import decode_job
from mlops_course.grading import command
from tests.assignment.course_copy import ASSIGNMENT
from tests.grading import stubs
from tests.grading.conftest import code, course_of_one_notebook

GIGABYTE = 1_000_000_000


@pytest.mark.parametrize(
    ("cores", "class_of", "free", "jobs"),
    [(2, 8, 24, 4), (2, 7, 24, 2), (1, 4, 24, 2), (8, 300, 24, 16), (8, 300, 6, 5), (2, 9, 2, 1), (2, 9, 0.3, 1)],
)
def test_two_for_each_core_if_class_and_memory_are_large_enough(monkeypatch, cores, class_of, free, jobs):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    monkeypatch.setattr(command.psutil, "virtual_memory", lambda: SimpleNamespace(available=free * GIGABYTE))
    assert command.count_jobs(class_of) == jobs


@pytest.mark.parametrize(
    ("cores", "jobs", "free", "spare"), [(2, 4, 24, 2), (8, 16, 24, 4), (8, 16, 60, 8), (2, 4, 4, 0), (2, 2, 3.7, 1)]
)
def test_one_more_for_each_core_in_the_end_if_there_is_memory(monkeypatch, cores, jobs, free, spare):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    monkeypatch.setattr(command.psutil, "virtual_memory", lambda: SimpleNamespace(available=free * GIGABYTE))
    assert command.count_spare(jobs) == spare


@pytest.mark.parametrize(("jobs", "at_a_time"), [(None, [1, 2, 2, 2, 3]), (2, [1, 2, 2, 2, 2])])
def test_the_last_ones_are_executed_all_at_once_unless_the_user_says_how_many(tmp_path, monkeypatch, jobs, at_a_time):
    test = code("is_one", "assert one == 1", grade=True, locked=True, points=1)
    course = course_of_one_notebook(tmp_path, [code("one", "one = 1", solution=True), test])
    for student in "abcde":
        course.hand_in(student, {"one": course.fill("one", {})})
    begun = {student: Event() for student in "abcde"}
    waits_for = {"a": "b", "b": "c", "c": "de", "d": "e", "e": "d"}
    executing, most, lock = set(), [], Lock()

    def work(job):
        with lock:
            executing.add(job.student)
            most.append(len(executing))
        begun[job.student].set()
        for other in waits_for[job.student]:
            in_vain = jobs is not None and (job.student, other) == ("c", "e")
            begun[other].wait(2 if in_vain else 30)
        with lock:
            executing.discard(job.student)
        return stubs.in_this_process(job)

    class Listening(ThreadPoolExecutor):
        def submit(self, function, /, *arguments):
            return super().submit(work, decode_job(arguments[0]))

    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    monkeypatch.setattr(command.psutil, "virtual_memory", lambda: SimpleNamespace(available=24 * GIGABYTE))
    monkeypatch.setitem(command.engines.ENGINES, "local", Listening)
    command.grade(ASSIGNMENT, course.folder, jobs=jobs)
    assert most == at_a_time


def count(what, happened):
    """Count how often one thing happened."""
    return sum(kind == what for kind, _ in happened)


@pytest.fixture
def prepared_and_sent(tmp_path, monkeypatch):
    """Grade a class of seven by one worker, which waits until so many are sanitised; list what was in which order."""
    test = code("is_one", "assert one == 1", grade=True, locked=True, points=1)
    course = course_of_one_notebook(tmp_path, [code("one", "one = 1", solution=True), test])
    for student in "abcdefg":
        course.hand_in(student, {"one": course.fill("one", {})})
    prepare = command.prepare

    def grade(enough, seconds=0.0):
        happened, may_end = [], Event()

        def listening(course, student, folder):
            done = prepare(course, student, folder)
            happened.append(("sanitised", student))
            if count("sanitised", happened) == enough:
                may_end.set()
            return done

        def work(job):
            waited = may_end.wait(20)
            time.sleep(seconds)  # in which more could be sanitised
            happened.append(("executed", job.student))
            assert waited, happened
            return stubs.in_this_process(job)

        monkeypatch.setattr(command, "prepare", listening)
        found = command.grade(ASSIGNMENT, course.folder, jobs=1, engine=lambda jobs: stubs.Stub(jobs, work))
        assert [(one.student, one.status) for one in found.outcomes] == [(student, "graded") for student in "abcdefg"]
        return happened

    return grade


def test_submissions_are_sanitised_before_a_worker_can_take_them(prepared_and_sent):
    happened = prepared_and_sent(enough=7)
    assert happened[:7] == [("sanitised", student) for student in "abcdefg"]


def test_not_more_are_sanitised_than_memory_is_meant_for(prepared_and_sent, monkeypatch):
    monkeypatch.setattr(command, "AHEAD_BYTES", 0)
    happened = prepared_and_sent(enough=3, seconds=1)  # two are with the worker, one is the next
    for number in range(1, len(happened)):
        so_far = happened[:number]
        assert count("sanitised", so_far) - count("executed", so_far) <= 3, so_far
