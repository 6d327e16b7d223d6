"""Grade a class: sanitise, execute, score. One process writes; the executions take place elsewhere, in parallel."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import psutil

from mlops_course.errors import CourseError
from mlops_course.execution.engine import SandboxError, WorkerVanished, execute
from mlops_course.execution.job import encode
from mlops_course.grading import engines
from mlops_course.grading.course_directory import BACKUPS, OnEvent, choose, find_submissions, open_for_grading
from mlops_course.grading.errors import AGAIN, UngradableError, explain, one_line
from mlops_course.grading.gradebook import (
    back_up,
    database_file,
    is_damaged,
    is_locked,
    patiently,
    read_scores,
)
from mlops_course.grading.interrupts import noted_interrupts
from mlops_course.grading.journal import Journal
from mlops_course.grading.outcome import ClassOutcome, Outcome
from mlops_course.grading.submission import (
    Course,
    Prepared,
    bytes_of,
    decisions_of,
    final_folder,
    is_as_it_was,
    is_graded,
    prepare,
    score,
)

MEMORY_OF_A_WORKER = 1_200_000_000  # bytes: three times what was seen; other assignments may need more
LOOK = 0.2  # seconds between looks at which executions have begun
AHEAD_BYTES = 100_000_000  # of submissions that are sanitised before a worker can take them


def grade(
    assignment: str,
    folder: Path,
    *,
    students: tuple[str, ...] = (),
    jobs: int | None = None,
    force: bool = False,
    sandbox: bool = True,
    engine: str | engines.Engine = "local",
    on_event: OnEvent = lambda kind, student, detail: None,
) -> ClassOutcome:
    """Grade what was handed in.

    Parameters
    ----------
    assignment
        Name of the assignment.
    folder
        The course directory.
    students
        Whose submissions; everybody's if empty.
    jobs
        Executions at a time; if None, see `count_jobs`.
    force
        Whether to grade anew what is graded and has not changed.
    sandbox
        Whether to execute in the sandbox.
    engine
        Where executions take place: see `mlops_course.grading.engines`.
    on_event
        Is called with what happens: kind, student, detail (see `mlops_course.grading.progress.Progress.event`).

    Raises
    ------
    CourseError
        If nothing can be graded. What is wrong with one submission is in its outcome instead.
    """
    at, clock = datetime.now().astimezone(), time.monotonic()
    start = engines.find_engine(engine) if isinstance(engine, str) else engine
    beginning = open_for_grading(assignment, folder, sandbox=sandbox, on_event=on_event)
    with noted_interrupts() as look_for_stop, beginning as opened:
        course, journal = opened.course, opened.journal
        submissions = find_submissions(course.app, assignment)
        chosen = choose(submissions, students, assignment)
        forced, message = journal.begin(chosen, opened.basis, force=force)
        if message:
            on_event("message", "", message)
        at_once = jobs or count_jobs(len(chosen))
        spare = 0 if jobs or engine != "local" else count_spare(at_once)
        run = Run(course, journal, start, at_once, spare, on_event, look_for_stop)
        backup = run.grade_all(chosen, forced, opened.state / BACKUPS)
        journal.end(list(submissions), set(chosen), run.left)
    outcomes = tuple(sorted(run.outcomes, key=lambda outcome: outcome.student))
    return ClassOutcome(
        assignment,
        course.app.coursedir.root,
        at.isoformat(),
        time.monotonic() - clock,
        run.jobs,
        sandbox,
        outcomes,
        str(backup or ""),
    )


def count_jobs(submissions: int) -> int:
    """Return how many executions at a time suit this computer and a class of this size.

    Two for each core, because an execution waits now and then, for kernels to start and to end, and those that begin
    together wait together. One for each core in a small class, where the last ones would share the cores for nothing;
    fewer where there is no memory for so many.
    """
    wanted = 2 * count_cores() if submissions >= 4 * count_cores() else count_cores()
    return max(1, min(wanted, psutil.virtual_memory().available // MEMORY_OF_A_WORKER))


def count_spare(jobs: int) -> int:
    """Return how many more the last executions of a class may be than `jobs`, one for each core at most.

    Whatever the size of the class, a few are left when the last full round begins. They begin with it: alone, after
    all others, they would leave cores idle.
    """
    memory_for = psutil.virtual_memory().available // MEMORY_OF_A_WORKER
    return max(0, min(count_cores(), memory_for - jobs))


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class Run:
    """One run over a class.

    Parameters
    ----------
    course
        What all submissions have in common.
    journal
        What earlier runs did.
    start
        Makes the executor.
    jobs
        Executions at a time.
    spare
        How many more the last ones may be (see `count_spare`).
    on_event
        Is told what happens.
    look_for_stop
        Raises KeyboardInterrupt if the user has asked to stop.
    """

    course: Course
    journal: Journal
    start: engines.Engine
    jobs: int
    spare: int
    on_event: OnEvent
    look_for_stop: Callable[[], None]

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.outcomes: list[Outcome] = []
        self.left: set[str] = set()  # fingerprints of what could not be scored
        self.executed = 0
        self.executors: dict[bool, Executor] = {}  # the usual one, and (True) that of the last submissions
        self.is_last_round = False
        self.running: dict[Future[bytes], Prepared] = {}
        self.ready: dict[str, Prepared] = {}
        self.folders: dict[str, Path] = {}
        self.left_for_later: set[str] = set()  # students whose submission could not be prepared before its turn

    def grade_all(self, chosen: dict[str, Path], forced: set[str], backups: Path) -> Path | None:
        """Grade submissions; return the copy of the gradebook from before."""
        self.on_event("total", "", len(chosen))
        self.folders = chosen
        todo: deque[tuple[str, Path]] = deque()
        for student, folder in chosen.items():
            if student in forced or not is_graded(self.course, student, folder):
                todo.append((student, folder))
            else:
                final = final_folder(self.course, student)
                self.finish("kept", self.journal.seen.find(student, final, self.points(student)))
        if not todo:
            return None
        file = database_file(self.course.app.coursedir.db_url)
        backup = back_up(file, backups) if file else None
        if not file:
            self.on_event("message", "", "the gradebook is on a server: its backup is the server's job")
        try:
            self.work_through(todo)
        except BaseException:  # stopped by the user, above all: what runs is not waited for
            for executor in self.executors.values():
                executor.shutdown(wait=False, cancel_futures=True)
            raise
        for executor in self.executors.values():
            executor.shutdown()
        return backup

    def work_through(self, todo: deque[tuple[str, Path]]) -> None:
        """Keep the workers busy and score what is executed."""
        begun: set[Future[bytes]] = set()
        while todo or self.running:
            self.look_for_stop()
            self.send_more(todo)
            pause = 0 if self.prepare_ahead(todo) else LOOK
            done, waiting = wait(self.running.keys(), timeout=pause, return_when=FIRST_COMPLETED)
            for future in [*done, *waiting]:
                if future not in begun and (future in done or future.running()):
                    begun.add(future)
                    self.on_event("started", self.running[future].student, None)
            begun -= done
            taken = [(future, self.running.pop(future)) for future in done]
            self.send_more(todo)  # before anything is scored: a worker is idle
            for future, prepared in taken:
                self.take(future, prepared)

    def prepare_ahead(self, todo: deque[tuple[str, Path]]) -> bool:
        """Sanitise the next submission before a worker can take it; tell whether there was one.

        While the workers' libraries are being loaded, a core has nothing else to do. Of what is waiting in memory
        there is one submission more than `AHEAD_BYTES` allow, at most.
        """
        if sum(map(bytes_of, self.ready.values())) > AHEAD_BYTES:
            return False
        known = self.ready.keys() | self.left_for_later
        student, folder = next((one for one in todo if one[0] not in known), (None, None))
        if student is None:
            return False
        try:
            self.ready[student] = prepare(self.course, student, folder)
        except Exception as problem:
            if is_locked(problem):  # its turn is waited for, with a word about what for
                return False
            self.left_for_later.add(student)  # it is tried again, and reported, when its turn comes
        return True

    def send_more(self, todo: deque[tuple[str, Path]]) -> None:
        """Give the workers as many submissions as they can take."""
        while todo:
            left = len(todo) + len(self.running)
            self.is_last_round = self.spare > 0 and left <= self.jobs + self.spare
            if len(self.running) >= self.most(left):
                break
            self.send(*todo.popleft())

    def most(self, left: int) -> int:
        """Return how many submissions to have with the workers, while so many executions are left.

        The last ones are held back until all can be executed.
        """
        if self.is_last_round:
            return left
        return min(2 * self.jobs, left - self.spare)

    def send(self, student: str, folder: Path) -> None:
        """Sanitise a submission and have it executed, unless that was done by a run that was stopped."""
        try:
            prepared = self.ready.pop(student, None)
            if prepared is None or not is_as_it_was(self.course, prepared):
                prepared = patiently(partial(prepare, self.course, student, folder), self.tell(student))
            kept = self.journal.executed.find(prepared.fingerprint)
        except Exception as problem:
            self.fail(student, problem)
            return
        if kept is None and prepared.job.notebooks:
            self.submit(prepared)
        else:
            self.score(prepared, kept)

    def submit(self, prepared: Prepared) -> None:
        """Hand a submission to a worker, in the last round to one more if all are busy."""
        one_more = self.is_last_round and len(self.running) >= self.jobs
        self.running[self.hand_over(encode(prepared.job), one_more=one_more)] = prepared

    def hand_over(self, job: bytes, *, one_more: bool = False) -> Future[bytes]:
        """Hand a job to a worker. An executor that is broken is replaced."""
        workers = self.spare if one_more else self.jobs
        if one_more not in self.executors:
            self.executors[one_more] = self.start(workers)
        try:
            return self.executors[one_more].submit(execute, job)
        except BrokenExecutor:
            self.executors[one_more] = self.start(workers)
            return self.executors[one_more].submit(execute, job)

    def take(self, future: Future[bytes], prepared: Prepared) -> None:
        """Score what a worker has executed, or see why it has not."""
        student = prepared.student
        try:
            result = future.result()
        except (WorkerVanished, BrokenExecutor) as problem:
            if prepared.tried:
                self.fail(student, problem)
                return
            prepared.tried = True
            self.on_event("message", student, "its worker ended without an answer; trying once more")
            self.submit(prepared)
        except CourseError as problem:
            if isinstance(problem, SandboxError) and not self.executed:
                raise  # it is the same for all
            self.fail(student, problem)
        except Exception as problem:
            what = f"its execution failed ({type(problem).__name__}: {one_line(problem)})"
            self.fail(student, UngradableError(what, AGAIN))
        else:
            self.executed += 1
            self.on_event("executed", student, None)
            self.score(prepared, result, keep=True)

    def score(self, prepared: Prepared, result: bytes | None, *, keep: bool = False) -> None:
        """Score an executed submission; with `keep`, remember the result until that is done."""
        try:
            if keep:
                self.journal.executed.keep(prepared.fingerprint, result)
            work = partial(score, self.course, prepared, result, self.journal.seen.keep)
            outcome = patiently(work, self.tell(prepared.student))
            self.journal.finish(prepared.student, prepared.folder, prepared.fingerprint)
        except Exception as problem:
            self.left.add(prepared.fingerprint)
            self.fail(prepared.student, problem)
        else:
            self.finish("graded", outcome)

    def fail(self, student: str, problem: Exception) -> None:
        """Report that a submission could not be graded; the others are."""
        if is_damaged(problem):
            raise problem  # it is the same for all
        collector = self.course.collector
        seen = collector.problems if collector.student == student else []
        findings = tuple(collector.findings) if collector.student == student else ()
        findings = tuple(finding for finding in findings if finding.kind != "problem")
        self.finish("failed", Outcome(student, "failed", findings=findings, trouble=explain(problem, seen)))

    def finish(self, kind: str, outcome: Outcome) -> None:
        """Report what became of a submission."""
        decisions, ignore = decisions_of(self.course), self.course.app.coursedir.ignore
        outcome = decisions.mark(outcome, self.folders[outcome.student], ignore)
        if kind == "failed" and outcome.decided:
            outcome = replace(outcome, cells=self.points(outcome.student))
        self.outcomes.append(outcome)
        self.on_event(kind, outcome.student, outcome)

    def tell(self, student: str) -> Callable[[str], None]:
        """Make a function that says what is waited for."""
        return lambda message: self.on_event("message", student, message)

    def points(self, student: str) -> tuple:
        """Read the points of a submission that is not graded again."""

        def read() -> tuple:
            with self.course.database.connect() as connection:
                return read_scores(connection, self.course.assignment, student)

        return patiently(read, self.tell(student))
