"""The guard reads a cell as IPython does, though it takes the quick way where it can."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from course.execution.guard import read
from course.execution.guard_tree import parse

SOURCE = Path(__file__).parents[2] / "source"
CELLS = [
    "",
    "\n\nx = 1",
    "  x = 1\n  y = 2",
    "  # a comment\nx = 1",
    ">>> x = 1\n>>> y = 2",
    "In [1]: x = 1",  # Python, too: an annotation
    "In [1]: x\n   ...: y",
    "'''\n>>> x\n'''",
    "a = (1\n % 2)",
    "a = 1 \\\n % 2",
    "s = '''\n%foo\n!bar\n?'''",
    "x = 1  # what?",
    "%%time\nx = 1\n",
    "%%time\nx = 1\n!ls",
    "%time x = 1",
    "!ls\nx = 1",
    "found = !ls",
    "x?",
    "await x",
    "x = 1;",
    "x\r\ny\r\n",
    *(
        cell.source
        for path in sorted(SOURCE.rglob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ),
]


@pytest.mark.parametrize("cell", CELLS, ids=range(len(CELLS)))
def test_same_text_and_tree(cell):
    text = TransformerManager().transform_cell(cell)
    found, tree = read(cell)
    assert found == text
    assert ast.dump(tree, include_attributes=True) == ast.dump(parse(text), include_attributes=True)


def test_what_not_even_ipython_understands():
    with pytest.raises(SyntaxError):
        read("x = = 1")
