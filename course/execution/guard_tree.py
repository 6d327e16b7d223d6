"""Write notes into the tree of a cell, so that it says how far it came.

Nothing that the cell does changes: expressions stay where they are and are evaluated once, names of the cell's own
are not needed, line numbers stay. A statement reports that it is done; an assertion reports that it is reached, what
its test came to, and that it was passed; values of a student's that are compared are shown to a function that hands
them on.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

__builtins__ = dict(vars(builtins))

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
CATCHING = (ast.Try, ast.With, ast.AsyncWith) + ((ast.TryStar,) if hasattr(ast, "TryStar") else ())
OPERATORS = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
# Half of a tree are these, in which there is nothing to write notes into, and nothing to find but themselves.
LEAVES = frozenset({ast.Name, ast.Constant, ast.alias, *(kind for base in OPERATORS for kind in base.__subclasses__())})


@dataclass
class Plan:
    """A tree with notes, and what the notes mean.

    Attributes
    ----------
    tree
        To be executed in place of the cell's own.
    codes
        Number in a note → what it says, and about which statement, assertion or function.
    statements
        How many statements report that they are done.
    guarded
        Assertions whose failure the cell itself may catch.
    plain
        Functions in which no note can get lost without a trace (no generators, no recursion).
    ends_in_value
        Whether the last statement is an expression, whose value may be points.
    """

    tree: ast.Module
    codes: dict[int, tuple[str, int]] = field(default_factory=dict)
    statements: int = 0
    assertions: int = 0
    guarded: set[int] = field(default_factory=set)
    home: dict[int, int] = field(default_factory=dict)
    plain: set[int] = field(default_factory=set)
    ends_in_value: bool = False


class Instrument(ast.NodeTransformer):
    """Writes the notes.

    Parameters
    ----------
    note, see, mark
        Names of the functions that take them: notes, values, and what is to stay the same during a call.
    number
        Gives a new random number at each call.
    theirs
        Names that are a student's: what calls of them return is looked at.
    """

    def __init__(self, note: str, see: str, mark: str, number: Callable[[], int], theirs: frozenset[str]) -> None:
        self.note_name, self.see_name, self.mark_name = note, see, mark
        self.number, self.theirs = number, theirs
        self.plan = Plan(ast.Module([], []))
        self.functions = 0
        self.function = -1  # the one we are in; -1 is the cell itself
        self.caught = 0  # how many statements around us may catch an exception
        self.looking = 0  # whether arguments of calls are looked at

    # ------------------------------------------------------------ Notes

    def note(self, what: str, which: int, where: ast.AST, value: ast.expr | None = None) -> ast.Call:
        """Make a note; if there is a value, it hands that on."""
        code = self.number()
        self.plan.codes[code] = (what, which)
        arguments = [ast.Constant(code)] if value is None else [ast.Constant(code), value]
        return place(ast.Call(ast.Name(self.note_name, ast.Load()), arguments, []), where)

    def see(self, value: ast.expr) -> ast.expr:
        """Have a value looked at, unless it stands in the cell as it is."""
        if isinstance(value, (ast.Constant, ast.Starred, ast.JoinedStr, ast.Lambda)):
            return value
        called = value.func if isinstance(value, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in (self.see_name, self.mark_name):
            return value
        return place(ast.Call(ast.Name(self.see_name, ast.Load()), [value], []), value)

    # ------------------------------------------------------------ The cell

    def instrument(self, tree: ast.Module) -> Plan:
        """Write notes into all of a cell."""
        body: list[ast.stmt] = []
        for position, statement in enumerate(tree.body):
            is_last = position == len(tree.body) - 1
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                body.append(statement)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                body.append(statement)  # a string at the beginning becomes `__doc__`
                self.plan.ends_in_value = is_last
            elif isinstance(statement, ast.Expr):
                self.plan.ends_in_value = is_last
                body.append(self.done(self.visit(statement)))
            else:
                body.append(self.block(self.visit(statement), statement))
        if body and self.plan.statements:
            body.insert(
                sum(isinstance(one, ast.ImportFrom) and one.module == "__future__" for one in body),
                self.canary(body[0]),
            )
        self.plan.tree = ast.Module(body, [])
        return self.plan

    def done(self, statement: ast.Expr) -> ast.Expr:
        """Have an expression report that it is done; its value stays the statement's value."""
        statement.value = self.note("done", self.plan.statements, statement.value, statement.value)
        self.plan.statements += 1
        return statement

    def block(self, statements: ast.stmt | list[ast.stmt], where: ast.stmt) -> ast.stmt:
        """Have a statement report that it is done, as one statement."""
        inside = statements if isinstance(statements, list) else [statements]
        report = place(ast.Expr(self.note("done", self.plan.statements, where)), where)
        self.plan.statements += 1
        first = where.decorator_list[0] if getattr(where, "decorator_list", None) else where
        return place(ast.If(place(ast.Constant(True), first), [*inside, report], []), first)

    def canary(self, where: ast.stmt) -> ast.stmt:
        """Make an assertion that fails, and a note that its failure was noticed."""
        false = self.note("canary", 0, where)
        caught = place(ast.ExceptHandler(None, None, [place(ast.Expr(self.note("caught", 0, where)), where)]), where)
        attempt = place(ast.Assert(false, None), where)
        return place(ast.Try([attempt], [caught], [], []), where)

    # ------------------------------------------------------------ Going through the tree

    def visit(self, node: ast.AST) -> Any:
        """Visit a node as `ast.NodeTransformer` does, but past the leaves, which takes half the time."""
        return node if type(node) in LEAVES else VISITORS[type(node)](self, node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Visit what is in a node."""
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                value[:] = self.parts(value)
            elif isinstance(value, ast.AST) and type(value) not in LEAVES:
                new = self.visit(value)
                if new is not value:
                    setattr(node, name, new)
        return node

    # ------------------------------------------------------------ Assertions

    def visit_Assert(self, statement: ast.Assert) -> Any:
        """Have an assertion report that it is reached, what it found, and that it was passed."""
        if isinstance(statement.test, ast.Tuple):
            return statement  # always true; Python warns of it
        which = self.plan.assertions
        self.plan.assertions += 1
        self.plan.home[which] = self.function
        if self.caught:
            self.plan.guarded.add(which)
        test = self.look_into(statement.test)
        message = self.visit(statement.msg) if statement.msg else None
        verdict = ast.IfExp(test, self.note("true", which, test), self.note("false", which, test))
        return [
            place(ast.Expr(self.note("reached", which, statement)), statement),
            ast.copy_location(ast.Assert(place(verdict, test), message), statement),
            place(ast.Expr(self.note("passed", which, statement)), statement),
        ]

    def look_into(self, expression: ast.expr) -> ast.expr:
        """Visit an expression with a look at the arguments of its calls."""
        self.looking += 1
        expression = self.visit(expression)
        self.looking -= 1
        return expression

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Look at what is compared."""
        self.generic_visit(node)
        node.left = self.see(node.left)
        node.comparators = [self.see(value) for value in node.comparators]
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Look at what a student's function returns, and at what is handed to functions that test."""
        is_super = isinstance(node.func, ast.Name) and node.func.id == "super"
        root = node.func
        while isinstance(root, (ast.Attribute, ast.Call, ast.Subscript)):
            root = root.func if isinstance(root, ast.Call) else root.value
        self.generic_visit(node)
        if self.looking and not is_super:
            node.args = [self.see(value) for value in node.args]
            for keyword in node.keywords:
                if keyword.arg is not None:
                    keyword.value = self.see(keyword.value)
        if isinstance(root, ast.Name) and root.id in self.theirs:
            before = ast.Call(ast.Name(self.mark_name, ast.Load()), [], [])
            return place(ast.Call(ast.Name(self.mark_name, ast.Load()), [before, node], []), node)
        return node

    def visit_Expr(self, statement: ast.Expr) -> ast.stmt:
        """Look at what is handed to a function that is called for its effect: it may be one that tests."""
        statement.value = self.look_into(statement.value)
        return statement

    # ------------------------------------------------------------ Whatever an assertion can be in

    def visit_catching(self, statement: Any) -> Any:
        """Remember that failures in here may be caught."""
        self.caught += 1
        self.generic_visit(statement)
        self.caught -= 1
        return statement

    visit_Try = visit_With = visit_AsyncWith = visit_TryStar = visit_catching  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        """Leave the defaults of a lambda alone."""
        outside = self.function, self.caught, self.looking
        self.function, self.caught, self.looking = self.new_function(), 0, 0
        node.body = self.visit(node.body)
        self.function, self.caught, self.looking = outside
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        """Only the body of a class can have assertions."""
        outside, self.looking = self.looking, 0
        node.body = self.parts(node.body)
        self.looking = outside
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        """Have a function report that it begins and that it is left."""
        outside = self.function, self.caught, self.looking
        which = self.function = self.new_function()
        self.caught = self.looking = 0
        before = self.plan.assertions
        node.body = self.parts(node.body)
        if is_plain(node) and any(self.plan.home[one] == which for one in range(before, self.plan.assertions)):
            self.plan.plain.add(which)
            begin = 1 if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1 else 0
            Leaving(self, which).leave(node)
            last = node.body[-1]
            if not isinstance(last, (ast.Return, ast.Raise)):
                node.body.append(place(ast.Expr(self.note("left", which, last)), last))
            node.body.insert(begin, place(ast.Expr(self.note("begun", which, node.body[begin])), node.body[begin]))
        self.function, self.caught, self.looking = outside
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def parts(self, body: Iterable[Any]) -> list[Any]:
        """Visit what is in a list: statements, of which each may become several, expressions, or what is no node."""
        result: list[Any] = []
        for part in body:
            new = self.visit(part) if isinstance(part, ast.AST) else part
            result += new if isinstance(new, list) else [new]
        return result

    def new_function(self) -> int:
        """Give a function its number."""
        self.functions += 1
        return self.functions

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """Leave annotations alone: they may become text."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node


VISITORS: dict[type, Callable[[Instrument, Any], Any]] = {
    kind: getattr(Instrument, f"visit_{name}", Instrument.generic_visit)
    for name, kind in vars(ast).items()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


class Leaving(ast.NodeTransformer):
    """Has a function's `return` report that it was left in the ordinary way."""

    def __init__(self, instrument: Instrument, which: int) -> None:
        self.instrument, self.which = instrument, which

    def leave(self, function: ast.FunctionDef) -> None:
        """Change the returns of this function, not of those in it."""
        for statement in function.body:
            self.visit(statement)

    def visit(self, node: ast.AST) -> Any:
        """Leave expressions alone: there is no statement in them."""
        return node if isinstance(node, ast.expr) else super().visit(node)

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        """Report."""
        value = node.value if node.value is not None else place(ast.Constant(None), node)
        node.value = self.instrument.note("left", self.which, value, value)
        return node

    def stop(self, node: ast.AST) -> ast.AST:
        """Leave inner functions alone."""
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = stop  # noqa: N815


def place(new: Any, where: ast.AST) -> Any:
    """Give a new node, and those in it that have none, the place of another one."""
    line, column, last_line, last_column = where.lineno, where.col_offset, where.end_lineno, where.end_col_offset
    waiting = [new]
    while waiting:
        node = waiting.pop()
        node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = line, column, last_line, last_column
        for name in node._fields:
            value = getattr(node, name, None)
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, (ast.expr, ast.stmt, ast.excepthandler)) and not hasattr(child, "lineno"):
                    waiting.append(child)
    return new


def walk(tree: ast.AST) -> list[ast.AST]:
    """List the nodes of a tree in the order of `ast.walk`, in half the time: without contexts and operators."""
    found = [tree]
    for node in found:  # which grows meanwhile
        if type(node) in LEAVES:
            continue
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                found += [one for one in value if isinstance(one, ast.AST) and not isinstance(one, OPERATORS)]
            elif isinstance(value, ast.AST) and not isinstance(value, OPERATORS):
                found.append(value)
    return found


def is_plain(function: ast.AST) -> bool:
    """Tell whether calls of a function cannot interleave: no generator, no coroutine, no call of itself."""
    if not isinstance(function, ast.FunctionDef):
        return False
    inside = walk(function)
    names = {node.id for node in inside if isinstance(node, ast.Name)}
    names |= {node.attr for node in inside if isinstance(node, ast.Attribute)}
    return function.name not in names and not any(
        isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)) for node in inside
    )


def parse(source: str) -> ast.Module:
    """Parse what IPython would make of a cell.

    Raises
    ------
    SyntaxError, ValueError
        If it is not Python.
    """
    return compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def bound_names(tree: ast.AST) -> set[str]:
    """Collect the names that the top level of a cell binds."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            waiting += node.decorator_list
            continue
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name
        ):
            found.add(node.name)
        elif isinstance(node, ast.Lambda):
            continue
        waiting += ast.iter_child_nodes(node)
    return found


def free_names(source: str) -> set[str]:
    """Collect the names that a cell, or a function in it, takes from the namespace it runs in."""
    try:
        table = symtable.symtable(source, "<cell>", "exec")
    except SyntaxError:  # `await` outside a function
        return {node.id for node in ast.walk(parse(source)) if isinstance(node, ast.Name)}
    found: set[str] = set()
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        for symbol in scope.get_symbols():
            is_outside = scope is table or symbol.is_global()
            if symbol.is_referenced() and is_outside:
                found.add(symbol.get_name())
        waiting += scope.get_children()
    return found
