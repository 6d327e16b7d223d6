"""Validate one notebook as nbgrader does; write the result to stdout, as nbgrader's dialog in JupyterLab reads it.

What fails is named by its task. For each task there is what the tests expected and found, or that nothing has been
written yet. The tests' code and Python's tracebacks are left out: a student looks for the task, not for the test.
"""

from __future__ import annotations

import html
import json
import os
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_core.paths import jupyter_config_path
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbformat.reader import NotJSONError
from nbgrader.apps import NbGrader
from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError
from nbgrader.utils import compute_checksum, is_grade, is_solution
from nbgrader.validator import Validator
from traitlets.config import Config

WIDTH = 88  # characters of a line in the dialog


class KeepingValidator(Validator):
    """nbgrader's validator, which keeps the notebook that it executed."""

    def _preprocess(self, notebook: NotebookNode) -> NotebookNode:
        self.executed = super()._preprocess(notebook)
        return self.executed


def validate(notebook: Path, config: Config) -> dict[str, Any]:
    """Execute a notebook and say what fails.

    Returns
    -------
    dict
        `success`: whether it could be executed. `value`: an empty dict where all tests pass; else `failed`, `changed`
        or `type_changed` as nbgrader's dialog shows them; or one text that says why it could not be executed.
    """
    validator = KeepingValidator(config=config)
    try:
        results = validator.validate(str(notebook))
    except Exception as problem:
        return {"success": False, "value": fill(explain(problem, notebook))}
    if "changed" in results:
        changed = validator._get_changed_cells(validator.executed)
        results["changed"] = [{"source": changed_cell(cell, validator.executed)} for cell in changed]
    if "failed" in results:
        failed = validator._get_failed_cells(validator.executed)
        results["failed"] = describe(failed, validator.executed)
    return {"success": True, "value": results}


def explain(problem: Exception, notebook: Path) -> str:
    """Say in a line or two why a notebook could not be executed, and what to do."""
    if isinstance(problem, CellTimeoutError):
        return "A cell takes longer than the grading allows, and was stopped. Restart the kernel, run all cells, and " \
               "see which one does not end."  # fmt: skip
    if isinstance(problem, DeadKernelError):
        return "The notebook's kernel died while the cells ran: too little memory, or a cell that ends the process " \
               "(exit, quit, os._exit). Restart the kernel, run all cells, and see where it stops."  # fmt: skip
    if isinstance(problem, FileNotFoundError) and not notebook.exists():
        return f"{notebook.name} is not there any more. Was it renamed? Press the round arrow of the list."
    if isinstance(problem, NoSuchKernel):
        return f"The notebook asks for the kernel {problem.name!r}, which is not installed. Menu Kernel > Change " \
               "Kernel…: choose Python 3 (ipykernel), save, and validate again."  # fmt: skip
    if isinstance(problem, (SchemaTooOldError, SchemaTooNewError)):
        return f"{notebook.name} was made for another version of nbgrader. Ask your instructor for a new copy."
    if isinstance(problem, (NotJSONError, UnicodeDecodeError)):
        return f"{notebook.name} is damaged: it is not a notebook any more. Fetch the assignment again into another " \
               "folder and copy your answers into it."  # fmt: skip
    last = strip_ansi(str(problem)).strip().splitlines() or [""]
    return f"The notebook could not be run: {type(problem).__name__}: {last[-1]}"


def describe(failed: list[NotebookNode], notebook: NotebookNode) -> list[dict[str, str]]:
    """Describe what failed, once for each task, in the notebook's order."""
    tasks: dict[str, list[str]] = {}
    for cell in failed:
        title, answers = task_of(cell, notebook)
        words = tasks.setdefault(title, [])
        missing = bool(answers) and all(untouched(answer) for answer in answers)
        if not words and missing:
            words.append("Nothing is written in the answer yet.")
        elif not words:
            words += [f"Your answer stops with an error. {message(answer)}" for answer in answers if message(answer)]
        if is_solution(cell):  # an answer in words: nbgrader can only see whether it is there
            continue
        points = cell.metadata.nbgrader.get("points", 0)
        why = message(cell) or "The test passes only in part."
        test = f"Test {cell.metadata.nbgrader.grade_id} ({points:g} point{'' if points == 1 else 's'})"
        # That Python misses what nobody has written says nothing new; what a test expects does.
        words.append(f"{test} waits for it." if missing and not expectation(cell) else f"{test}: {why}")
    entries = []
    for title, words in tasks.items():
        text = "\n\n".join(fill(word) for word in words)
        entries.append({"source": title, "error": html.escape(text), "raw_error": text})
    return entries


def task_of(cell: NotebookNode, notebook: NotebookNode) -> tuple[str, list[NotebookNode]]:
    """Give the heading above a cell, and the answer cells between the two."""
    title, answers = "", []
    for other in notebook.cells:
        headings = re.findall(r"^#{1,4} (.+)", other.source, re.MULTILINE) if other.cell_type == "markdown" else []
        if headings and not is_grade(other) and not is_solution(other):
            title, answers = headings[-1].strip(), []
        elif is_solution(other):
            answers.append(other)
        if other is cell:
            break
    return title or cell.metadata.nbgrader.grade_id, answers


def untouched(answer: NotebookNode) -> bool:
    """Tell whether an answer cell is as it was handed out."""
    return answer.metadata.nbgrader.get("checksum") == compute_checksum(answer)


def expectation(cell: NotebookNode) -> str:
    """Give what a failed test says that it expected; nothing if it stopped for another reason."""
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    return strip_ansi(errors[-1].evalue).strip() if errors and errors[-1].ename == "AssertionError" else ""


def message(cell: NotebookNode) -> str:
    """Give the last thing that a cell complained of: an expectation as it is written, an error with its kind."""
    if expectation(cell):
        return expectation(cell)
    for output in reversed(cell.get("outputs", [])):
        if output.output_type == "error":
            if output.ename == "CellTimeoutError":
                return "The cell takes longer than the grading allows, and was stopped."
            text = strip_ansi(output.evalue).strip()
            return f"{output.ename}: {text}" if text else f"{output.ename}, without a message."
    told = [o.text for o in cell.get("outputs", []) if o.output_type == "stream" and o.name == "stderr"]
    if told and is_grade(cell):
        return f"The test printed a warning: {strip_ansi(told[-1]).strip()}"
    return ""


def changed_cell(cell: NotebookNode, notebook: NotebookNode) -> str:
    """Name a locked cell whose text was changed, and say what to do."""
    title, _ = task_of(cell, notebook)
    name = cell.metadata.nbgrader.grade_id
    return fill(
        f"{title}: the cell {name} is not as it was handed out. Grading puts it back, so what you see here may not be "
        "what counts. Undo the change (Ctrl+Z in the cell), or copy the cell from a newly fetched assignment."
    )


def fill(text: str) -> str:
    """Break lines where the dialog would cut them off."""
    return "\n".join(textwrap.fill(line, WIDTH, break_on_hyphens=False) for line in text.splitlines())


def load_config() -> Config:
    """Read nbgrader's configuration as its own handler does: that of Jupyter and that of the current folder."""
    application = NbGrader()
    application.config_file_paths.append([os.getcwd(), *jupyter_config_path()])
    application.load_config_file()
    return application.config


def main() -> None:
    """Validate the notebook that the command line names."""
    # What a notebook or nbgrader prints must not be taken for the answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    result = validate(Path(sys.argv[1]), load_config())
    answers.write(json.dumps(result))
    answers.close()


if __name__ == "__main__":
    main()
