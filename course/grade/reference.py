"""What the instructor's own solution shows: which tests can be repeated in a process of their own.

A test that looks at files only can be executed a second time, where the student's code has never been. Whether it
looks at files only is not to be seen from its text alone: it may read what a library remembers, a figure for example.
The instructor's solution shows it: what holds for it in both processes must hold for a student in both.
"""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import nbformat
from nbgrader.utils import is_grade, is_solution

from course.execution.evidence import needs_no_student
from course.execution.job import Finding, Result
from course.execution.keep_going import error_output
from course.grade.source import bound_names, plain_python

Reread = dict[str, dict[str, float]]

SLOW = 0.2  # seconds; of the tests that take longer one for each notebook is repeated, drawn by lot


def trusted_imports(folder: Path) -> dict[str, dict[str, str]]:
    """Read which names the instructor's notebooks bind by importing.

    Parameters
    ----------
    folder
        The assignment in `source/`.

    Returns
    -------
    dict
        Notebook → name → import statement; without names that are bound in another way, too.
    """
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.ipynb")):
        imports: dict[str, str] = {}
        others: set[str] = set()
        for source in code_of(path):
            tree = ast.parse(source)
            for node in tree.body:
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    for alias in node.names:
                        imports[alias.asname or alias.name.partition(".")[0]] = ast.unparse(node)
                else:
                    others |= bound_names(ast.unparse(ast.Module([node], [])))
        found[path.stem] = {name: statement for name, statement in imports.items() if name not in others | {"*"}}
    return found


def code_of(path: Path) -> list[str]:
    """Read a notebook's code cells as plain Python; none if it cannot be read."""
    try:
        cells = nbformat.read(path, as_version=4).cells
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return []
    return [plain_python(cell.source) for cell in cells if cell.cell_type == "code"]


def repeatable(notebook: nbformat.NotebookNode) -> list[str]:
    """List the grade cells of a notebook that, by their text, need nothing of a kernel's memory."""
    bound: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            bound |= bound_names(plain_python(cell.source))
    return [
        cell.metadata.nbgrader.grade_id
        for cell in notebook.cells
        if cell.cell_type == "code"
        and is_grade(cell)
        and not is_solution(cell)
        and needs_no_student(cell.source, bound)
    ]


def to_repeat(known: Reread) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Say which tests of a submission to repeat.

    Parameters
    ----------
    known
        Notebook → grade cell that can be repeated → seconds that it takes.

    Returns
    -------
    reread
        Notebook → all of them.
    drawn
        Notebook → those that take long: one of them is drawn by lot.
    """
    reread = {name: list(cells) for name, cells in known.items()}
    drawn = {name: [cell for cell, seconds in cells.items() if seconds > SLOW] for name, cells in known.items()}
    return reread, drawn


def failed_cells(result: Result) -> list[str]:
    """List the grade cells that the instructor's own solution fails, as `notebook: cell`."""
    failed = []
    for name, content in result.notebooks.items():
        for cell in nbformat.reads(content, as_version=4).cells:
            tests = cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)
            if tests and any(output.output_type == "error" for output in cell.outputs):
                failed.append(f"{name}: {cell.metadata.nbgrader.grade_id}")
    return failed


def remembered(path: Path, version: str) -> tuple[Reread, list[str]] | None:
    """Return what `remember` has written down of this version of an assignment; None if it has not."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["version"] == version:
            return known["reread"], known["failed"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def remember(path: Path, version: str, known: Reread, failed: list[str]) -> None:
    """Write down which tests can be repeated, and which the instructor's solution fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps({"version": version, "reread": known, "failed": failed}), encoding="utf-8")
    part.replace(path)


def judge(result: Result, reread: dict[str, list[str]]) -> Result:
    """Take the points from tests that held in the student's process only.

    Parameters
    ----------
    result
        What came of an execution.
    reread
        Notebook → tests that can be repeated, as far as the instructor's solution has shown. What others found the
        second time says nothing.
    """
    reason = "its tests hold in the student's process, but not in one of their own that reads the same files"
    notebooks, findings = dict(result.notebooks), list(result.findings)
    for name, cells in result.refuted.items():
        refuted = set(cells) & set(reread.get(name, ()))
        if not refuted or name not in notebooks:
            continue
        notebook = nbformat.reads(notebooks[name], as_version=4)
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if cell.cell_type == "code" and grade_id in refuted:
                findings.append(Finding("tampered", name, grade_id, reason))
                cell.outputs.insert(0, error_output("NotBelieved", f"no points for these tests: {reason}"))
        notebooks[name] = nbformat.writes(notebook)
    return replace(result, notebooks=notebooks, findings=tuple(findings))
