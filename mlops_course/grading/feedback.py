"""Feedback without hidden tests and mark schemes: neither in the cells nor in the messages of failed tests."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.filters import strip_ansi
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor
from nbgrader.utils import is_task
from traitlets import List, Unicode

from mlops_course.grading.scripts import BOXES, DisarmScripts

Notebook = Any

# Shorter lines, such as `else:`, tell nothing; and a student's own output may well contain them.
TELLING = 12

PENDING = "*Pending* means that a person has yet to decide about these points. The sum above is without them."

# What IPython puts before a line of code in a traceback: an arrow, the number of the line.
GUTTER = re.compile(r"^\s*(?:-+>\s*)?\d*\s*")


def split_regions(source: str, begin: str, end: str, instead: str) -> tuple[str, list[str]]:
    """Cut the regions between two marks out of a cell.

    Parameters
    ----------
    source : str
        Text of a cell.
    begin, end : str
        A line that contains `begin` opens a region, the next with `end` closes it.
    instead : str
        Line that takes the place of a region.

    Returns
    -------
    visible : str
        The text without the regions.
    secret : list of str
        The lines of the regions, stripped, without empty ones.
    """
    visible: list[str] = []
    secret: list[str] = []
    inside = False
    for line in source.split("\n"):
        if begin in line:
            inside = True
            visible.append(instead)
        elif end in line:
            inside = False
        elif inside:
            secret.append(line.strip())
        else:
            visible.append(line)
    return "\n".join(visible), [line for line in secret if line]


def without(text: str, secret: Iterable[str]) -> str:
    """Remove every line that is, or contains, a secret one."""
    secret = set(secret)
    telling = [line for line in secret if len(line) >= TELLING]
    kept = []
    for line in text.split("\n"):
        plain = GUTTER.sub("", strip_ansi(line)).strip()
        if plain in secret or any(part in plain for part in telling):
            continue
        kept.append(line)
    return "\n".join(kept)


class HideTests(NbGraderPreprocessor):
    """Take hidden tests and mark schemes out of a notebook on its way to feedback."""

    tests_instead = Unicode(
        "# (Here stand tests that run only when the work is graded.)",
        help="Line that takes the place of hidden tests.",
    ).tag(config=True)

    # As nbgrader's own GetGrades has it: nbconvert sets it for every preprocessor, and warns where it cannot.
    display_data_priority = List(config=True)

    def preprocess(self, nb: Notebook, resources: dict[str, Any]) -> tuple[Notebook, dict[str, Any]]:
        """Cut all regions first: the output of one cell can show the text of another."""
        secret: set[str] = set()
        for cell in nb.cells:
            for begin, end, instead in (
                ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS", self.tests_instead),
                ("BEGIN MARK SCHEME", "END MARK SCHEME", ""),
            ):
                cell.source, lines = split_regions(cell.source, begin, end, instead)
                secret.update(lines, (begin, end) if lines else ())  # a traceback can show the marks, too
        visible = {line.strip() for cell in nb.cells for line in cell.source.split("\n")}
        secret -= visible
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                self.clean(output, secret)
            if is_task(cell) and not cell.metadata.nbgrader.get("points") and not cell.metadata.nbgrader.get("comment"):
                cell.metadata.nbgrader.task = False  # it would be listed as a task with 0 of 0 points
        return nb, resources

    def clean(self, output: Notebook, secret: set[str]) -> None:
        """Remove secret lines from one output, in place."""
        if output.output_type == "stream":
            output.text = without(output.text, secret)
        elif output.output_type == "error":
            output.traceback = [
                entry for entry in (without(part, secret) for part in output.traceback) if entry.strip()
            ]
            output.evalue = without(output.evalue, secret)
        else:
            for kind, content in output.get("data", {}).items():
                if isinstance(content, str):
                    output.data[kind] = without(content, secret)


class PageStyle(CSSHTMLHeaderPreprocessor):
    """nbconvert's style sheets, and one that keeps what a student displays in its own box."""

    def preprocess(self, nb: Notebook, resources: dict[str, Any]) -> tuple[Notebook, dict[str, Any]]:
        """Add the style sheets to what the template puts into the page."""
        nb, resources = super().preprocess(nb, resources)
        resources["inlining"]["css"].append(BOXES)
        return nb, resources


class Pending(NbGraderPreprocessor):
    """Mark what a person has yet to decide about: nbgrader shows 0 there."""

    display_data_priority = List(config=True)

    def preprocess(self, nb: Notebook, resources: dict[str, Any]) -> tuple[Notebook, dict[str, Any]]:
        """Take the 0 away, and say what the word means that comes in its place."""
        names, waits = resources["nbgrader"], False
        with Gradebook(names["db_url"]) as gradebook:
            submission = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
            grades = {grade.name: grade for grade in submission.grades}
            for cell in nb.cells:
                grade = grades.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
                if grade and grade.needs_manual_grade and grade.manual_score is None and grade.max_score:
                    cell.metadata.nbgrader.score, waits = math.nan, True
        if waits:
            nb.cells.insert(0, new_markdown_cell(PENDING))
        return nb, resources


class FeedbackExporter(HTMLExporter):
    """The page of feedback. nbgrader's template writes every score as a number."""

    def from_notebook_node(self, nb: Notebook, resources: Any = None, **keywords: Any) -> tuple[str, Any]:
        """Write a word where there is no number yet."""
        page, resources = super().from_notebook_node(nb, resources, **keywords)
        return page.replace(f"Score: {math.nan} /", "Score: pending /"), resources


# Scripts after hidden tests: what is harmless may not be any more when lines are missing.
PREPROCESSORS = [GetGrades, Pending, HideTests, DisarmScripts, PageStyle]
