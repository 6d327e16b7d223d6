"""Wait until a kernel is ready, or has ended, and no longer.

jupyter_client takes a kernel to be ready when it has said nothing for 0.2 s, and looks every 0.1 s whether one has
ended. For a notebook of three cells that is half of its time, and notebooks that execute notebooks wait often. See
`KernelClient._async_wait_for_ready` and `KernelManager._async_wait` there (8.10).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.client import KernelClient
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_async, run_sync

SILENCE = 0.2  # seconds after which jupyter_client takes it that a kernel has no more to say
LOOK = 0.01  # seconds between looks at whether a kernel has ended
UNTIL_READY, UNTIL_ENDED = KernelClient._async_wait_for_ready, KernelManager._async_wait


class FirstMessage:
    """A channel that gives one message, keeps it, and says from then on that there is none."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.message: dict[str, Any] | None = None

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the first message.

        Raises
        ------
        queue.Empty
            If there was none in so many seconds, or it was given before.
        """
        if self.message is not None:
            raise Empty
        self.message = await ensure_async(self.channel.get_msg(timeout=timeout))
        return self.message


def answers(message: dict[str, Any] | None, request: str) -> bool:
    """Tell whether a message belongs to the request with this number."""
    return message is not None and message["parent_header"].get("msg_id") == request


def is_idle(message: dict[str, Any] | None) -> bool:
    """Tell whether a kernel says that it has done what it was asked."""
    return message is not None and message["content"].get("execution_state") == "idle"


async def read(channel: Any, is_last: Callable[[dict[str, Any]], bool]) -> None:
    """Read messages up to a certain one, or until there is silence."""
    with contextlib.suppress(Empty):
        while not is_last(await ensure_async(channel.get_msg(timeout=SILENCE))):
            pass


async def wait_for_ready(self: Any, timeout: float | None = None) -> None:
    """Wait until the kernel has answered; afterwards there is nothing of it to read.

    What a kernel says before a client has subscribed is lost. So if the first message that arrives is of something
    else than our request, the kernel's word that it is idle may be lost, too, and we ask once more.
    """
    asked: list[str] = []
    ask, channel = self.kernel_info, self.iopub_channel

    def kernel_info(*arguments: Any, **keywords: Any) -> str:
        asked.append(ask(*arguments, **keywords))
        return asked[-1]

    first = FirstMessage(channel)
    self.kernel_info, self._iopub_channel = kernel_info, first
    try:
        await UNTIL_READY(self, timeout)
    finally:
        del self.kernel_info
        self._iopub_channel = channel
    last = asked[-1]
    if not answers(first.message, last):
        last = ask()
        await read(self.shell_channel, lambda message: answers(message, last))
    elif is_idle(first.message):
        return
    await read(channel, lambda message: answers(message, last) and is_idle(message))


async def wait(self: Any, pollinterval: float = LOOK) -> None:
    """Wait until the kernel has ended."""
    await UNTIL_ENDED(self, min(pollinterval, LOOK))


def wait_no_longer() -> None:
    """Have jupyter_client wait no longer than it needs to, in this process and what is forked from it."""
    KernelClient._async_wait_for_ready = AsyncKernelClient.wait_for_ready = wait_for_ready
    BlockingKernelClient.wait_for_ready = run_sync(wait_for_ready)
    KernelManager._async_wait = wait
