"""Draw `grading_report.html`: one file, no script, no address outside it, readable in greyscale and in dark mode."""

from __future__ import annotations

import math
import shlex
import statistics
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from rich.filesize import decimal

from mlops_course.grading import messages
from mlops_course.grading import report as texts
from mlops_course.grading.outcome import ClassOutcome, Outcome
from mlops_course.grading.summary import Bin, compare_scores, count_tasks, hardest, make_bins, round_width
from mlops_course.words import plural

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 230, 40, 12, 22, 40
FINDINGS = 20  # of one submission; the JSON file has all
SLOWEST = 12


def render(outcome: ClassOutcome) -> str:
    """Render the page."""
    environment = Environment(
        loader=PackageLoader("mlops_course.grading"),
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
        # What is shown passes through here, so that no name or message of a student can be forgotten.
        finalize=lambda value: messages.printable(value) if type(value) is str else value,
    )
    environment.globals |= {
        "describe": messages.describe, "duration": messages.duration, "kinds": messages.KINDS, "place": messages.place,
        "plural": plural, "points": messages.points, "percent": texts.percent, "status": texts.status,
        "next_step": messages.next_step, "quote": shlex.quote,
    }  # fmt: skip
    tasks = count_tasks(outcome.outcomes)
    timed = [one for one in outcome.outcomes if one.seconds > 0 and math.isfinite(one.seconds)]
    return environment.get_template("grading_report.html").render(
        outcome=outcome,
        headline=messages.headline(outcome),
        warnings=messages.warnings(outcome),
        totals=texts.totals(outcome),
        look=[flags(number, one) for number, one in enumerate(outcome.outcomes) if one.needs_a_look],
        decided=[
            (number, one, lines) for number, one in enumerate(outcome.outcomes) if (lines := messages.decisions(one))
        ],
        noted=[flags(number, one, notes=True) for number, one in enumerate(outcome.outcomes) if has_notes(one)],
        scores=score_figure(outcome),
        score_sentence=texts.score_sentence(outcome),
        tasks=tasks,
        failed=hardest(tasks, most=len(tasks)),
        task_sentence=texts.task_sentence(tasks),
        times=time_figures(timed),
        rows=[row(one) for one in outcome.outcomes],
        notebooks=list(dict.fromkeys(cell.notebook for one in outcome.outcomes for cell in one.cells)),
        waiting=any(cell.points is None for one in outcome.outcomes for cell in one.cells),
        measured=any(one.peak_bytes for one in outcome.outcomes),
    )


def has_notes(outcome: Outcome) -> bool:
    """Tell whether there are notes about a submission."""
    return any(finding.kind == "note" for finding in outcome.findings)


def flags(number: int, outcome: Outcome, *, notes: bool = False) -> dict[str, Any]:
    """Collect what was seen in a submission: the notes, or what nobody has decided about."""
    findings = [one for one in outcome.findings if one.kind == "note"] if notes else messages.to_look_at(outcome)
    return {"number": number, "outcome": outcome, "findings": findings[:FINDINGS],
            "more": max(len(findings) - FINDINGS, 0)}  # fmt: skip


def row(outcome: Outcome) -> dict[str, Any]:
    """Sum what the table of all submissions shows."""
    sums: dict[str, float] = {}
    for cell in outcome.cells:
        sums[cell.notebook] = sums.get(cell.notebook, 0.0) + (cell.points or 0.0)
    return {
        "outcome": outcome,
        "notebooks": sums,
        "memory": decimal(outcome.peak_bytes) if outcome.peak_bytes else "",
    }


def score_figure(outcome: ClassOutcome) -> dict[str, Any] | None:
    """Histogram of the comparable scores, with the median as its finding."""
    scores = compare_scores(outcome.outcomes)
    if len(scores.values) < 2:
        return None
    figure = histogram(make_bins(scores.values, scores.max_points), statistics.median(scores.values))
    if figure:
        median = messages.points(statistics.median(scores.values))
        best = sum(value >= scores.max_points for value in scores.values)
        figure["title"] = f"Half of the class has {median} of {messages.points(scores.max_points)} points or more"
        figure["note"] = f"Full points: {best} of {plural(len(scores.values), 'submission')}."
    return figure


def time_figures(timed: list[Outcome]) -> dict[str, Any] | None:
    """Bars for the slowest submissions, and the distribution if there are more."""
    if not timed:
        return None
    seconds = [one.seconds for one in timed]
    # One that ran into a limit must not press the others into a single bar.
    median = statistics.median(seconds)
    end = min(round_width(3 * median), max(seconds))
    longer = sum(value > end for value in seconds)
    clipped = [min(value, end) for value in seconds]
    return {
        "median": median,
        "longest": max(seconds),
        "together": sum(seconds),
        "histogram": histogram(make_bins(clipped, end), median) if len(timed) > SLOWEST else None,
        "longer": f"The last bar has {longer} more that took longer than {messages.duration(end)}." if longer else "",
        "slowest": [
            {"outcome": one, "width": round(100 * one.seconds / max(seconds), 1), "slowest": slowest_notebook(one)}
            for one in sorted(timed, key=lambda one: -one.seconds)[:SLOWEST]
        ],
        "everybody": len(timed) <= SLOWEST,
    }


def slowest_notebook(outcome: Outcome) -> str:
    """Say which notebook of a submission took longest; nothing if there is only one."""
    seconds = {name: value for name, value in outcome.notebook_seconds.items() if math.isfinite(value)}
    if len(seconds) < 2:
        return ""
    name = max(seconds, key=seconds.get)
    return f"{messages.duration(seconds[name])} of it in {name}"


def histogram(bins: list[Bin], median: float) -> dict[str, Any] | None:
    """Scale bins into a drawing of `WIDTH` by `HEIGHT`; None where there is nothing to draw."""
    if not bins:
        return None
    most, end = max(one.count for one in bins), bins[-1].high
    floor = HEIGHT - BOTTOM
    edges = [0.0, *(one.high for one in bins)]
    if len(edges) > 2 and edges[-1] - edges[-2] < 0.05 * end:  # the last bar can be narrow: two labels would touch
        del edges[-2]

    def across(value: float) -> float:
        return round(LEFT + value / end * (WIDTH - LEFT - RIGHT), 1)

    def up(count: float) -> float:
        return round(floor - count / most * (floor - TOP), 1)

    return {
        "width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "floor": floor,
        "bars": [
            {"x": across(one.low) + 1, "width": round(across(one.high) - across(one.low) - 2, 1), "y": up(one.count),
             "height": round(floor - up(one.count), 1), "middle": (across(one.low) + across(one.high)) / 2,
             "low": messages.points(one.low), "high": messages.points(one.high), "count": one.count}
            for one in bins
        ],
        "ticks": [{"x": across(value), "label": messages.points(value)} for value in edges],
        "median": {"x": across(median), "label": messages.points(median)},
    }  # fmt: skip
