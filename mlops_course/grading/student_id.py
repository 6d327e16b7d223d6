"""Read the STUDENT_ID that a student wrote into the notebook's header."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

IN_QUOTES = re.compile(r"""(['"])STUDENT_ID\1""")  # as most tests name it: nothing is assigned there
MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)  # lines that IPython understands and Python does not


def written_ids(cells: Iterable[Any]) -> list[str | None]:
    """Return every value that a notebook's code assigns to `STUDENT_ID`, in order, without executing it.

    None stands for a value that can be known only by running the code.
    """
    found: list[str | None] = []
    for cell in cells:
        if cell.cell_type != "code" or "STUDENT_ID" not in IN_QUOTES.sub("", cell.source):
            continue
        try:
            tree = ast.parse(MAGIC.sub("pass", cell.source))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == "STUDENT_ID" and isinstance(node.ctx, ast.Store):
                found.append(value_of(node, tree))
    return found


def value_of(name: ast.Name, tree: ast.AST) -> str | None:
    """Return the constant that is assigned to this name, as text; None if it is anything else."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if name in targets and isinstance(getattr(node, "value", None), ast.Constant):
            return str(node.value.value).strip()
    return None


def is_foreign(written: list[str | None], student: str) -> bool:
    """Tell whether all ids in a notebook are one of somebody else."""
    return len(set(written)) == 1 and written[0] not in (None, "", student)


def complaint(written: list[str | None], student: str) -> str | None:
    """Say in words for the instructor what is odd about the ids in a notebook; None if nothing is."""
    if written == [student]:
        return None
    if not written:
        return "the line STUDENT_ID = … is gone, so the numbers are not the student's own"
    if None in written:
        return "STUDENT_ID cannot be read without running the code; look at it"
    if len(set(written)) > 1:
        return f"STUDENT_ID is set more than once: {', '.join(map(repr, written))}. The last one counts in the tests"
    if written[0] == "":
        return "STUDENT_ID is empty, so the numbers are not the student's own"
    if is_foreign(written, student):
        return (
            f"STUDENT_ID is '{written[0]}', so the numbers belong to '{written[0]}'. "
            "Graded as it is; see whether work was copied."
        )
    return None
