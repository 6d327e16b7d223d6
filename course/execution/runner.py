"""Drive a forked kernel through one notebook, within limits, with nbgrader's own preprocessor."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty
from types import MappingProxyType
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from nbclient.exceptions import CellTimeoutError
from nbclient.util import run_sync
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets import Any as AnyTrait

from course.execution import evidence
from course.execution.job import Finding, Limits
from course.execution.keep_going import KeepGoing, error_output
from course.execution.provisioner import ForkProvisioner

PATIENCE = 20.0  # seconds for what is sent around a cell
DECIDING = ("PATH", "LD_", "PYTHON", "JUPYTER", "IPYTHON", "HOME", "COURSE_", "BASH_ENV", "ENV", "GIT_EXEC")
GRACE = 5.0  # seconds that a cell gets to stop after it was interrupted
LARGEST_MESSAGE = 64_000_000


def is_instructors(cell: Any) -> bool:
    """Tell whether a cell's source is the instructor's: sanitising has put it back."""
    return cell.cell_type == "code" and is_locked(cell) and not is_solution(cell) and bool(cell.source.strip())


class ForkedKernelManager(AsyncKernelManager):
    """A kernel manager whose kernels the keeper of a submission forks."""

    lease = AnyTrait()
    token = ""
    environment: Mapping[str, str] = MappingProxyType({})

    @property
    def kernel_spec(self) -> KernelSpec:
        """What to start: always the Python of the worker."""
        return KernelSpec(
            argv=["python", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "course-fork"}},
        )

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        kwargs["env"] = dict(self.environment)
        return await super()._async_pre_start_kernel(**kwargs)

    pre_start_kernel = _async_pre_start_kernel

    def client(self, **kwargs: Any) -> Any:
        """Make a client whose sockets have the limits of our context."""
        return super().client(**{"context": self.context, **kwargs})


class _Factory:
    """Stands in for an installed entry point: the provisioner belongs to this package alone."""

    value = "course.execution.provisioner:ForkProvisioner"

    @staticmethod
    def load() -> type[ForkProvisioner]:
        """Return the class."""
        return ForkProvisioner


def register_provisioner() -> None:
    """Make the provisioner known to jupyter_client in this process."""
    KernelProvisionerFactory.instance().provisioners["course-fork"] = _Factory()


def end_context(context: zmq.Context | None) -> None:
    """Close a context and its sockets while they are still known.

    Left to the garbage collector, a context can be ended before its sockets, and then waits for them for ever. In a
    thread, because a socket that is missed would make this wait, too.
    """
    if context is None:
        return

    def end() -> None:
        with contextlib.suppress(Exception):
            context.destroy(linger=0)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(GRACE)


class LimitedExecute(KeepGoing):
    """nbgrader's `Execute` on a forked kernel: with limits on time and output, and an end that is seen at once."""

    lease = AnyTrait()
    runtime = ""
    environment: Mapping[str, str] = MappingProxyType({})
    limits = Limits()
    notebook_name = ""
    token = ""
    expected: Sequence[str] = ()
    trusted: Mapping[str, str] = MappingProxyType({})

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        keywords["kernel_manager_class"] = ForkedKernelManager
        super().__init__(*arguments, **keywords)
        self.shutdown_kernel = "immediate"
        self.timeout_func = self.time_for
        self.context: zmq.Context | None = None
        self.findings: list[Finding] = []
        self.expressions: dict[str, str] = {}
        self.reply: dict[str, Any] | None = None
        self.variables: dict[str, str] = {}

    def found(self, kind: str, cell: Any, message: str) -> None:
        """Note something that the instructor should see, once for each cell."""
        name = cell.metadata.get("nbgrader", {}).get("grade_id") if cell is not None else None
        finding = Finding(kind, self.notebook_name, name, message)
        if finding not in self.findings:
            self.findings.append(finding)

    def create_kernel_manager(self) -> ForkedKernelManager:
        """Create the manager of the one kernel of this notebook; its sockets are files in the runtime folder."""
        place = Path(self.runtime) / f"kernel-{secrets.token_hex(8)}"
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        context.setsockopt(zmq.SNDTIMEO, int(1000 * GRACE))  # a kernel that reads nothing must not stop its driver
        context.setsockopt(zmq.LINGER, 0)
        self.context = context
        self.km = ForkedKernelManager(
            transport="ipc", ip=str(place), connection_file=f"{place}.json", context=context, config=self.config
        )
        self.km.lease = self.lease
        self.km.token = self.token
        # A new one for each kernel: what stands in IPython's folder of a home is executed when a kernel starts.
        self.km.environment = {**self.environment, "IPYTHONDIR": f"{place}-ipython"}
        return self.km

    def preprocess(self, nb: Any, resources: Any, km: Any = None) -> tuple[Any, Any]:
        """Execute all cells, until the time for the notebook is over."""
        self.deadline = time.monotonic() + self.limits.notebook_seconds
        self.sizes: dict[int, int] = {}
        self.shown: set[int] = set()
        try:
            return super().preprocess(nb, resources, km)
        finally:
            end_context(self.context)

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Execute one cell; afterwards the kernel is idle, or dead."""
        if self.died_in is None and time.monotonic() > self.deadline and cell.cell_type == "code":
            self.found("limit", cell, f"the notebook ran longer than {self.limits.notebook_seconds} seconds")
            self.end_kernel()
        watched = self.died_in is None and self.token and is_instructors(cell)
        done = (self.watch_cell if watched else self.run_cell)(cell, resources, index)
        if index == len(self.nb.cells) - 1 and self.died_in is None and self.token:
            self.variables = self.ask_variables()
        return done

    def ask_variables(self) -> dict[str, str]:
        """Ask for the environment that the notebook has made for itself, but for what decides which programs run."""
        reply = self.ask({"variables": "__import__('json').dumps(dict(__import__('os').environ))"}) or {}
        try:
            found = json.loads(ast.literal_eval(reply["user_expressions"]["variables"]["data"]["text/plain"]))
            return {str(name): str(value) for name, value in found.items() if not name.startswith(DECIDING)}
        except (KeyError, ValueError, TypeError, SyntaxError, AttributeError, RecursionError, MemoryError):
            return {}

    def run_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Execute one cell."""
        self.timed_out, self.reply = None, None
        try:
            return super().preprocess_cell(cell, resources, index)
        except zmq.Again:
            self.found("died", cell, "the kernel reads no messages any more; it was ended")
            self.end_kernel()
            return super().preprocess_cell(cell, resources, index)
        except CellTimeoutError:  # nothing came from the kernel after the interrupt
            self.timed_out = self.given
            cell.outputs.append(error_output(self.error_on_timeout["ename"], "no reply from the kernel in time"))
            return cell, resources
        finally:
            if self.timed_out and self.died_in is None:
                self.found("limit", cell, f"a cell ran longer than {self.timed_out} seconds")
                if not self.answers():
                    self.found("limit", cell, "the cell did not stop when it was interrupted; its kernel was ended")
                    self.end_kernel()

    def watch_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Execute one of the instructor's cells, and see whether its tests can be believed."""
        graded = bool(is_grade(cell))
        probe = evidence.prepare(
            self.token, cell.source, graded=graded, expected_names=self.expected, trusted_names=self.trusted
        )
        ready = self.ask(probe.setup)
        if ready is None:
            self.found("tampered", cell, "the kernel does not answer any more; it was ended")
            self.end_kernel()
            return self.run_cell(cell, resources, index)
        self.expressions = probe.expressions
        try:
            self.run_cell(cell, resources, index)
        finally:
            self.expressions = {}
        if self.died_in is not None:
            return cell, resources
        reply = self.reply["content"] if self.reply else None
        reasons = evidence.judge(probe, reply, cell.outputs, ready) if graded else []
        for kind, message in evidence.findings(probe, ready):
            self.found(kind, cell, message)
        if graded and evidence.failed_with_points(reply, cell.outputs):
            reasons.append("it showed a value, which nbgrader takes for points, and failed")
        if reasons:
            for reason in reasons:
                self.found("tampered", cell, reason)
            # First: nbgrader looks at no output after an error.
            cell.outputs.insert(0, error_output("NotBelieved", f"no points for these tests: {'; '.join(reasons)}"))
        if not self.watches_next(index):
            self.ask(probe.teardown)
        return cell, resources

    def watches_next(self, index: int) -> bool:
        """Tell whether the next cell that is executed is the instructor's, too: its setup begins with the teardown."""
        later = self.nb.cells[index + 1 :]
        executed = [cell for cell in later if cell.cell_type == "code" and cell.source.strip()]
        return bool(executed) and is_instructors(executed[0])

    def ask(self, expressions: dict[str, str]) -> dict[str, Any] | None:
        """Have expressions evaluated silently; return the content of the reply, or None if there is none."""

        async def ask() -> dict[str, Any] | None:
            if self.died_in is not None:
                return None
            asked = self.kc.execute(
                "", silent=True, store_history=False, user_expressions=expressions, stop_on_error=False
            )
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                try:
                    message = await self.kc.shell_channel.get_msg(timeout=1)
                except Empty:
                    if not await self.km.is_alive():
                        return None
                    continue
                if message["parent_header"].get("msg_id") == asked:
                    return message["content"]
            return None

        try:
            return run_sync(ask)()
        except zmq.Again:
            return None

    async def async_start_new_kernel_client(self) -> Any:
        """Start the client, and let it send our expressions with a cell."""
        client = await super().async_start_new_kernel_client()
        send = client.execute

        def execute(code: str, **keywords: Any) -> Any:
            return send(code, **{"user_expressions": self.expressions, **keywords})

        client.execute = execute
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def on_cell_executed(self, **keywords: Any) -> None:
        """Keep the reply."""
        self.reply = keywords["execute_reply"]
        if "header" not in self.reply:  # nbclient's own: the kernel has sent none in time
            self.timed_out = self.given
        super().on_cell_executed(**keywords)

    def time_for(self, cell: Any) -> int:
        """Give a cell its own time, and not more than what is left for the notebook."""
        left = max(1, int(self.deadline - time.monotonic()) + 1)
        self.given = left if self.timeout is None or self.timeout < 0 else min(self.timeout, left)
        return self.given

    def answers(self) -> bool:
        """Tell whether the kernel comes to an end with what it does."""

        async def ask() -> bool:
            asked = self.kc.kernel_info()
            until = time.monotonic() + GRACE
            while time.monotonic() < until:
                try:
                    message = await self.kc.shell_channel.get_msg(timeout=0.5)
                except Empty:
                    if not await self.km.is_alive():
                        return False
                    continue
                if message["parent_header"].get("msg_id") == asked:
                    return True
            return False

        try:
            return run_sync(ask)()
        except zmq.Again:
            return False

    def end_kernel(self) -> None:
        """Kill the kernel; `KeepGoing` reports the cells that do not run any more."""
        run_sync(self.km.provisioner.kill)()
        run_sync(self.km.provisioner.wait)()

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take a message from the kernel, unless the cell has said too much already."""
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "error", "update_display_data"):
            size = self.sizes[cell_index] = self.sizes.get(cell_index, 0) + len(json.dumps(msg["content"]))
            if size > self.limits.output_bytes:
                self.too_much(cell, cell_index)
                return None
        return super().process_message(msg, cell, cell_index)

    def too_much(self, cell: Any, index: int) -> None:
        """Stop a cell that prints without end."""
        if index in self.shown:
            return
        self.shown.add(index)
        limit = f"{self.limits.output_bytes / 1e6:.0f} MB"
        self.found("limit", cell, f"a cell printed more than {limit}; the rest was left out")
        cell.outputs.append(error_output("OutputLimit", f"more than {limit} of output; the rest was left out"))
        self.interrupting = asyncio.ensure_future(self.km.interrupt_kernel())
