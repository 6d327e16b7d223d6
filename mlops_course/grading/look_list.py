"""What of a student's code points at what grades it. It is parsed, never executed, and costs no points."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import nbformat

from mlops_course.execution.names import plain_python

# Names of what executes cells, reports on them and keeps points. Who uses one may have a good reason.
NAMES = {
    "ast_transformers", "input_transformers_cleanup", "input_transformers_post", "transform_cell", "transform_ast",
    "do_execute", "shell_handlers", "execute_reply", "execute_request", "run_code", "run_ast_nodes", "run_cell_async",
    "showtraceback", "set_custom_exc", "error_in_exec", "error_before_exec", "user_expressions", "post_run_cell",
    "pre_run_cell", "nbgrader", "parent_header", "user_global_ns",
}  # fmt: skip
WORDS = ("NBGRADER_EXECUTION", "gradebook.db", "autograded", "mlops_course.execution", "COURSE_FORK", "grade_id",
         "post_run_cell", "pre_run_cell")  # fmt: skip


def notes_on(notebook: nbformat.NotebookNode, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Note what a notebook's own cells name of what grades them.

    Parameters
    ----------
    notebook
        As it is executed.
    known
        Ids of the instructor's cells, which are left out, with their text.

    Yields
    ------
    cell
        Its id, or its number.
    message
        What was seen.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type != "code" or known.get(name) == cell.source:
            continue
        seen = dict.fromkeys(mentioned(cell.source))
        if seen:
            yield (
                name or f"cell {number}",
                f"the code names {', '.join(list(seen)[:5])}, which belongs to what grades it",
            )


def mentioned(source: str) -> Iterator[str]:
    """List what a piece of code names of what grades it."""
    try:
        nodes = list(ast.walk(ast.parse(plain_python(source))))
    except (RecursionError, MemoryError):
        return
    for node in nodes:
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in NAMES:
                yield name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            yield from (module for module in modules if module.partition(".")[0] in ("nbgrader",))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (word for word in WORDS if word in node.value)
