"""Ctrl+C that is not lost, wherever it is pressed."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def noted_interrupts() -> Iterator[Callable[[], None]]:
    """Note Ctrl+C besides raising KeyboardInterrupt; give a function that raises it again if it was lost.

    Python drops what is raised while an object is being removed or in a callback of compiled code, and libraries
    catch more than they should. Outside the main thread, and where Ctrl+C is ignored, everything stays as it is.
    """
    pressed = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        pressed.set()
        raise KeyboardInterrupt

    def look() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield look
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield look
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
