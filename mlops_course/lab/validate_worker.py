"""Validate one notebook as it is graded; write the result to stdout, as nbgrader's dialog in JupyterLab reads it.

What fails is named by its task. For each task there is what the tests expected and found, or that nothing has been
written yet. The tests' code and Python's tracebacks are left out: a student looks for the task, not for the test.
"""

from __future__ import annotations

import builtins
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
from nbgrader.utils import (
    chdir,
    compute_checksum,
    determine_grade,
    has_failed,
    is_grade,
    is_locked,
    is_solution,
    setenv,
)
from nbgrader.validator import Validator
from traitlets.config import Config

from mlops_course.check.locate import released_notebook
from mlops_course.errors import CourseError
from mlops_course.execution.names import global_names, plain_python
from mlops_course.grading.hand_in import read_notebook
from mlops_course.grading.restore import as_graded, copied, grade_id, say_split

WIDTH = 80  # characters of a line: nbgrader cuts longer ones in the terminal


def validate(path: Path, config: Config) -> dict[str, Any]:
    """Execute a notebook, its cells found and put back as grading does, and say what fails.

    Returns
    -------
    dict
        `success`: whether it could be executed. `value`: an empty dict where all tests pass; else `failed`, `changed`
        or `type_changed` as nbgrader's dialog shows them; or one text that says why it could not be executed.
    """
    try:
        notebook = read_notebook(path)
        split = copied(notebook.cells)
        if split:
            return {"success": True, "value": {"changed": [{"source": fill(say_split(name))} for name in split]}}
        put_right(notebook, path)
        retyped = [cell for cell in notebook.cells if grade_id(cell) and released_type(cell) != cell.cell_type]
        if retyped:
            return {"success": True, "value": {"type_changed": [retyped_cell(cell) for cell in retyped]}}
        with chdir(str(path.parent)), setenv(NBGRADER_VALIDATING="1", NBGRADER_EXECUTION="validate"):
            for preprocessor in Validator().preprocessors:
                notebook, _ = preprocessor(config=config).preprocess(notebook, {})
        changed = [cell for cell in notebook.cells if was_changed(cell)]
        failed = [cell for cell in notebook.cells if is_grade(cell) and lacks_points(cell)]
    except Exception as problem:  # a student's program, and whatever a damaged file leads to
        return {"success": False, "value": fill(explain(problem, path))}
    if changed:
        return {"success": True, "value": {"changed": [{"source": changed_cell(cell, notebook)} for cell in changed]}}
    return {"success": True, "value": {"failed": describe(failed, notebook)} if failed else {}}


def put_right(notebook: NotebookNode, path: Path) -> None:
    """Make of a student's cells what grading makes of them, where the released notebook is there to compare with.

    Raises
    ------
    CourseError
        If none of them is the assignment's.
    """
    released = released_notebook(path)
    if released is not None:
        notebook.cells[:], _ = as_graded(notebook.cells, read_notebook(released).cells)
    if not any(map(grade_id, notebook.cells)):
        raise CourseError(
            f"{path.name} has no tests. If it is the assignment's, an editor has dropped what marks them: put your "
            "answers into a fresh copy, and validate that."
        )


def released_type(cell: NotebookNode) -> str:
    """Give the type that a cell of the assignment was released with."""
    return cell.metadata.nbgrader.get("cell_type") or cell.cell_type


def retyped_cell(cell: NotebookNode) -> dict[str, str]:
    """Show a cell whose type was changed."""
    return {"source": cell.source.strip(), "old_type": released_type(cell), "new_type": cell.cell_type}


def was_changed(cell: NotebookNode) -> bool:
    """Tell whether a locked cell is not as it was released."""
    return is_locked(cell) and cell.metadata.nbgrader.get("checksum", compute_checksum(cell)) != compute_checksum(cell)


def lacks_points(cell: NotebookNode) -> bool:
    """Tell whether a test does not give all its points; nbgrader's rule."""
    points, most = determine_grade(cell)
    return points is not None and (points < most or (most == 0 and has_failed(cell)))


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
    if isinstance(problem, CourseError):
        return str(problem)
    split = re.fullmatch(r"Duplicate grade id: (.+)", str(problem))
    if split:
        return say_split(split[1])
    if isinstance(problem, NotJSONError) and r"\ufeff" in str(problem):
        return f"{notebook.name} begins with a byte-order mark, which nbgrader's command cannot read. Grading and " \
               "the button Validate can. Save it as UTF-8 without BOM in the editor you used."  # fmt: skip
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
        own = own_names(cell, notebook)
        if own and not expectation(cell):
            why = f"it needs Python's own {own}. Your code has given this name to something else: choose another name."
        test = f"Test {cell.metadata.nbgrader.grade_id} ({points:g} point{'' if points == 1 else 's'})"
        # That Python misses what nobody has written says nothing new; what a test expects does.
        words.append(f"{test} waits for it." if missing and not expectation(cell) else f"{test}: {why}")
    entries = []
    for title, words in tasks.items():
        text = "\n\n".join(fill(word) for word in words)
        entries.append({"source": title, "error": html.escape(text), "raw_error": text})
    return entries


def own_names(test: NotebookNode, notebook: NotebookNode) -> str:
    """Name what a test uses of Python's own, and a student's cell has given another meaning."""
    written = [cell.source for cell in notebook.cells if cell.cell_type == "code" and not is_locked(cell)]
    bound = set().union(*(global_names(plain_python(source))[0] for source in written))
    return ", ".join(sorted(bound & global_names(plain_python(test.source))[1] & set(dir(builtins))))


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
    """Break lines where the dialog or the terminal would cut them off."""
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
