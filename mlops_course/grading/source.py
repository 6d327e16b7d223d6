"""What the instructor's own notebooks say about an assignment: which names a solution defines, what is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.utils import is_locked, is_solution

from mlops_course.execution.names import bound_names, imported, plain_python
from mlops_course.grading.hand_in import read_notebook
from mlops_course.grading.restore import grade_id

Cell = Any


def notebooks_in(folder: Path) -> Iterator[tuple[str, list[Cell]]]:
    """Give the name and the cells of each notebook in a folder. It may be missing; what cannot be read is left out."""
    for path in sorted(folder.glob("*.ipynb")):
        with suppress(OSError, ValueError, nbformat.reader.NotJSONError):
            yield path.stem, read_notebook(path).cells


def code_in(cells: Iterable[Cell]) -> list[str]:
    return [plain_python(cell.source) for cell in cells if cell.cell_type == "code"]


def locked_text(cells: Iterable[Cell]) -> dict[str, str]:
    """Give the text of the cells that students leave as they are: id → text."""
    return {grade_id(cell) or "": cell.source for cell in cells if is_locked(cell)}


def released_cells(release: Path) -> dict[str, dict[str, str]]:
    """Read what students were given to leave as it is: notebook → id → text."""
    return {name: locked_text(cells) for name, cells in notebooks_in(release)}


def released_order(release: Path) -> dict[str, list[str]]:
    """Read in which order students got the cells: notebook → ids."""
    return {name: list(filter(None, map(grade_id, cells))) for name, cells in notebooks_in(release)}


def tags_of(release: Path) -> dict[str, dict[str, list[str]]]:
    """Read the tags of the instructor's cells in the version for students: notebook → id → tags."""
    return {
        name: {grade_id(cell) or "": list(cell.metadata.get("tags", [])) for cell in cells if is_locked(cell)}
        for name, cells in notebooks_in(release)
    }


def students_names(source: Path, release: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Read which names are the student's: what the instructor's solutions and the cells that nobody locked bind.

    Returns notebook → names, and notebook → those that are classes. Generating adds a header: only `release` has it.
    """
    names: dict[str, set[str]] = {}
    declared: dict[str, set[str]] = {}
    for notebook, cells in [*notebooks_in(source), *notebooks_in(release)]:
        bound, classes = names.setdefault(notebook, set()), declared.setdefault(notebook, set())
        for text in code_in(cell for cell in cells if is_solution(cell) or not is_locked(cell)):
            bound |= bound_names(text)
            classes |= {node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    return tuple({name: sorted(found) for name, found in one.items()} for one in (names, declared))


def trusted_imports(source: Path) -> dict[str, dict[str, str]]:
    """Read which names the instructor's notebooks bind by importing, and only so: notebook → name → statement."""
    found: dict[str, dict[str, str]] = {}
    for notebook, cells in notebooks_in(source):
        imports: dict[str, str] = {}
        others = {"*"}
        for node in (node for text in code_in(cells) for node in ast.parse(text).body):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports |= {one.asname or one.name.partition(".")[0]: ast.unparse(node) for one in node.names}
            else:
                others |= bound_names(ast.unparse(node))
        found[notebook] = {name: statement for name, statement in imports.items() if name not in others}
    return found


def read_imports(source: Path) -> tuple[str, ...]:
    """List the modules that an assignment's notebooks and the files beside them import, without those files."""
    texts = [text for _, cells in notebooks_in(source) for text in code_in(cells)]
    for path in sorted(source.rglob("*.py")):
        with suppress(OSError, ValueError):
            texts.append(plain_python(path.read_text(encoding="utf-8")))
    local = {path.stem if path.suffix == ".py" else path.name for path in source.glob("*")}
    return with_parents({module for text in texts for module in imported_modules(text)}, local)


def imported_modules(source: str) -> set[str]:
    """Collect the modules that a piece of Python imports, by their full names."""
    return {name for node in ast.walk(ast.parse(source)) for name in imported(node)}


def with_parents(modules: Iterable[str], local: set[str]) -> tuple[str, ...]:
    """Add the packages that modules are in; leave out what belongs to the assignment itself."""
    parts = [module.split(".") for module in modules]
    return tuple(sorted({".".join(one[: end + 1]) for one in parts if one[0] not in local for end in range(len(one))}))
