"""Print what the instructor's own solution gets."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlops_course.grading.messages import describe, duration, points, printable
from mlops_course.grading.outcome import CellScore
from mlops_course.grading.solution import GENERATE, NAME, Solved
from mlops_course.words import encodable, plural

NO_SANDBOX = "Your solution and the tests ran without the sandbox, with your rights."


def print_solved(outcome: Solved, console: Console) -> None:
    """Print what the solution gets in each notebook, what it loses and why, and one sentence at the end."""

    def show(text: str, style: str = "") -> Text:
        return Text(encodable(printable(text), console.encoding), style=style)

    title = show(f"{outcome.assignment}: {NAME}", "italic")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("notebook", overflow="fold")
    for heading in ("tests give", "of", "by hand"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name in dict.fromkeys(cell.notebook for cell in outcome.cells):
        table.add_row(show(name), *map(points, sums([cell for cell in outcome.cells if cell.notebook == name])))
    console.print(table)
    console.print()
    for finding in (*outcome.failed, *outcome.lost, *outcome.findings):
        console.print(show(describe(finding)), soft_wrap=True)
    if outcome.failed or outcome.lost or outcome.findings:
        console.print()
    if outcome.stale:
        text = f"{', '.join(outcome.stale)}: saved after it was generated, and what is graded is what was generated"
        text = f"WARNING: {text}. Run `{GENERATE.format(outcome.assignment)}`, then this again."
        console.print(show(text, "bold yellow"), soft_wrap=True)
    if not outcome.sandboxed:
        console.print(show(f"WARNING: {NO_SANDBOX}", "bold yellow"))
    console.print(show(sentence(outcome), "bold"), soft_wrap=True)


def sums(cells: list[CellScore]) -> tuple[float, float, float]:
    """Sum what tests give, what they could give, and what a person gives."""
    tests = [cell for cell in cells if not cell.by_hand]
    return (
        sum(cell.points or 0.0 for cell in tests),
        sum(cell.max_points for cell in tests),
        sum(cell.max_points for cell in cells if cell.by_hand),
    )


def sentence(outcome: Solved) -> str:
    """Say in one sentence how it went, and what to do."""
    given, most, by_hand = sums(list(outcome.cells))
    rest = f"; {points(by_hand)} are given by hand" if by_hand else ""
    text = f"{points(given)} of the {points(most)} points that tests give, in {duration(outcome.seconds)}{rest}."
    if outcome.together:
        text += f" In the student's kernel, tagged `together`: {plural(outcome.together, 'test')}."
    if outcome.lost and outcome.together is not None:
        text += " A test that needs the student's kernel is tagged `together`."
    if outcome.to_mend:
        what = plural(len(outcome.to_mend), "cell")
        return (
            f"{text} {what} to correct in source/ before students get it; then `{GENERATE.format(outcome.assignment)}`."
        )
    if outcome.findings:
        return f"{text} Students who solve it like this are reported in the same way: change the solution or the test."
    return text if outcome.stale else f"{text} All is well."
