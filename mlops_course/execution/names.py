"""Which names a piece of Python binds and uses."""

from __future__ import annotations

import ast
import functools
import symtable
import sys
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from nbgrader.utils import is_locked


@functools.lru_cache(maxsize=1000)  # several look at the same cells
def plain_python(source: str) -> str:
    """Turn a cell with `%` and `!` lines into Python; an empty text if it is none."""
    for read in (str, TransformerManager().transform_cell):  # what is Python as it stands has no such lines
        with suppress(SyntaxError, ValueError), warnings.catch_warnings(action="ignore"):
            text = read(source)
            ast.parse(text)
            return text
    return ""


def global_names(source: str) -> tuple[set[str], set[str]]:
    """Collect the global names that a piece of Python binds, and those that it uses.

    Parameters
    ----------
    source
        Python that can be parsed.
    """
    with warnings.catch_warnings(action="ignore"):
        try:
            module = symtable.symtable(source, "cell", "exec")
        except SyntaxError:  # `await` and `return` outside of functions, which notebooks allow in part
            nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
            return ({node.id for node in nodes if isinstance(node.ctx, ast.Store)}, {node.id for node in nodes})
    bound, used = set(), set()
    waiting = [module]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in table.get_symbols():
            if table is module or symbol.is_global():
                if symbol.is_referenced():
                    used.add(symbol.get_name())
                if symbol.is_assigned() or symbol.is_imported() or (table is module and symbol.is_namespace()):
                    bound.add(symbol.get_name())
    return bound, used


def bound_names(source: str) -> set[str]:
    """Collect the global names that a piece of Python defines, imports or changes."""
    return global_names(source)[0]


def imports_after_setting_variables(cells: Iterable[Any], loaded: Iterable[str]) -> bool:
    """Tell whether cells that are not locked set an environment variable before an import of what is loaded already.

    A library may read the variable when it is imported. Python's own does not.
    """
    libraries = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    is_set = False
    for cell in cells:
        if cell.cell_type != "code":
            continue
        for statement in ast.parse(plain_python(cell.source)).body:
            nodes = list(ast.walk(statement))
            is_set = is_set or (not is_locked(cell) and any(map(sets_variable, nodes)))
            names = {name.partition(".")[0] for node in nodes for name in imported(node)}
            if is_set and names & libraries:
                return True
    return False


def sets_variable(node: ast.AST) -> bool:
    """Tell whether a piece of Python sets an environment variable: in `os.environ`, or with `%env`."""
    if isinstance(node, ast.Subscript):
        return not isinstance(node.ctx, ast.Load) and ast.unparse(node.value).endswith("environ")
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    if name.endswith("run_line_magic"):
        return bool(node.args) and ast.unparse(node.args[0]) in ("'env'", "'set_env'")
    return name.endswith(("environ.update", "environ.setdefault", "putenv"))


def imported(node: ast.AST) -> list[str]:
    """List the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
