"""The progress display: what it counts, what it prints, how it estimates."""

import io
import threading

import pytest
from rich.console import Console

from mlops_course.execution.job import Finding
from mlops_course.grading.outcome import CellScore, Outcome
from mlops_course.grading.progress import Progress

CELLS = (CellScore("one", "a", 2.0, 2.0), CellScore("one", "b", None, 5.0, by_hand=True))


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log():
    """A console that is a file."""
    return Console(file=io.StringIO(), width=60)


@pytest.fixture
def terminal():
    return Console(file=io.StringIO(), width=80, force_terminal=True, _environ={"TERM": "xterm"})


def graded(student, **changes):
    return Outcome(student, **({"status": "graded", "cells": CELLS, "seconds": 12.0} | changes))


def drawn(progress):
    """What the display shows now, as text."""
    console = Console(file=io.StringIO(), width=80)
    console.print(progress.draw())
    return console.file.getvalue()


def test_log_has_a_line_for_each_finished_submission(log, clock):
    with Progress(log, clock=clock) as progress:
        progress.event("total", "", 4)
        progress.event("kept", "ada", graded("ada", status="kept"))
        progress.event("started", "ben")
        progress.event("executed", "ben")
        progress.event("graded", "ben", graded("ben"))
        progress.event("failed", "carla", "the disk is full. Make room and run it again.")
        progress.event("message", "", "waiting for the gradebook")
        progress.event("graded", "dmitri", graded("dmitri", findings=(Finding("limit", "one", "a", "Too long."),)))
    assert log.file.getvalue().splitlines() == [
        "[1/4] ada: 2 of 7 points, 1 answer to grade by hand, kept",
        "[2/4] ben: 2 of 7 points, 1 answer to grade by hand, 12 s",
        "[3/4] carla: not graded: the disk is full. Make room and run it again.",
        "waiting for the gradebook",
        "[4/4] dmitri: one a: Too long; read the cell; --student dmitri --force grades it again",
    ]


def test_terminal_shows_only_trouble_and_cleans_up(terminal, clock):
    with Progress(terminal, clock=clock) as progress:
        progress.event("total", "", 2)
        progress.event("graded", "ada", graded("ada"))
        progress.event("failed", "ben", graded("ben", status="failed", trouble="no notebook. Ask for it."))
    text = terminal.file.getvalue()
    assert "ben: not graded: no notebook. Ask for it." in text
    assert "ada" not in text
    assert text.endswith("\x1b[2K"), "the display is gone"


def test_terminal_is_left_in_order_after_an_error(terminal, clock):
    def interrupted():
        with Progress(terminal, clock=clock):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.file.getvalue().count("\x1b[?25l") == terminal.file.getvalue().count("\x1b[?25h") == 1, "the cursor"


def test_counts_and_running(terminal, clock):
    progress = Progress(terminal, clock=clock)
    assert "0 of ? done" in drawn(progress)
    progress.event("total", "", 20)
    for name in ("ada", "ben", "carla", "dmitri", "elif", "farid"):
        progress.event("started", name)
        clock.now += 3
    progress.event("kept", "zoe", graded("zoe", status="kept"))
    progress.event("executed", "ada")
    text = drawn(progress)
    assert "1 of 20 done, 1 of them kept, 1 to score\n" in text
    assert "running: ben 15 s, carla 12 s, dmitri 9.0 s, elif 6.0 s, and 1 more" in text
    progress.event("graded", "ada", graded("ada", findings=(Finding("died", "one", None, "The kernel ended."),)))
    progress.event("failed", "ben", "unreadable")
    text = drawn(progress)
    assert "3 of 20 done, 1 of them kept, 1 failed, 1 flagged\n" in text
    assert "ben" not in text


def test_time_left_follows_the_recent_pace(terminal, clock):
    progress = Progress(terminal, clock=clock)
    progress.event("total", "", 200)
    for number in range(50):
        progress.event("kept", f"kept{number}", None)
    assert progress.seconds_left is None, "what is kept tells nothing"
    assert "time left: not known yet" in drawn(progress)
    for number in range(50):
        progress.event("started", f"slow{number}")
        clock.now += 20
        progress.event("graded", f"slow{number}", None)
    assert progress.seconds_left == pytest.approx(100 * 20)
    for number in range(50):
        progress.event("started", f"fast{number}")
        clock.now += 2
        progress.event("graded", f"fast{number}", None)
    assert progress.seconds_left == pytest.approx(50 * 2)
    clock.now += 640
    assert progress.seconds_left > 1000, "nothing gets finished: it must not promise the end"
    assert "about" in drawn(progress)


def test_time_left_is_nothing_at_the_end(terminal, clock):
    progress = Progress(terminal, clock=clock)
    progress.event("total", "", 1)
    progress.event("started", "ada")
    clock.now += 5
    progress.event("graded", "ada", None)
    assert progress.seconds_left == 0


def test_hostile_names(log, terminal, clock):
    name = "\x1b[2J[bold]x[/] \u202e\udce9\n"
    for console in (log, terminal):
        with Progress(console, clock=clock) as progress:
            progress.event("total", "", 2)
            progress.event("started", name)
            shown = drawn(progress)
            progress.event("failed", name, name)
        text = console.file.getvalue() + shown
        assert "\x1b[2J" not in text
        assert "\\x1b[2J[bold]x[/] \\u202e\\udce9" in text
    assert len(shown.splitlines()) == 3


def test_names_that_the_terminal_cannot_show(clock):
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii"), width=80)
    with Progress(console, clock=clock) as progress:
        progress.event("failed", "josé", "no notebook")
    console.file.flush()
    assert raw.getvalue() == b"[1/?] jos\\xe9: not graded: no notebook\n"


def test_a_display_does_not_stop_the_grading(log, clock):
    with Progress(log, clock=clock) as progress:
        progress.event("something new", "ada", object())
        progress.event("executed", "nobody")
        progress.event("total", "", None)
        progress.event("graded", "ada")
        progress.event("failed", "ben")
    assert log.file.getvalue().splitlines() == ["[1/?] ada: graded", "[2/?] ben: not graded: no reason is known"]


def test_events_from_many_threads(log, clock):
    with Progress(log, clock=clock) as progress:
        progress.event("total", "", 400)

        def grade(part):
            for number in range(100):
                progress.event("started", f"{part}-{number}")
                progress.event("graded", f"{part}-{number}", graded("x"))

        threads = [threading.Thread(target=grade, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert progress.done == 400
    assert not progress.running
    lines = log.file.getvalue().splitlines()
    assert sorted(int(line[1 : line.index("/")]) for line in lines) == list(range(1, 401))
