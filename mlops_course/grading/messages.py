"""Say what happened to a submission, in the same words for the terminal, the page and the log."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable

from mlops_course.execution.job import Finding
from mlops_course.grading.outcome import ClassOutcome, Outcome
from mlops_course.words import plural, visible

# The most serious first: only the first one of a submission fits into its line.
KINDS = {
    "problem": "problem",
    "died": "kernel ended",
    "limit": "limit exceeded",
    "pending": "to decide",
    "note": "note",
}
LONGEST = 400  # what a student's code says about itself has no length limit
NO_SANDBOX = (
    "Graded without the sandbox: the students' programs ran with your rights, beside the solutions and the gradebook, "
    "and nothing kept them from the tests."
)


def printable(text: str) -> str:
    """Make a text safe to show: one line, of bounded length, without what steers a terminal or turns the writing round.

    Names and messages come from students. What cannot be shown is written as Python escapes it.
    """
    shown = visible(text[: 4 * LONGEST])
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def points(value: float | None) -> str:
    """Write points; a dash for what is not decided."""
    return "-" if value is None else f"{round(value, 2):g}"


def duration(seconds: float) -> str:
    """Write a time in the two largest units that matter."""
    if not math.isfinite(seconds):  # measured beside a student's code
        return "?"
    if 0 < seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Sort what was seen in a submission, the most serious first."""
    order = list(KINDS)
    return sorted(findings, key=lambda one: order.index(one.kind) if one.kind in order else len(order) - 1.5)


def to_look_at(outcome: Outcome) -> list[Finding]:
    """Sort what nobody has decided about, the most serious first."""
    open_ones = outcome.looked_at(settled=False)
    found = sorted_findings([outcome.findings[position] for position in open_ones])
    known = {name for position in open_ones for name in outcome.touched.get(str(position), [])}
    what = "waits for a decision (nbgrader's log of its grading says why)"
    return found + [
        Finding("pending", one.notebook, one.cell, what) for one in outcome.pending if one.name not in known
    ]


def place(finding: Finding) -> str:
    """Say where something was seen."""
    return " ".join(filter(None, (finding.notebook, finding.cell)))


def next_step(kind: str, student: str, assignment: str = "") -> str:
    """Say what the instructor can do about a finding; with the whole command if the assignment is given."""
    command = f"course grade {shlex.quote(assignment)} " if assignment else ""
    name = shlex.quote(student)
    again = f"{command}--student {name} --force grades it again"
    decide = f"course decide {shlex.quote(assignment)} --student {name}, with --points N or --as-tested, decides"
    return {
        "died": f"read the last cell that ran; {again}",
        "limit": f"read the cell; {again}",
        "pending": "read the cell",
        "note": "",
    }.get(kind, f"correct the cause; {again}") + f"; {decide}" * bool(assignment and kind != "note")


def decisions(outcome: Outcome) -> list[tuple[str, str]]:
    """List what was seen in a submission, and what a person has decided about it."""
    lines = []
    if outcome.status == "failed" and outcome.decided:
        lines.append((f"not graded: {outcome.trouble}", f"decided: {outcome.decided}"))
    for position in outcome.looked_at(settled=True):
        cells = outcome.touched_cells(position)
        given = [f"{cell.cell}: {points(cell.points)} of {points(cell.max_points)} points" for cell in cells]
        lines.append((describe(outcome.findings[position]), f"decided: {', '.join(given) or outcome.decided}"))
    return lines


def describe(finding: Finding) -> str:
    """Say where something was seen, and what."""
    what = finding.message.strip().rstrip(".")
    return f"{place(finding)}: {what}" if place(finding) else what


def trouble_line(outcome: Outcome) -> str:
    """Tell in one line why a submission needs a look, and what to do next; empty if it does not need one."""
    if not outcome.needs_a_look:
        return ""
    if outcome.status == "failed":
        return printable(f"{outcome.student}: not graded: {outcome.trouble or 'no reason is known'}")
    serious = to_look_at(outcome)
    first = serious[0]
    more = f" (and {plural(len(serious) - 1, 'more finding')})" if len(serious) > 1 else ""
    # Shortened before the next step is added: a long message must not push it out.
    what = printable(f"{outcome.student}: {describe(first)}")
    return f"{what}{more}; {printable(next_step(first.kind, outcome.student))}"


def headline(outcome: ClassOutcome) -> str:
    """Say in one sentence how it went."""
    number = len(outcome.outcomes)
    if not number:
        return "no submission was there to be graded"
    look = sum(one.needs_a_look for one in outcome.outcomes)
    if look:
        return f"{look} of {plural(number, 'submission')} {'needs' if look == 1 else 'need'} a look"
    if outcome.outdated:
        return f"{outcome.outdated} of {plural(number, 'submission')} graded before a change, see the warning"
    if number == 1:
        return "1 submission graded, it needs no look"
    return f"{number} submissions graded, none needs a look"


def warnings(outcome: ClassOutcome) -> list[str]:
    """List what weakens the trust in these scores."""
    found = [] if outcome.sandboxed else [NO_SANDBOX]
    again = f"course grade {shlex.quote(outcome.assignment)} --force grades again"
    if outcome.outdated:
        were = f"{plural(outcome.outdated, 'submission')} {'was' if outcome.outdated == 1 else 'were'}"
        changed = "the assignment's tests, code or files were changed; their scores are as they were"
        found.append(f"{were} graded before {changed} (kept, outdated). {again}; with --student ID, only that one.")
    return found
