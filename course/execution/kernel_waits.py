"""Wait until a kernel is ready, or has ended, and no longer.

jupyter_client takes a kernel to be ready when it has said nothing for 0.2 s, and looks every 0.1 s whether one has
ended. For a notebook of three cells that is half of its time, and notebooks that execute notebooks wait often. See
`KernelClient._async_wait_for_ready` and `KernelManager._async_wait` there (8.10).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.client import KernelClient
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_async, run_sync

SILENCE = 0.2  # seconds after which jupyter_client takes it that a kernel has no more to say
ANSWER = 5.0  # seconds for the answer of a kernel that has answered before
LOOK = 0.01  # seconds between looks at whether a kernel has ended
UNTIL_READY, UNTIL_ENDED = KernelClient._async_wait_for_ready, KernelManager._async_wait


class Noted:
    """A channel of a client that keeps its last message.

    Parameters
    ----------
    channel
        The channel.
    most
        How many messages it gives; it says then that there are no more.
    """

    def __init__(self, channel: Any, most: float = math.inf) -> None:
        self.channel = channel
        self.left = most
        self.last: dict[str, Any] | None = None

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message.

        Raises
        ------
        queue.Empty
            If there was none in so many seconds, or there are to be no more.
        """
        if self.left <= 0:
            raise Empty
        self.last = await ensure_async(self.channel.get_msg(timeout=timeout))
        self.left -= 1
        return self.last

    def __getattr__(self, name: str) -> Any:
        """Be the channel for everything else."""
        return getattr(self.channel, name)


def answers(message: dict[str, Any] | None, request: str) -> bool:
    """Tell whether a message belongs to the request with this number."""
    return message is not None and message["parent_header"].get("msg_id") == request


def is_idle(message: dict[str, Any] | None) -> bool:
    """Tell whether a kernel says that it has done what it was asked."""
    return message is not None and message["content"].get("execution_state") == "idle"


async def read(channel: Any, is_last: Callable[[dict[str, Any]], bool], patience: float) -> None:
    """Read messages up to a certain one, or until none has come for so many seconds."""
    with contextlib.suppress(Empty):
        while not is_last(await ensure_async(channel.get_msg(timeout=patience))):
            pass


async def wait_for_ready(self: Any, timeout: float | None = None) -> None:
    """Wait until the kernel has answered; afterwards there is nothing of it to read.

    What a kernel says before a client has subscribed is lost. So if the first message that arrives is of something
    else than our request, the kernel's word that it is idle may be lost, too, and we ask once more.
    """
    asked: list[str] = []
    ask, shell, iopub = self.kernel_info, self.shell_channel, self.iopub_channel

    def kernel_info(*arguments: Any, **keywords: Any) -> str:
        asked.append(ask(*arguments, **keywords))
        return asked[-1]

    replies, first = Noted(shell), Noted(iopub, most=1)
    self.kernel_info, self._shell_channel, self._iopub_channel = kernel_info, replies, first
    try:
        await UNTIL_READY(self, timeout)
    finally:
        del self.kernel_info
        self._shell_channel, self._iopub_channel = shell, iopub
    is_heard = answers(first.last, asked[-1])
    request = asked[-1] if is_heard else ask()
    if not answers(replies.last, request):
        await read(shell, lambda message: answers(message, request), ANSWER)
    if not (is_heard and is_idle(first.last)):
        await read(iopub, lambda message: answers(message, request) and is_idle(message), SILENCE)


async def wait(self: Any, pollinterval: float = LOOK) -> None:
    """Wait until the kernel has ended."""
    await UNTIL_ENDED(self, min(pollinterval, LOOK))


def wait_no_longer() -> None:
    """Have jupyter_client wait no longer than it needs to, in this process and what is forked from it."""
    KernelClient._async_wait_for_ready = AsyncKernelClient.wait_for_ready = wait_for_ready
    BlockingKernelClient.wait_for_ready = run_sync(wait_for_ready)
    KernelManager._async_wait = wait
