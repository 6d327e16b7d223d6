"""Jupyter's extension point for where a kernel runs: here it is forked by the keeper of a submission.

See https://jupyter-client.readthedocs.io/en/stable/provisioning.html.
"""

from __future__ import annotations

import asyncio
import select
import signal
import socket
from typing import Any

from jupyter_client.provisioning import KernelProvisionerBase

from mlops_course.execution.channel import ClosedError, receive, send

PATIENCE = 60.0  # seconds for a keeper to answer; a sweep, the longest, takes ten


class Lease:
    """The driver's end of the connection to the keeper of one submission."""

    def __init__(self, control: socket.socket) -> None:
        control.settimeout(PATIENCE)
        self.control = control
        self.ended: dict[int, int] = {}
        self.gone = False

    def ask(self, message: dict[str, Any], answer: str, handles: list[int] | None = None) -> Any:
        """Send a message, with open files if there are any, and return the answer with this key.

        Note on the way which kernels have ended.

        Raises
        ------
        ClosedError
            If the keeper is gone.
        """
        try:
            send(self.control, message, handles)
            while True:
                found = self.take()
                if answer in found:
                    return found[answer]
                if "error" in found:
                    raise ClosedError(found["error"])
        except OSError:
            self.gone = True
            raise ClosedError("the submission's first process is gone") from None

    def take(self) -> dict[str, Any]:
        """Read one message."""
        found, _ = receive(self.control)
        if "ended" in found:
            self.ended[found["ended"]] = found["code"]
        return found

    def exit_code(self, pid: int) -> int | None:
        """Return how a kernel ended; None while it runs."""
        try:
            while not self.gone and select.select([self.control], [], [], 0)[0]:
                self.take()
        except OSError:
            self.gone = True
        return self.ended.get(pid, -9 if self.gone else None)


class ForkProvisioner(KernelProvisionerBase):
    """Starts and ends a kernel through a `Lease`, which the kernel manager carries."""

    pid: int | None = None

    @property
    def lease(self) -> Lease:
        """The connection to the keeper."""
        return self.parent.lease

    @property
    def has_process(self) -> bool:
        """Tell whether a kernel was started and not yet cleaned up."""
        return self.pid is not None

    async def poll(self) -> int | None:
        """Return None while the kernel runs."""
        return 0 if self.pid is None else self.lease.exit_code(self.pid)

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        while (code := await self.poll()) is None:
            await asyncio.sleep(0.005)
        self.pid = None
        return code

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and what it has started."""
        if self.pid is not None and not self.lease.gone:
            try:
                send(self.lease.control, {"signal": [self.pid, int(signum)]})
            except OSError:
                self.lease.gone = True

    async def kill(self, restart: bool = False) -> None:
        """End the kernel at once."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Forget the kernel."""
        self.pid = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Write the connection file."""
        manager = self.parent
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        extra = kwargs.pop("extra_arguments", [])
        return await super().pre_launch(cmd=["-f", manager.connection_file, *extra], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel."""
        message = {"arguments": cmd, "environment": kwargs["env"], "fresh": self.parent.fresh}
        wire = self.parent.wire
        self.pid = self.lease.ask({"kernel": message}, "started", [wire.fileno()] if wire else None)
        if wire:
            wire.close()
        return self.connection_info
