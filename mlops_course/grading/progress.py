"""Show how far the grading is: done, running, failed, time left; a line for each submission that needs a look."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mlops_course.grading.messages import duration, points, printable, trouble_line
from mlops_course.grading.outcome import Outcome
from mlops_course.words import encodable, plural

RECENT = 32  # finished submissions that the time left is estimated from
NAMES = 4  # running submissions that are named
REFRESHES = 4  # a second


class Progress:
    """Live display on a terminal; elsewhere (a log, CI) a plain line for each submission that is finished.

    On stderr unless told otherwise, so that the final table can be redirected alone. `event` may be called from any
    thread. Kinds it does not know are ignored: a display must not stop the grading.
    """

    def __init__(self, console: Console | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console or Console(stderr=True)
        self.clock = clock
        self.total = 0
        self.counts = dict.fromkeys(("graded", "kept", "failed"), 0)
        self.flagged = 0
        self.running: dict[str, float] = {}
        self.executed: set[str] = set()
        self.recent: deque[float] = deque(maxlen=RECENT + 1)
        self.begun = clock()
        self.lock = threading.Lock()
        animated = self.console.is_terminal and not self.console.is_dumb_terminal
        self.live = (
            Live(get_renderable=self.draw, console=self.console, refresh_per_second=REFRESHES, transient=True)
            if animated
            else None
        )

    def __enter__(self) -> Progress:
        self.begun = self.clock()
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.live:
            self.live.stop()

    def event(self, kind: str, student: str, detail: Any = None) -> None:
        """Take note of what happened.

        Parameters
        ----------
        kind
            "total": the number of submissions is known (`detail`). "started", "executed": one is being executed, was
            executed. "graded", "kept", "failed": one is finished; `detail` is its `Outcome`, or for "failed" the
            reason and the next step. "message": something to read meanwhile (`detail`), such as what it waits for.
        student
            Whose submission; empty if it concerns all.
        """
        with self.lock:
            line = self.take(kind, student, detail)
        if line:
            # Text, not markup: names and reasons come from students.
            self.console.print(Text(encodable(line, self.console.encoding)), soft_wrap=True)

    def take(self, kind: str, student: str, detail: Any) -> str:
        """Bring the counts up to date; return the line to print now, or nothing."""
        if kind == "total":
            self.total = int(detail or 0)
        elif kind == "started":
            self.running[student] = self.clock()
            if not self.recent:
                self.recent.append(self.clock())
        elif kind == "executed":
            self.running.pop(student, None)
            self.executed.add(student)
        elif kind in self.counts:
            return self.finish(kind, student, detail)
        elif kind == "message" and detail:
            return printable(f"{student}: {detail}" if student else str(detail))
        return ""

    def finish(self, kind: str, student: str, detail: Any) -> str:
        """Count a submission as finished, and say so where that is worth a line."""
        self.running.pop(student, None)
        self.executed.discard(student)
        self.counts[kind] += 1
        if kind != "kept":  # it took no time, and tells nothing about the others
            self.recent.append(self.clock())
        outcome = detail if isinstance(detail, Outcome) else None
        if kind == "failed" and outcome is None:
            outcome = Outcome(student, "failed", trouble=str(detail or ""))
        trouble = trouble_line(outcome) if outcome else ""
        self.flagged += bool(trouble) and kind != "failed"
        if self.live:
            return trouble
        place = f"[{self.done}/{self.total or '?'}]"
        return f"{place} {trouble or self.plain_line(kind, student, outcome)}"

    @staticmethod
    def plain_line(kind: str, student: str, outcome: Outcome | None) -> str:
        if outcome is None:
            return printable(f"{student}: {kind}")
        parts = [f"{points(outcome.points)} of {points(outcome.max_points)} points"]
        if outcome.waiting:
            parts.append(f"{plural(len(outcome.waiting), 'answer')} to grade by hand")
        if kind == "kept":
            parts.append("kept")
        elif outcome.seconds:
            parts.append(duration(outcome.seconds))
        return printable(f"{student}: {', '.join(parts)}")

    @property
    def done(self) -> int:
        return sum(self.counts.values())

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the recent pace; None while nothing is known about it."""
        finished = len(self.recent) - 1
        if finished < 1 or not self.total:
            return None
        # Up to now, not up to the last one: when nothing gets finished any more, the estimate must grow.
        pace = (self.clock() - self.recent[0]) / finished
        return pace * max(self.total - self.done, 0)

    def draw(self) -> Group:
        with self.lock:
            now = self.clock()
            left = self.seconds_left
            counts = [f"{self.done} of {self.total or '?'} done"]
            if self.counts["kept"]:
                counts.append(f"{self.counts['kept']} of them kept")
            if self.executed:
                counts.append(f"{len(self.executed)} to score")
            if self.counts["failed"]:
                counts.append(f"{self.counts['failed']} failed")
            if self.flagged:
                counts.append(f"{self.flagged} flagged")
            oldest = sorted(self.running.items(), key=lambda item: item[1])
        first = Table.grid(padding=(0, 1), expand=True)
        first.add_column(ratio=1)
        first.add_column(justify="right", no_wrap=True)
        estimate = "time left: not known yet" if left is None else f"about {duration(left)} left"
        first.add_row(
            ProgressBar(total=max(self.total, 1), completed=self.done, width=None),
            f"{duration(now - self.begun)} so far, {estimate}",
        )
        names = [f"{printable(name)[:24]} {duration(now - since)}" for name, since in oldest[:NAMES]]
        if len(oldest) > NAMES:
            names.append(f"and {len(oldest) - NAMES} more")
        running = "running: " + (", ".join(names) or "none")
        lines = [Text(encodable(line, self.console.encoding), no_wrap=True, overflow="ellipsis")
                 for line in (", ".join(counts), running)]  # fmt: skip
        return Group(first, *lines)
