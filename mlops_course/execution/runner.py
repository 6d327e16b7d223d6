"""Drive a forked kernel through one notebook, within limits, with nbgrader's own preprocessor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import threading
import time
from collections.abc import Mapping
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
from traitlets import Any as AnyTrait

from mlops_course.execution.job import Finding, Limits
from mlops_course.execution.provisioner import ForkProvisioner
from mlops_course.execution.tolerant_execute import TolerantExecute, error_output

PATIENCE = 20.0  # seconds for what is sent around a cell
GRACE = 5.0  # seconds that a cell gets to stop after it was interrupted
LARGEST_MESSAGE = 64_000_000


class ForkedKernelManager(AsyncKernelManager):
    """A kernel manager whose kernels the keeper of a submission forks."""

    lease = AnyTrait()
    wire = AnyTrait(None, allow_none=True)
    fresh = False
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

    value = "mlops_course.execution.provisioner:ForkProvisioner"

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


class LimitedExecute(TolerantExecute):
    """nbgrader's `Execute` on a forked kernel: with limits on time and output, and an end that is seen at once."""

    lease = AnyTrait()
    runtime = ""
    environment: Mapping[str, str] = MappingProxyType({})
    limits = Limits()
    notebook_name = ""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        keywords["kernel_manager_class"] = ForkedKernelManager
        super().__init__(*arguments, **keywords)
        self.shutdown_kernel = "immediate"
        self.timeout_func = self.time_for
        self.context: zmq.Context | None = None
        self.findings: list[Finding] = []
        self.separate: Any = None
        self.wire: Any = None
        self.fresh = False

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
        self.km.wire, self.km.fresh = self.wire, self.fresh
        # A new one for each kernel: what stands in IPython's folder of a home is executed when a kernel starts.
        self.km.environment = {**self.environment, "IPYTHONDIR": f"{place}-ipython"}
        return self.km

    def preprocess(self, nb: Any, resources: Any, km: Any = None) -> tuple[Any, Any]:
        """Execute all cells, until the time for the notebook is over."""
        self.begin()
        try:
            return super().preprocess(nb, resources, km)
        finally:
            if self.separate:
                self.separate.close()
            end_context(self.context)

    def begin(self) -> None:
        """Begin to count."""
        self.deadline = time.monotonic() + self.limits.notebook_seconds
        self.sizes: dict[int, int] = {}
        self.shown: set[int] = set()

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Execute one cell; afterwards the kernel is idle, or dead."""
        if self.died_in is None and time.monotonic() > self.deadline and cell.cell_type == "code":
            self.found("limit", cell, f"the notebook ran longer than {self.limits.notebook_seconds} seconds")
            self.end_kernel()
        if self.separate and self.died_in is None and cell.cell_type == "code":
            if self.separate.is_test(index):
                return self.separate.run(cell, resources, index)
            self.separate.resume()
        return self.run_cell(cell, resources, index)

    def run_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Execute one cell."""
        self.timed_out = None
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

    def on_cell_executed(self, **keywords: Any) -> None:
        """Note that the kernel did not answer in time."""
        if "header" not in keywords["execute_reply"]:  # nbclient's own: the kernel has sent none in time
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
        """Kill the kernel; `TolerantExecute` reports the cells that do not run any more."""
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
