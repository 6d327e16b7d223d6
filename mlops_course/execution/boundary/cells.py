"""Which cell of a notebook runs in which of the two kernels, and the driver's part in that."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from nbclient.util import run_sync
from nbgrader.utils import is_grade, is_solution

from mlops_course.execution.channel import ClosedError
from mlops_course.execution.job import Job
from mlops_course.execution.names import global_names, plain_python
from mlops_course.execution.tolerant_execute import error_output

TOGETHER = "together"  # the tag of a test that needs the student's kernel
BOTH = "both-kernels"  # the tag of a locked cell that prepares the test kernel, too, whatever names a test uses
GRACE = 5.0  # seconds for a call that was interrupted
BEGIN = "__import__('sys').modules['mlops_course.execution.boundary.asking'].begin"
PROXY = "an object of type "


@dataclass
class Plan:
    """What runs where.

    Attributes
    ----------
    tests
        Position of a cell that runs in the test kernel → positions of the locked cells that run there before it.
    words
        Position of such a test → the words of its text, and the names that those locked cells use.
    together
        Ids of the tests that run in the student's kernel.
    """

    tests: dict[int, list[int]] = field(default_factory=dict)
    words: dict[int, set[str]] = field(default_factory=dict)
    together: list[str] = field(default_factory=list)


def make_plan(cells: list[Any], known: dict[str, str], tags: dict[str, list[str]]) -> Plan:
    """Say which cells run in the test kernel.

    Parameters
    ----------
    cells
        Of the notebook.
    known, tags
        Text and tags of the instructor's cells by their id: a cell with another text never runs in a test kernel.
    """
    plan = Plan()
    locked: dict[int, tuple[set[str], set[str]]] = {}
    always = []
    for position, cell in enumerate(cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.cell_type != "code" or is_solution(cell) or known.get(name) != cell.source:
            continue
        names = global_names(plain_python(cell.source))
        if not is_grade(cell):
            locked[position] = names
            if BOTH in tags.get(name, []):
                always.append(position)
        elif TOGETHER in tags.get(name, []):
            plan.together.append(name)
        else:
            plan.tests[position] = sorted({*always, *closure(names[1], locked)})
            plan.words[position] = words_of(cell.source).union(*(locked[place][1] for place in plan.tests[position]))
    return plan


def closure(used: set[str], locked: dict[int, tuple[set[str], set[str]]]) -> set[int]:
    """Find the cells that bind the names, and those that bind what they use, and so on."""
    found: set[int] = set()
    while True:
        more = {place for place, (bound, _) in locked.items() if bound & used} - found
        if not more:
            return found
        found |= more
        used = used.union(*(locked[place][1] for place in more))


def words_of(source: str) -> set[str]:
    """List the words of a text: a test may ask for a name by its text, with `globals()`."""
    return set(re.findall(r"\w+", source))


class SeparateTests:
    """Runs the tests of a notebook in a kernel of their own, which starts with the first one.

    Parameters
    ----------
    job, name, notebook
        What is executed.
    student, tests
        What executes the student's cells, and what executes tests.
    """

    def __init__(self, job: Job, name: str, notebook: Any, student: Any, tests: Any) -> None:
        self.student, self.tests = student, tests
        self.notebook = notebook
        self.plan = make_plan(notebook.cells, job.locked.get(name, {}), job.tags.get(name, {}))
        self.names = set(job.names.get(name, []))
        self.declared = job.declared.get(name, [])
        self.imports = job.trusted.get(name, {})
        self.ran: set[int] = set()
        self.stack = contextlib.ExitStack()
        self.is_started = self.is_stopped = False
        student.wire, tests.wire = socket.socketpair()

    def is_test(self, position: int) -> bool:
        """Tell whether a cell runs in the test kernel."""
        return position in self.plan.tests and bool(self.notebook.cells[position].source.strip())

    def resume(self) -> None:
        """Let the student's processes go on: a cell of the student's kernel comes next."""
        if self.is_stopped:
            self.ask_keeper({"resume": True}, "resumed")
            self.is_stopped = False

    def ask_keeper(self, message: dict[str, Any], answer: str) -> Any:
        """Ask the keeper of the student's processes; None if it is gone."""
        try:
            return self.student.lease.ask(message, answer)
        except ClosedError:
            return None

    def start(self, resources: Any) -> None:
        """Start the test kernel."""
        tests = self.tests
        tests.nb, tests.resources = self.student.nb, resources
        tests.findings = self.student.findings
        tests.begin()
        tests.deadline = self.student.deadline
        tests.reset_execution_trackers()
        self.stack.enter_context(tests.setup_kernel())
        self.is_started = True

    def run(self, cell: Any, resources: Any, position: int) -> tuple[Any, Any]:
        """Run a test."""
        folder = self.ask_keeper({"stop": self.student.km.provisioner.pid}, "stopped")
        self.is_stopped = True
        if not self.is_started:
            self.start(resources)
        for place in self.plan.tests[position]:
            source = self.notebook.cells[place].source
            if place not in self.ran and self.begin(words_of(source), None):  # in the notebook's folder
                self.ran.add(place)
                self.run_locked(source)
        problem = None if self.begin(self.plan.words[position], folder) else "the student's names cannot be read"
        if problem:
            cell.outputs = [error_output("StudentError", problem)]
            cell.execution_count = position + 1
        else:
            cell, resources = self.tests.run_cell(cell, resources, position)
            self.drop_objects(cell)
        if self.tests.died_in is not None and self.student.died_in is None:
            self.student.died_in = self.tests.died_in
        self.settle(position)
        return cell, resources

    def begin(self, words: set[str], folder: str | None) -> bool:
        """Have the test kernel made ready for a cell with these words; tell whether it is."""
        imports = {name: text for name, text in self.imports.items() if name in words}
        names = sorted((self.names & words) - imports.keys())
        declared = [name for name in self.declared if name in words]  # elsewhere such a class is no more than another
        order = {"folder": folder, "names": names, "imports": imports, "declared": declared, "errors": sorted(words)}
        reply = self.tests.ask({"begin": f"{BEGIN}({json.dumps(order)!r})"})
        return reply is not None and reply["user_expressions"]["begin"]["status"] == "ok"

    def run_locked(self, source: str) -> None:
        """Execute a locked cell silently; if it fails, its names are missing."""

        async def execute() -> None:
            client = self.tests.kc
            asked = client.execute(source, silent=True, store_history=False, stop_on_error=False)
            with contextlib.suppress(Exception):
                await self.tests.async_wait_for_reply(asked)

        run_sync(execute)()

    def settle(self, position: int) -> None:
        """See that the student's kernel is there and idle after a test; a call that goes on is interrupted."""
        student = self.student
        if student.died_in is None and self.ask_keeper({"is idle": True}, "idle") is False:
            run_sync(student.km.interrupt_kernel)()
            until = time.monotonic() + GRACE
            while not (idle := self.ask_keeper({"is idle": True}, "idle")) and time.monotonic() < until:
                time.sleep(0.05)
            if not idle:
                student.found("limit", self.notebook.cells[position], "a call did not stop when it was interrupted")
                student.end_kernel()
        if student.died_in is None and not run_sync(student.km.is_alive)():
            student.died_in = position

    @staticmethod
    def drop_objects(cell: Any) -> None:
        """Drop the output of a test that ends in an object of the student's: nbgrader takes values for points."""
        cell.outputs = [
            output
            for output in cell.outputs
            if output.output_type != "execute_result"
            or not output.get("data", {}).get("text/plain", "").startswith(PROXY)
        ]

    def close(self) -> None:
        """End the test kernel."""
        self.resume()
        for wire in (self.student.wire, self.tests.wire):
            wire.close()
        with contextlib.suppress(Exception):
            self.stack.close()
        from mlops_course.execution.runner import end_context

        end_context(self.tests.context)
