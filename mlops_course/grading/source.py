"""What the instructor's own notebooks say about an assignment: which names a solution defines, what is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import nbformat
from nbgrader.utils import is_locked, is_solution

from mlops_course.execution.names import bound_names, imported, plain_python
from mlops_course.grading.hand_in import read_notebook


def imported_modules(source: str) -> set[str]:
    """Collect the modules that a piece of Python imports, by their full names."""
    return {name for node in ast.walk(ast.parse(source)) for name in imported(node)}


def with_parents(modules: Iterable[str], local: set[str]) -> tuple[str, ...]:
    """Add the packages that modules are in; leave out what belongs to the assignment itself."""
    names = set()
    for module in modules:
        parts = module.split(".")
        if parts[0] not in local:
            names |= {".".join(parts[: end + 1]) for end in range(len(parts))}
    return tuple(sorted(names))


def released_cells(folder: Path) -> dict[str, dict[str, str]]:
    """Read what students were given to leave as it is.

    Parameters
    ----------
    folder
        The assignment in `release/`. It may be missing.

    Returns
    -------
    dict
        Notebook → id of a locked cell → its text.
    """
    released = {}
    for path in sorted(folder.glob("*.ipynb")):
        with suppress(OSError, ValueError, nbformat.reader.NotJSONError):
            released[path.stem] = locked_cells(path)
    return released


def released_order(folder: Path) -> dict[str, list[str]]:
    """Read in which order students got the cells: notebook → ids.

    Parameters
    ----------
    folder
        The assignment in `release/`. It may be missing.
    """
    order = {}
    for path in sorted(folder.glob("*.ipynb")):
        with suppress(OSError, ValueError, nbformat.reader.NotJSONError):
            cells = nbformat.read(path, as_version=4).cells
            ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
            order[path.stem] = [name for name in ids if name]
    return order


def locked_cells(path: Path) -> dict[str, str]:
    """Read the locked cells of a notebook: id → text."""
    cells = read_notebook(path).cells
    return {cell.metadata.nbgrader.get("grade_id", ""): cell.source for cell in cells if is_locked(cell)}


def students_names(source: Path, release: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Read which names are the student's: what the instructor's solutions and the cells that nobody locked bind.

    Parameters
    ----------
    source, release
        The assignment's folders. They may be missing. Generating adds a header: only `release` has it.

    Returns
    -------
    names
        Notebook → names.
    declared
        Notebook → those of them that are classes.
    """
    names: dict[str, set[str]] = {}
    declared: dict[str, set[str]] = {}
    for path in sorted([*source.glob("*.ipynb"), *release.glob("*.ipynb")]):
        bound, classes = names.setdefault(path.stem, set()), declared.setdefault(path.stem, set())
        for text in code_of(path, locked=False):
            bound |= bound_names(text)
            classes |= {node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    return tuple({name: sorted(found) for name, found in one.items()} for one in (names, declared))


def tags_of(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Read the tags of the instructor's cells in the version for students: notebook → id → tags."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(folder.glob("*.ipynb")):
        with suppress(OSError, ValueError, nbformat.reader.NotJSONError):
            cells = nbformat.read(path, as_version=4).cells
            found[path.stem] = {
                cell.metadata.nbgrader.get("grade_id", ""): list(cell.metadata.get("tags", []))
                for cell in cells
                if is_locked(cell)
            }
    return found


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


def code_of(path: Path, *, locked: bool = True) -> list[str]:
    """Read a notebook's code cells as plain Python; none if it cannot be read."""
    try:
        cells = nbformat.read(path, as_version=4).cells
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return []
    code = [cell for cell in cells if cell.cell_type == "code" and (locked or is_solution(cell) or not is_locked(cell))]
    return [plain_python(cell.source) for cell in code]


def read_imports(folder: Path) -> tuple[str, ...]:
    """List the modules that an assignment's notebooks and the files beside them import, without those files.

    Parameters
    ----------
    folder
        The assignment in `source/`. It may be missing: nbgrader grades without it.
    """
    modules: set[str] = set()
    local = {path.stem if path.suffix == ".py" else path.name for path in folder.glob("*")}
    for path in sorted(folder.glob("*.ipynb")):
        for source in code_of(path):
            modules |= imported_modules(source)
    for path in sorted(folder.rglob("*.py")):
        try:
            modules |= imported_modules(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
    return with_parents(modules, local)
