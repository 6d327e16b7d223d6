"""What the instructor's own notebooks say about an assignment: which names a solution defines, what is imported."""

from __future__ import annotations

import ast
import functools
import symtable
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbgrader.utils import is_locked, is_solution

from course.grading.hand_in import read_notebook


@functools.lru_cache(maxsize=1000)  # several look at the same cells
def plain_python(source: str) -> str:
    """Turn a cell with `%` and `!` lines into Python; an empty text if it is none."""
    for read in (str, TransformerManager().transform_cell):  # what is Python as it stands has no such lines
        with suppress(SyntaxError, ValueError), warnings.catch_warnings(action="ignore"):
            text = read(source)
            ast.parse(text)
            return text
    return ""


def bound_names(source: str) -> set[str]:
    """Collect the global names that a piece of Python defines, imports or changes.

    Parameters
    ----------
    source
        Python that can be parsed.
    """
    with warnings.catch_warnings(action="ignore"):
        try:
            module = symtable.symtable(source, "cell", "exec")
        except SyntaxError:  # `await` and `return` outside of functions, which notebooks allow in part
            return {node.id for node in ast.walk(ast.parse(source)) if is_store(node)}
    names = {
        symbol.get_name()
        for symbol in module.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    inner = list(module.get_children())
    while inner:
        table = inner.pop()
        inner += table.get_children()
        names |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported())
        }
    return names


def is_store(node: ast.AST) -> bool:
    """Tell whether a name is bound here."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def imported_modules(source: str) -> set[str]:
    """Collect the modules that a piece of Python imports, by their full names."""
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
    return modules


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


def read_source(folder: Path) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Read the instructor's version of an assignment.

    Parameters
    ----------
    folder
        The assignment in `source/`. It may be missing: nbgrader grades without it.

    Returns
    -------
    expected
        Notebook → names that its solution cells define or change.
    preload
        Modules that the notebooks and the files beside them import, without those files.
    """
    expected: dict[str, list[str]] = {}
    modules: set[str] = set()
    local = {path.stem if path.suffix == ".py" else path.name for path in folder.glob("*")}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            notebook = nbformat.read(path, as_version=4)
        except (OSError, ValueError, nbformat.reader.NotJSONError):
            continue  # a draft; what is not in the gradebook is not graded
        names: set[str] = set()
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            source = plain_python(cell.source)
            modules |= imported_modules(source)
            if is_solution(cell):
                names |= bound_names(source)
        expected[path.stem] = sorted(names)
    for path in sorted(folder.rglob("*.py")):
        try:
            modules |= imported_modules(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
    return expected, with_parents(modules, local)
