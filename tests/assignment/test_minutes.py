"""The minutes that each task prints follow one rule, and sum up to what the texts around the assignment promise.

The rule was fitted to solving all tasks from the release alone, straight after the lessons, and to three tasks that
others had timed before (5 minutes each: predict with a logged model, another seed, the spread over twelve seeds). A task
takes

- a minute for each 150 words that a student reads: the task's text, the stub, the cell for trying;
- a minute for each 1.5 lines of the solution that stand nowhere in what the student is given, looking up included;
- a minute of thinking for each point that a test gives;
- a minute and a half for running the start, the answer, the trial and the tests, *Run All* and *Validate* included;
- where the answer is in words, instead of lines and points: a minute for each 12 of the 125 words that are asked for.

A maintainer who changes a task prints what `ruled` says, give or take a minute. If the sum is no longer five hours, change
a task: give code instead of having it written, or ask less.
"""

import re

import nbformat
import pytest

from tests.assignment.course_copy import ASSIGNMENT, NOTEBOOKS, ROOT
from tests.assignment.secret_lines import cells_of, settings

HOURS, LONGEST = 5, 40
HEADING = re.compile(r"^### .*\(([\d.]+) points?, (\d+) minutes\)", re.MULTILINE)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def tasks(cells):
    """Split a notebook at the headings of its tasks: the cells of each."""
    found, is_task = [], False
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith(("## ", "### ")):
            is_task = bool(HEADING.match(cell.source))
            found += [[]] if is_task else []
        if is_task:
            found[-1].append(cell)
    return found


def ruled(cells, solutions, given):
    """Say how many minutes the rule gives a task, from its released cells, the solutions by id, and all lines given."""
    read = [cell for cell in cells if not cell.metadata.get("jupyter", {}).get("source_hidden")]
    words = sum(len(cell.source.split()) for cell in read)
    parts = [part for cell in cells for part in SOLUTION.findall(solutions.get(cell.id, ""))]
    lines = {line.strip() for part in parts for line in part.splitlines()} - given - {""}
    in_words = any(cell.cell_type == "markdown" and settings(cell).get("solution") for cell in cells)
    points = float(HEADING.match(cells[0].source)[1])
    return words / 150 + (125 / 12 if in_words else len(lines) / 1.5 + points) + 1.5


def minutes_of(name):
    """List printed and ruled minutes of each task of a notebook."""
    released, source = (cells_of(ROOT / room / ASSIGNMENT / f"{name}.ipynb") for room in ("release", "source"))
    code = (ROOT / "source" / ASSIGNMENT / "start" / "unrepaired.py").read_text(encoding="utf-8")
    given = {line.strip() for text in (code, *(cell.source for cell in released)) for line in text.splitlines()}
    solutions = {cell.id: cell.source for cell in source}
    return [(int(HEADING.match(one[0].source)[2]), ruled(one, solutions, given)) for one in tasks(released)]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_printed_minutes_follow_the_rule(name):
    minutes = minutes_of(name)
    assert minutes
    assert [(printed, round(rule, 1)) for printed, rule in minutes if abs(printed - rule) > 1] == []
    assert max(printed for printed, _ in minutes) <= LONGEST
    title = next(
        cell.source for cell in cells_of(ROOT / "source" / ASSIGNMENT / f"{name}.ipynb") if "|---" in cell.source
    )
    assert f"bout {5 * round(sum(printed for printed, _ in minutes) / 5)} minutes" in title


def test_they_sum_up_to_the_hours_that_are_promised():
    assert sum(printed for name in NOTEBOOKS for printed, _ in minutes_of(name)) == 60 * HOURS
    header = " ".join(cell.source for cell in cells_of(ROOT / "source" / "header.ipynb"))
    readme, checklist = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CHECKLIST.md"))
    for text in (header, readme, checklist):
        assert re.search(r"\b[Ff]ive hours\b", text)
        assert not re.search(r"\b(four|six|seven|eight) hours\b", text)


def test_a_task_that_grows_takes_longer():
    text = nbformat.v4.new_markdown_cell("### Task 1 · Add (2 points, 5 minutes)\n" + "word " * 142, id="text")
    told = {"nbgrader": {"solution": True}}
    stub = nbformat.v4.new_code_cell("# YOUR CODE HERE", id="stub", metadata=told)
    solved = "### BEGIN SOLUTION\na = 1\n\nb = 2\nc = 3\n### END SOLUTION"
    assert round(ruled([text, stub], {"stub": solved}, set()), 1) == 6.5
    assert round(ruled([text, stub], {"stub": solved}, {"b = 2"}), 1) == 5.9
    answer = nbformat.v4.new_markdown_cell("YOUR ANSWER HERE", id="answer", metadata=told)
    assert round(ruled([text, answer], {}, set()), 1) == 12.9
