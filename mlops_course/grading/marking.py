"""Formgrader's page for marking by hand: the mark scheme beside each answer, and a way to each of them."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbgrader.utils import is_grade, is_solution, is_task

from mlops_course.grading.scripts import BOXES

Notebook = Any

SCHEME = re.compile(r"^[^\n]*BEGIN MARK SCHEME[^\n]*\n(.*?)\n[^\n]*END MARK SCHEME[^\n]*$", re.S | re.M)

# In a tab of JupyterLab the page is narrower than nbgrader's columns expect: Prev and Next were covered.
STYLE = (
    f"{BOXES}\n"
    + """
.container { width: auto; max-width: 1170px; }
.navbar .col-md-2 { float: left; width: 12%; }
.navbar .col-md-8 { float: left; width: 76%; }
.mark-scheme { float: right; width: 42%; margin: 0 0 1em 1.5em; padding: 0.7em 1em; background: #fff8e1; color: #222;
  border-left: 4px solid #8a5200; font-size: 92%; }
.mark-scheme.in-place { float: none; width: auto; margin: 1em 0; }
.mark-scheme ul { padding-left: 1.2em; }
.mark-scheme > :last-child { margin-bottom: 0; }
input.score { scroll-margin-top: 8em; }
"""
)

# nbgrader's page waits for MathJax, which comes from the network, before it listens to keys. Without a network it would
# never: there is no mathematics to wait for then.
WITHOUT_MATHJAX = """<script>
window.MathJax = window.MathJax || {Hub: {
  Startup: {signal: {Interest: function (listen) { listen("End"); }}}, Queue: function () {}, Config: function () {}
}};
</script>"""


def take_scheme(source: str) -> tuple[str, str]:
    """Split a cell's text into what students see and its mark scheme; an empty scheme if there is none."""
    found = SCHEME.search(source)
    if found is None:
        return source, ""
    return (source[: found.start()] + source[found.end() :]).rstrip(), found.group(1).strip()


def panel(scheme: str, place: str = "") -> str:
    """Write a mark scheme as a box; the blank lines keep its Markdown."""
    return f'<aside class="mark-scheme {place}">\n\n**Mark scheme**\n\n{scheme}\n\n</aside>\n\n'


def is_written(cell: Notebook) -> bool:
    """Tell whether a cell is an answer that a person reads."""
    return is_grade(cell) and is_solution(cell)


def lay_out(cells: list[Notebook]) -> list[tuple[str, str]]:
    """Put mark schemes beside the answers, in place; return id and title of each answer that a person reads.

    A question that is worth nothing itself loses its boxes for points and comments: they are at its answer.
    """
    answers = []
    for number, cell in enumerate(cells):
        following = cells[number + 1] if number + 1 < len(cells) else None
        if is_task(cell):
            visible, scheme = take_scheme(cell.source)
            at_answer = following is not None and is_written(following) and not cell.metadata.nbgrader.get("points")
            if at_answer:
                cell.source, cell.metadata.nbgrader.task = visible, False
                following.metadata.nbgrader["title"] = visible.lstrip("# \n").split("\n")[0]
                if scheme and following.cell_type == "markdown":
                    following.source = panel(scheme) + following.source
                elif scheme:
                    cell.source += "\n\n" + panel(scheme, "in-place")
            elif scheme:
                cell.source = visible + "\n\n" + panel(scheme, "in-place")
        if is_written(cell):
            name = cell.metadata.nbgrader.grade_id
            answers.append((name, cell.metadata.nbgrader.get("title") or name))
    return answers


class MarkingView(Preprocessor):
    """Lay out formgrader's page of a submission. The notebook's file stays as it is, and so does every other page."""

    def preprocess(self, nb: Notebook, resources: dict[str, Any]) -> tuple[Notebook, dict[str, Any]]:
        """Change what is shown, if it is formgrader that shows it."""
        if "submission_id" not in resources:
            return nb, resources
        answers = lay_out(nb.cells)
        top = f"<style>{STYLE}</style>"
        if answers:
            links = "".join(f'<li><a href="#{escape(name)}">{escape(title)}</a></li>' for name, title in answers)
            top += f'\n\n<div class="well well-sm"><b>To mark by hand:</b><ul>{links}</ul></div>'
        nb.cells.insert(0, nbformat.v4.new_markdown_cell(top))
        nb.cells.append(nbformat.v4.new_markdown_cell(WITHOUT_MATHJAX))
        return nb, resources
