"""What the student's code prints while it is called."""

from __future__ import annotations

import io

MOST_PRINTED = 1_000_000


class Printed:
    """What was printed during a call."""

    def __init__(self) -> None:
        self.parts: list[list[str]] = []
        self.left = MOST_PRINTED


class Stream(io.TextIOBase):
    """Keeps what is printed."""

    encoding = "utf-8"

    def __init__(self, printed: Printed, name: str) -> None:
        self.printed, self.name = printed, f"<{name}>"
        self.channel = name

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep a text."""
        kept = text[: max(0, self.printed.left)]
        self.printed.left -= len(kept)
        if kept and self.printed.parts and self.printed.parts[-1][0] == self.channel:
            self.printed.parts[-1][1] += kept
        elif kept:
            self.printed.parts.append([self.channel, kept])
        return len(text)
