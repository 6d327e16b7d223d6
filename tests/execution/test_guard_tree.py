"""Notes are written into a tree as `ast` would walk through it, in less time."""

import ast
import random
from pathlib import Path

import pytest

from course.execution.guard_tree import LEAVES, OPERATORS, Instrument, Leaving, place, walk

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(
    [*ROOT.glob("tests/execution/*.py"), *ROOT.glob("tests/grade/*.py"), *ROOT.glob("course/execution/*.py")]
)
EVERYTHING = '''
from __future__ import annotations
import a.b as c, d
"""text"""
@decorated(lambda x=1: x < 2)
class K(Base, metaclass=M):
    """Its text."""
    assert a, b
    x: int = f(1) == 2
    y: "later"
async def g(a, /, b: int = 1, *c, d=f(2), **e) -> None:
    async with a as b, c: assert await d, "message"
    async for i in j: yield i
    return
def h(n):
    """Text."""
    global G
    try:
        assert n != theirs(n).x[0](1), f"{n!r:>{1 + 2}}"
        return [i for i in n if i < 1] or {**n, 1: 2} or (yield) or None
    except (A, B) as problem:
        raise C from problem
    else:
        del n[1:2, ::3]
    finally:
        pass
    while (m := n - 1) and not ~n: break
    for i, (j, *k) in n: continue
    if a if b else c: return -n
    match n:
        case [1, *rest] | {"a": K(x=2), **more} if n < 3: return n
        case _: pass
    def inner(): return theirs(1) is 2
    assert (1, 2)
    assert all(theirs(one) for one in n), theirs(2)
theirs.a(b, *c, d=1, **e)
assert x; assert 1 < y() <= z, lambda: w
'''


class Ordinary(Instrument):
    """Goes through a tree as `ast.NodeTransformer` does."""

    visit = ast.NodeVisitor.visit
    generic_visit = ast.NodeTransformer.generic_visit


def notes(kind, text):
    """Give all that writing notes into a text comes to."""
    numbers = random.Random(1)
    plan = kind(
        "note", "see", "mark", lambda: numbers.getrandbits(62), frozenset({"theirs", "run", "path"})
    ).instrument(ast.parse(text))
    tree = plan.tree
    plan.tree = None
    return ast.dump(tree, include_attributes=True), plan


def test_the_same_notes():
    texts = [EVERYTHING, *(path.read_text(encoding="utf-8") for path in PROGRAMS)]
    found = [notes(Instrument, text) for text in texts]
    assert found == [notes(Ordinary, text) for text in texts]
    assert sum(plan.assertions for _, plan in found) > 500


def test_much_of_python_is_in_the_text():
    kinds = {type(node) for node in ast.walk(ast.parse(EVERYTHING))}
    assert {ast.Assert, ast.Lambda, ast.Await, ast.Match, ast.NamedExpr, ast.FormattedValue, ast.Yield} <= kinds


@pytest.mark.parametrize("text", [EVERYTHING, "", "x", "f(a, b)(c)[d]"])
def test_walks_as_ast_does(text):
    tree = ast.parse(text)
    assert walk(tree) == [node for node in ast.walk(tree) if not isinstance(node, OPERATORS)]


def test_a_leaf_has_nothing_in_it_but_operators():
    found = [node for node in ast.walk(ast.parse(EVERYTHING)) if type(node) in LEAVES]
    assert found
    for node in found:
        assert all(isinstance(child, OPERATORS) for child in ast.iter_child_nodes(node))


def test_what_has_a_place_keeps_it():
    old = ast.parse("\n\n(here)").body[0].value
    where = ast.parse("f(1,\n2)").body[0].value
    new = place(ast.Expr(ast.Call(ast.Name("g", ast.Load()), [old, ast.Constant(1)], [])), where)
    at = [(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset) for node in walk(new)]
    assert at == [(1, 0, 2, 2), (1, 0, 2, 2), (1, 0, 2, 2), (3, 1, 3, 5), (1, 0, 2, 2)]


def test_only_a_functions_own_returns_report():
    function = ast.parse(
        "def f():\n if a:\n  return lambda: 1\n def g(): return 2\n match b:\n  case 1: return 3\n try: return\n finally: pass"
    ).body[0]
    instrument = Instrument("note", "see", "mark", iter(range(100)).__next__, frozenset())
    Leaving(instrument, 7).leave(function)
    assert list(instrument.plan.codes.values()) == [("left", 7)] * 3
    assert "return 2" in ast.unparse(function)
