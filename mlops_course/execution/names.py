"""Which names a piece of Python binds and uses."""

from __future__ import annotations

import ast
import functools
import symtable
import warnings
from contextlib import suppress

from IPython.core.inputtransformer2 import TransformerManager


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
