"""Read the STUDENT_ID that a student wrote into the notebook's header."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any


def written_id(cells: Iterable[Any]) -> str | None:
    """Return the text that the first cell with `STUDENT_ID = …` assigns; None where there is no such cell."""
    for cell in cells:
        if cell.cell_type != "code" or "STUDENT_ID" not in cell.source:
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            continue
        for statement in tree.body:
            if (
                isinstance(statement, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == "STUDENT_ID" for target in statement.targets)
                and isinstance(statement.value, ast.Constant)
            ):
                return str(statement.value.value).strip()
    return None
