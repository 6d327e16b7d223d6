"""Show a report: for people in the terminal, for programs as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_course.check.locate import shown
from mlops_course.check.model import Deliverable, Packed, Report, Status, Test
from mlops_course.words import encodable, plural, visible

SCHEMA = 1
MESSAGES = 3  # of failed tests for each deliverable; --json has all
LETTERS = 240  # of each of them
STYLES = {Status.THERE: "green", Status.WRONG: "bold red", Status.UNREADABLE: "bold red", Status.MISSING: "bold red"}


def print_report(report: Report, console: Console, here: Path) -> None:
    """Print the table of deliverables, then what to do, then what is good to know."""

    def show(text: str, style: str = "") -> Text:
        # Text, not markup: names and messages come from notebooks.
        return Text(encodable(visible(text), console.encoding), style=style)

    table = Table(
        title=show(f"{report.assignment}, in {shown(Path(report.folder), here)}"),
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("deliverable", max_width=26)
    table.add_column("state", no_wrap=True)
    table.add_column("what was found", overflow="fold")
    for one in report.deliverables:
        table.add_row(show(one.name), show(one.status, STYLES.get(one.status, "yellow")), show(one.found))
    console.print(table)
    open_ones = [one for one in report.deliverables if one.status is not Status.THERE]
    if open_ones:
        console.print()
        console.print(show("Next steps", "bold"))
        for number, one in enumerate(open_ones, start=1):
            console.print(item(f"{number}.", show(one.next_step)))
            for line in messages(one):
                console.print(Padding(item("-", show(line)), (0, 0, 0, 3)))
        console.print(show("To run all cells: menu Kernel, Restart Kernel and Run All Cells. To save: Ctrl+S.", "dim"))
    if report.warnings:
        console.print()
        console.print(show("Good to know (costs nothing by itself)", "bold"))
        for warning in report.warnings:
            console.print(item("-", show(warning)))
    console.print()
    if report.packed:
        print_packed(report.packed, console, here, show)
    console.print(show(headline(report), "bold"))


def item(mark: str, text: Text) -> Table:
    """Lay out a point of a list, its further lines below the first."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    return grid


def messages(one: Deliverable) -> list[str]:
    """Give what the tests that do not pass say, as the notebook shows it; equal messages once."""
    said: dict[str, Test] = {}
    for test in one.tests:
        if test.message and test.status is not Status.THERE and test.name != test.task:
            said.setdefault(test.message, test)
    lines = [
        f"{test.label}: {text if len(text) <= LETTERS else text[:LETTERS] + ' …'}"
        for text, test in list(said.items())[:MESSAGES]
    ]
    more = len(said) - len(lines)
    return [*lines, f"… and {plural(more, 'more message')}: see the notebook"] if more > 0 else lines


def print_packed(packed: Packed, console: Console, here: Path, show: Any) -> None:
    """Say what is in the zip, and what is not."""
    console.print(show(f"{shown(Path(packed.path), here)}: {plural(len(packed.files), 'file')}", "bold"))
    for one in packed.left_out:
        console.print(item("-", show(f"left out: {one.path} {one.reason}.")))
    for name in packed.without_outputs:
        text = f"without its outputs, with which it is too large: {name}. Grading runs it again, so nothing is lost."
        console.print(item("-", show(text)))


def headline(report: Report) -> str:
    """Sum up in one line."""
    there = sum(one.status is Status.THERE for one in report.deliverables)
    if report.complete:
        return "Everything is there. Further tests, and a person, look at it when it is graded."
    return f"{there} of {len(report.deliverables)} are there."


def to_json(report: Report) -> str:
    """Write a report for programs."""
    content = {"schema": SCHEMA, "complete": report.complete, **asdict(report)}
    return json.dumps(content, indent=2, ensure_ascii=True)
