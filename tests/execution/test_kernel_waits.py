"""Waiting for a kernel ends when it is ready, or has ended, and leaves nothing unread."""

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor
from queue import Empty

import pytest
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.client import KernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from course.execution import kernel_waits
from course.execution.kernel_waits import UNTIL_READY, Noted, wait, wait_for_ready, wait_no_longer

WELCOME = {"msg_type": "iopub_welcome", "parent_header": {}, "content": {"subscription": ""}}
STARTING = {"msg_type": "status", "parent_header": {}, "content": {"execution_state": "starting"}}


def run(coroutine):
    """In a thread of its own: where a browser was tested before, this one's event loop is taken."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()


def status(request, state):
    return {"msg_type": "status", "parent_header": {"msg_id": request}, "content": {"execution_state": state}}


def reply(request):
    return {"msg_type": "kernel_info_reply", "parent_header": {"msg_id": request}, "content": {}}


class Channel:
    """Gives messages; when there are none, it notes that somebody waited in vain."""

    def __init__(self, messages=()):
        self.messages = list(messages)
        self.silences = 0

    async def get_msg(self, timeout=None):
        if not self.messages:
            self.silences += 1
            raise Empty
        return self.messages.pop(0)


class Client:
    """A client whose kernel says what a test lays down for each request."""

    def __init__(self, *said, alive=True):
        self.said = list(said)
        self.alive = alive
        self.requests, self.unanswered = [], []
        self._iopub_channel, self._shell_channel = self.iopub, self.shell = Channel(), Channel()
        self.parent = None

    @property
    def iopub_channel(self):
        return self._iopub_channel

    @property
    def shell_channel(self):
        return self._shell_channel

    def kernel_info(self):
        request = f"request {len(self.requests) + 1}"
        self.requests.append(request)
        messages = self.said.pop(0) if self.said else None
        if messages is not None:
            self.shell.messages += [reply(one) for one in [*self.unanswered, request]]
            self.unanswered.clear()
            self.iopub.messages += messages
        else:
            self.unanswered.append(request)
        return request

    async def _async_is_alive(self):
        return self.alive

    def _handle_kernel_info_reply(self, message):
        pass


BUSY_1, IDLE_1, BUSY_2, IDLE_2 = (status(f"request {n}", state) for n in (1, 2) for state in ("busy", "idle"))


@pytest.mark.parametrize(
    ("said", "requests"),
    [
        pytest.param([[BUSY_1, IDLE_1]], 1, id="all is heard"),
        pytest.param([[IDLE_1]], 1, id="subscribed while it was busy"),
        pytest.param([[WELCOME], [BUSY_2, IDLE_2]], 2, id="subscribed after it was idle"),
        pytest.param([[STARTING, BUSY_1, IDLE_1], [BUSY_2, IDLE_2]], 2, id="heard it start"),
        pytest.param([[], [BUSY_2, IDLE_2]], 2, id="not subscribed at first"),
        pytest.param([None, [IDLE_1, BUSY_2, IDLE_2], [status("request 3", "idle")]], 3, id="slow to start"),
        pytest.param([None, [BUSY_2, IDLE_2]], 2, id="slow to start, and subscribed late"),
        pytest.param([None, [], [status("request 3", "busy"), status("request 3", "idle")]], 3, id="slow in both"),
    ],
)
def test_ends_when_it_is_idle_and_leaves_nothing_unread(said, requests):
    client = Client(*said)
    channel = client.iopub_channel
    silent_before = sum(not messages for messages in said)  # jupyter_client asks again after these
    run(wait_for_ready(client, 5))
    assert len(client.requests) == requests
    assert (client.iopub_channel, client.shell_channel) == (client.iopub, client.shell)
    assert channel.messages == [], "something is left to be read"
    assert client.shell_channel.messages == []
    assert channel.silences + client.shell_channel.silences == silent_before


def test_jupyter_client_itself_waits_for_silence():
    """What the module is for; and it shows that the test above sees a silence."""
    client = Client([BUSY_1, IDLE_1])
    run(UNTIL_READY(client, 5))
    assert client.iopub_channel.silences == 1


def test_a_kernel_that_is_never_idle_is_ready_after_a_silence():
    client = Client([BUSY_1])
    run(wait_for_ready(client, 5))
    assert client.iopub_channel.silences == 1
    client = Client([WELCOME])  # it does not answer the second request
    run(wait_for_ready(client, 5))
    assert (client.iopub_channel.silences, client.shell_channel.silences) == (1, 1)


def test_another_ones_idle_is_not_taken_for_ours():
    client = Client([BUSY_1, status("somebody's", "idle"), IDLE_1])
    run(wait_for_ready(client, 5))
    assert client.iopub_channel.messages == []


def test_a_kernel_that_dies_is_reported_and_the_client_is_as_before():
    client = Client(alive=False)
    client.parent = KernelManager()
    channel = client.iopub_channel
    with pytest.raises(RuntimeError, match="Kernel died"):
        run(wait_for_ready(client, 5))
    assert client.iopub_channel is channel
    assert client.shell_channel is client.shell
    assert "kernel_info" not in vars(client)


def test_who_looks_at_a_channel_meanwhile_finds_it():
    channel = Channel([STARTING])
    channel.is_alive = lambda: True
    assert Noted(channel).is_alive()


def test_looks_often_whether_a_kernel_has_ended(monkeypatch):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    class Manager:
        looks = 3

        async def _async_is_alive(self):
            self.looks -= 1
            return self.looks > 0

    monkeypatch.setattr(asyncio, "sleep", sleep)
    run(wait(Manager(), pollinterval=0.1))
    run(wait(Manager(), pollinterval=0.001))
    assert pauses == [kernel_waits.LOOK, kernel_waits.LOOK, 0.001, 0.001]


@pytest.fixture
def changed(monkeypatch):
    """Change jupyter_client for one test."""
    for owner, name in (
        (KernelClient, "_async_wait_for_ready"),
        (AsyncKernelClient, "wait_for_ready"),
        (BlockingKernelClient, "wait_for_ready"),
        (KernelManager, "_async_wait"),
    ):
        monkeypatch.setattr(owner, name, vars(owner)[name])
    wait_no_longer()


def test_a_real_kernel(changed):
    for _ in range(3):
        manager, client = start_new_kernel(kernel_name="python3")
        try:
            with pytest.raises(queue.Empty):
                client.get_iopub_msg(timeout=0.5)
            with pytest.raises(queue.Empty):
                client.get_shell_msg(timeout=0)
            heard = []
            reply = client.execute_interactive("1 + 1", output_hook=heard.append)
            assert reply["content"]["status"] == "ok"
            shown = [message["content"]["data"] for message in heard if message["msg_type"] == "execute_result"]
            assert shown == [{"text/plain": "2"}]
        finally:
            client.stop_channels()
            manager.shutdown_kernel()
        assert not manager.is_alive()
