"""Tell what grading a class came to: a table for the terminal, `grading_report.html` and `grading_report.json`."""

from __future__ import annotations

import json
import math
import shlex
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlops_course.files import write_whole
from mlops_course.grading.messages import (
    decisions,
    describe,
    duration,
    headline,
    next_step,
    points,
    printable,
    to_look_at,
    warnings,
)
from mlops_course.grading.outcome import ClassOutcome, Outcome
from mlops_course.grading.summary import Scores, Task, compare_scores, count_tasks, hardest, make_bins
from mlops_course.words import encodable, plural

SCHEMA = 1
EVERYBODY = 40  # up to so many submissions the table has a row for each
FINDINGS = 3  # of one submission that the terminal shows; the page shows more
BAR = 28
PLAIN = {"box": SIMPLE_HEAD, "show_edge": False, "pad_edge": False, "collapse_padding": True}


def print_report(outcome: ClassOutcome, console: Console) -> None:
    """Print what needs a look, the submissions (of a large class: their distribution), the tasks, and the totals."""

    def show(text: str, style: str = "") -> Text:
        # Text, not markup: names and messages come from students.
        return Text(encodable(printable(text), console.encoding), style=style)

    large = len(outcome.outcomes) > EVERYBODY
    tasks = count_tasks(outcome.outcomes)
    if any(one.needs_a_look for one in outcome.outcomes):
        console.print(look_table(outcome, show))
        console.print()
    for line in decided_lines(outcome):
        console.print(show(line))
    if outcome.outcomes:
        table = distribution_table(outcome, console) if large else submission_table(outcome, show)
        if table:
            console.print(table)
        console.print()
        console.print(show(score_sentence(outcome)))
        console.print()
    if tasks:
        console.print(task_table(tasks, show))
        console.print()
        if sentence := task_sentence(tasks):
            console.print(show(sentence))
            console.print()
    for line in totals(outcome):
        console.print(show(line))
    notes = sum(finding.kind == "note" for one in outcome.outcomes for finding in one.findings)
    if notes:
        console.print(show(f"{plural(notes, 'note')} (what was repaired, and the like) in grading_report.html."))
    for warning in warnings(outcome):
        console.print(show(f"WARNING: {warning}", "bold yellow"))
    console.print(show(f"{outcome.assignment}: {headline(outcome)}.", "bold"))


def look_table(outcome: ClassOutcome, show: Any) -> Table:
    """Lay out the submissions that need a look, what was seen and what to do."""
    table = Table(title="Needs a look", title_justify="left", show_lines=True)
    table.add_column("student", overflow="fold", max_width=18)
    table.add_column("what was seen; next step", overflow="fold")
    for one in outcome.outcomes:
        if one.needs_a_look:
            table.add_row(
                show(one.student), Text("\n").join(show(line) for line in look_lines(one, outcome.assignment))
            )
    return table


def look_lines(outcome: Outcome, assignment: str) -> list[str]:
    """Tell what was seen in a submission, shortly: its trouble, or the first findings, and one next step."""
    if outcome.status == "failed":
        return [f"not graded: {outcome.trouble or 'no reason is known'}"]
    serious = to_look_at(outcome)
    lines = [printable(describe(finding)) for finding in serious[:FINDINGS]]
    if len(serious) > FINDINGS:
        lines.append(f"and {len(serious) - FINDINGS} more in grading_report.html")
    return [*lines, f"Next: {next_step(serious[0].kind, outcome.student, assignment)}"]


def decided_lines(outcome: ClassOutcome) -> list[str]:
    """List what was seen and decided, a line each."""
    lines = []
    for one in outcome.outcomes:
        lines += [f"{one.student}: {seen}; {decided}" for seen, decided in decisions(one)]
    more = [f"and {len(lines) - EVERYBODY} more in grading_report.html"] * (len(lines) > EVERYBODY)
    return ["Decided:", *map(printable, lines[:EVERYBODY]), *more, ""] if lines else []


def submission_table(outcome: ClassOutcome, show: Any) -> Table:
    """Lay out all submissions, one row each."""
    waiting = any(one.waiting for one in outcome.outcomes)
    table = Table(title="Submissions", title_justify="left", **PLAIN)
    table.add_column("student", overflow="fold")
    for name in ("points", "of", *["by hand"] * waiting, "time"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for one in outcome.outcomes:
        table.add_row(
            show(one.student),
            points(one.points if one.cells else None),
            points(one.max_points if one.cells else None),
            *[f"{len(one.waiting)} to do" if one.waiting else ""] * waiting,
            duration(one.seconds) if one.seconds else "-",
            show(status(one), "bold" if one.needs_a_look else ""),
        )
    return table


def status(outcome: Outcome) -> str:
    """Say in a word or two what became of a submission."""
    if outcome.status == "failed":
        return "not graded, decided" if outcome.decided else "NOT GRADED"
    word = "kept, outdated" if outcome.outdated else outcome.status
    if outcome.looked_at(settled=True):
        word += ", decided"
    return f"{word}, LOOK" if outcome.needs_a_look else word


def distribution_table(outcome: ClassOutcome, console: Console) -> Table | None:
    """Lay out how the scores are spread; None if there is none yet."""
    scores = compare_scores(outcome.outcomes)
    bins = make_bins(scores.values, scores.max_points)
    if not bins:
        return None
    most = max(one.count for one in bins)
    table = Table(title="Distribution of scores", title_justify="left", **PLAIN)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("submissions", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    block = "#" if console.options.ascii_only else "█"
    for one in bins:
        length = math.ceil(one.count / most * BAR)
        table.add_row(f"{points(one.low)} to {points(one.high)}", str(one.count), block * length)
    return table


def score_sentence(outcome: ClassOutcome) -> str:
    """Say in words how the scores are spread, and what is not in them."""
    scores = compare_scores(outcome.outcomes)
    if not scores.values and not scores.undecided:
        return "No submission has a score."
    if not scores.max_points:
        return "Every point waits for a person to decide."
    if len(scores.values) == 1:
        text = f"{points(scores.values[0])} of {points(scores.max_points)} points."
    else:
        text = spread_sentence(scores)
    if scores.left_out:
        text += (
            f" Not in it: {plural(scores.left_out, 'cell')} worth {points(scores.left_out_points)} points, because a"
            " person has yet to decide there."
        )
    if scores.undecided:
        text += f" Not counted: {plural(scores.undecided, 'submission')} with tests to decide about."
    return text


def spread_sentence(scores: Scores) -> str:
    """Say where the scores lie."""
    return (
        f"Mean {points(statistics.fmean(scores.values))}, median {points(statistics.median(scores.values))}, "
        f"lowest {points(min(scores.values))}, highest {points(max(scores.values))} of {points(scores.max_points)} "
        f"points ({plural(len(scores.values), 'submission')})."
    )


def task_table(tasks: list[Task], show: Any) -> Table:
    """Lay out what the class got for each grade cell."""
    waiting = any(task.waiting for task in tasks)
    failed = hardest(tasks, most=len(tasks))
    table = Table(title="Points per task, number of submissions", title_justify="left", **PLAIN)
    table.add_column("grade cell", overflow="fold")
    for name in ("full", "some", "none", *["by hand"] * waiting, "mean", "of", "share"):
        table.add_column(name, justify="right", no_wrap=True)
    notebook = None
    for task in tasks:
        if task.notebook != notebook:
            notebook = task.notebook
            table.add_row(show(notebook, "bold"))
        table.add_row(
            Text.assemble("  ", show(task.cell, "bold" if task in failed else "")),
            *(str(number) for number in (task.full, task.partial, task.none)),
            *[str(task.waiting or "")] * waiting,
            points(task.mean),
            points(task.max_points),
            percent(task.share),
        )
    return table


def percent(share: float | None) -> str:
    """Write a share; a dash where nothing is decided. 100% means all and 0% means nothing, whatever rounding says."""
    if share is None:
        return "-"
    whole = round(100 * share)
    if whole == 100 and share < 1:
        whole = 99
    if whole == 0 and share > 0:
        whole = 1
    return f"{whole}%"


def task_sentence(tasks: list[Task]) -> str:
    """Answer the question which task the class failed."""
    if all(task.decided < 2 or task.share is None for task in tasks):
        return ""  # one submission is no class
    failed = hardest(tasks, most=len(tasks))
    if failed:
        names = ", ".join(f"{task.cell} ({percent(task.share)})" for task in failed[:3])
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        return f"The class got less than half of the points of {names}{more}."
    lowest = min((task for task in tasks if task.share is not None), key=lambda task: task.share)
    if lowest.share >= 1:
        return "The class got every point of every task."
    return f"The class failed no task. The lowest share of points: {lowest.cell} ({percent(lowest.share)})."


def totals(outcome: ClassOutcome) -> list[str]:
    """Count what happened, what it took, and what is left to do."""
    if not outcome.outcomes:
        return []
    counts = {
        "graded": sum(one.status == "graded" for one in outcome.outcomes),
        "kept from before": sum(one.status == "kept" for one in outcome.outcomes),
        "not graded": sum(one.status == "failed" for one in outcome.outcomes),
        "flagged": sum(one.needs_a_look and one.status != "failed" for one in outcome.outcomes),
    }
    lines = [
        f"{plural(len(outcome.outcomes), 'submission')}: "
        f"{', '.join(f'{number} {name}' for name, number in counts.items() if number)}; "
        f"{duration(outcome.seconds)} with {plural(outcome.jobs, 'worker')}."
    ]
    waiting = sum(len(one.waiting) for one in outcome.outcomes)
    pending = sum(len(one.pending) for one in outcome.outcomes)
    if pending:
        people = sum(bool(one.pending) for one in outcome.outcomes)
        lines.append(
            f"{plural(pending, 'test')} of {plural(people, 'student')} to decide about: course decide "
            f"{shlex.quote(outcome.assignment)} (--help says how), or formgrader, Manual Grading. Feedback says "
            "'pending' until then."
        )
    if waiting:
        people = sum(bool(one.waiting) for one in outcome.outcomes)
        lines.append(
            f"{plural(waiting, 'answer')} of {plural(people, 'student')} to grade by hand: formgrader, Manual Grading."
        )
    if outcome.backup:
        lines.append(f"The gradebook from before: {outcome.backup}")
    return lines


def write_report(outcome: ClassOutcome, folder: Path) -> Path:
    """Write both files of the report.

    Parameters
    ----------
    outcome
        What grading came to.
    folder
        Where to, normally the course directory. Files of an earlier report are replaced.

    Returns
    -------
    Path
        The HTML page.
    """
    from mlops_course.grading.page import render

    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "grading_report.json", json.dumps(as_json(outcome), indent=1, allow_nan=False) + "\n")
    page = folder / "grading_report.html"
    write_whole(page, render(outcome))
    return page


def as_json(outcome: ClassOutcome) -> dict[str, Any]:
    """Build the content of `grading_report.json`: the model as it is, the exit code, the number of the schema."""
    return {"schema": SCHEMA, "exit_code": outcome.exit_code, **finite(asdict(outcome))}


def finite(value: Any) -> Any:
    """Write null for NaN and infinities: JSON has no numbers for them, and a sandbox may answer them."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
