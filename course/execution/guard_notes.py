"""What a cell says about itself while it runs, and what is strange about that."""

from __future__ import annotations

import builtins
import io
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

from course.execution.guard_library import Library, attributes, label
from course.execution.guard_tree import Plan

__builtins__ = dict(vars(builtins))

PLAIN = {int, float, bool, str, bytes, complex, type(None), range, type(Ellipsis)}
CONTAINERS = (list, tuple, set, frozenset, dict)
COMPARING = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__class__", "__bool__")
COMPARING += ("__getattribute__",)
MOST = 16  # values that are kept to be looked at after the cell


class Notes:
    """Takes the notes of one cell.

    Parameters
    ----------
    plan
        What the notes mean.
    library
        Knows whose class something is.
    check
        Called whenever a student's code may have run; gives what it has replaced.
    current
        Gives the notes of the cell that runs when this one is over.
    own_names
        Gives the values of the names that only the cell itself binds.
    before_display
        Called before the cell's last value is displayed.
    """

    def __init__(
        self,
        plan: Plan,
        library: Library,
        check: Callable[[], list[str]],
        current: Callable[[], Notes | None],
        own_names: Callable[[], dict[str, Any]],
        before_display: Callable[[], None],
    ) -> None:
        self.plan = plan
        self.library = library
        self.check = check
        self.current = current
        self.own_names = own_names
        self.before_display = before_display
        self.done = 0
        self.is_out_of_order = False
        self.canary: list[str] = []
        self.counts = {what: [0] * plan.assertions for what in ("reached", "true", "false", "passed")}
        self.pending: dict[tuple[int, int], int] = {}
        self.problems: list[str] = []
        self.kept: list[Any] = []
        self.kinds: dict[type, bool] = {}
        self.shown: str | None = None
        self.is_over = False

    def problem(self, text: str) -> None:
        """Remember what is strange, once."""
        if not self.is_over and text not in self.problems and len(self.problems) < MOST:
            self.problems.append(text)

    def note(self, code: int, value: Any = None) -> Any:
        """Take a note; hand on the value that comes with it."""
        what, which = self.plan.codes.get(code, ("unknown", 0))
        if what == "done":
            if which != self.done:
                self.is_out_of_order = True
            self.done += 1
            self.look_at_pending(-1)
            if which == self.plan.statements - 1 and self.plan.ends_in_value:
                self.shown = as_text(value)
                self.before_display()  # IPython looks for a semicolon in the text
            self.watch()
            return value
        if what in ("canary", "caught"):
            self.canary.append(what)
            return False
        if what == "left":
            self.look_at_pending(which)
            return value
        if what == "begun":
            self.pending.pop((which, threading.get_ident()), None)
            return None
        if what in self.counts:
            self.counts[what][which] += 1
            key = (self.plan.home[which], threading.get_ident())
            if what == "reached":
                self.look_at_pending(key[0])
                self.pending[key] = which
                self.watch()
            elif what == "false" and key in self.pending:
                self.pending[key] = which
            elif what == "passed":
                if self.counts["passed"][which] > self.counts["true"][which]:
                    self.problem("an assertion was passed although it did not hold")
                self.pending.pop(key, None)
            return what == "true"
        self.problem("the notes of this cell were written by something else")
        return None

    def look_at_pending(self, function: int) -> None:
        """See whether an assertion was left neither by being passed nor by failing."""
        key = (function, threading.get_ident())
        which = self.pending.pop(key, None)
        if which is None or which in self.plan.guarded or (function >= 0 and function not in self.plan.plain):
            return
        self.problem("an assertion was reached and then jumped over")

    def watch(self) -> None:
        """See whether what the tests use was replaced while they ran."""
        if self.is_over:
            return
        for text in self.check():
            self.problem(f"{text} was replaced while the tests ran")

    # ------------------------------------------------------------ Values

    def see(self, value: Any) -> Any:
        """Look at a value that is compared, and hand it on."""
        if self.is_over:
            current = self.current()
            return value if current is None else current.see(value)
        try:
            self.watch()
            if type(value) not in PLAIN:
                self.look(value, 0)
        except Exception:  # noqa: S110 (whatever a value does when it is looked at, the test must not notice)
            pass
        return value

    def mark(self, before: Any = None, value: Any = None) -> Any:
        """Compare the cell's own names before and after a call of a student's function; hand on what it returned.

        Without arguments: tell what they are now.
        """
        if before is None:
            return self.own_names()
        if not self.is_over:
            for name, then in before.items():
                if self.own_names().get(name) is not then:
                    self.problem(f"a function of the student's changed {name}, which the tests had set")
        return self.see(value)

    def look(self, value: Any, depth: int) -> None:
        """Keep a value whose class has its own idea of comparing."""
        kind = type(value)
        if kind in PLAIN or len(self.kept) >= MOST:
            return
        if isinstance(value, CONTAINERS) and kind in CONTAINERS:
            if depth < 3 and len(value) <= 10_000:
                inner = value.values() if kind is dict else value
                if not set(map(type, inner)) <= PLAIN:
                    for one in inner:
                        self.look(one, depth + 1)
            return
        inner = objects_in(value)
        if inner is not None:
            for one in inner if depth < 3 else ():
                self.look(one, depth + 1)
            return
        if kind not in self.kinds:
            self.kinds[kind] = self.compares_in_its_own_way(kind)
        if self.kinds[kind] and all(value is not one for one in self.kept):
            self.kept.append(value)

    def compares_in_its_own_way(self, kind: type) -> bool:
        """Tell whether a class, or a class of a test double, has methods for comparing that a student wrote."""
        if label(kind).startswith("unittest.mock."):
            return True
        for base in kind.__mro__:
            members = attributes(base)
            for name in COMPARING:
                if name in members and self.library.is_foreign(members[name]):
                    return True
            is_theirs = base.__flags__ & (1 << 9) and self.library.is_foreign_class(base)
            if is_theirs and any(name in members and callable(members[name]) for name in COMPARING[:7]):
                return True
        return False

    def lies(self, source: str, others: list[Any]) -> list[str]:
        """Compare what was kept with what it cannot be equal to, out of sight of the cell's output.

        Parameters
        ----------
        source
            The cell's.
        others
            Numbers and texts in it.
        """
        found: list[str] = []
        streams = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = io.StringIO()
        try:
            for value in self.kept:
                if not self.library.is_foreign_class(type(value)) and re.search(r"\bANY\b|[Mm]ock", source):
                    continue  # the test brought this one
                found += [
                    f"a value of the class {name_of_class(value)} {text}" for text in lies_of(value, source, others)
                ]
        finally:
            sys.stdout, sys.stderr = streams
        self.kept.clear()
        return sorted(set(found))


def objects_in(value: Any) -> list[Any] | None:
    """List the Python objects in an array or a table; None if it is neither."""
    home, _, name = label(type(value)).partition(".")
    name = name.rpartition(".")[2]
    if (home, name) not in {("numpy", "ndarray"), ("pandas", "Series"), ("pandas", "DataFrame")}:
        return None
    if value.size > 10_000:
        return []
    if name == "DataFrame":
        columns = [value.iloc[:, position] for position in range(value.shape[1])]
    else:
        columns = [value.ravel() if name == "ndarray" else value]
    return [one for column in columns if getattr(column.dtype, "hasobject", False) for one in column.tolist()]


def name_of_class(value: Any) -> str:
    """Name the class of a value."""
    return str(type.__getattribute__(type(value), "__qualname__"))


def lies_of(value: Any, source: str, others: list[Any]) -> list[str]:
    """Say in which way a value answers every comparison as a test would like it."""

    def holds(compare: Callable[[], Any]) -> bool:
        try:
            return bool(compare())
        except Exception:
            return False

    strange = object()
    infinity = float("inf")
    found = []
    pairs = [(other, other + "\0" if isinstance(other, str) else other + 1) for other in others]
    pairs += [
        (strange, infinity),
        ("\0", "\1"),
        (infinity, -1.5),
        ([], [strange]),
        ((), (strange,)),
        ({}, {0: strange}),
    ]
    if any(holds(lambda one=one: value == one) and holds(lambda other=other: value == other) for one, other in pairs):
        found.append("is equal to things that differ")
    if "!=" in source and holds(lambda: value == value and value != value):
        found.append("is both equal and not equal to itself")
    if (
        any(sign in source for sign in "<>")
        and holds(lambda: value < -infinity or value < strange)
        and holds(lambda: value > infinity or value > strange)
    ):
        found.append("is both less and greater than everything")
    if " in " in source and all(holds(lambda other=other: other in value) for other in (strange, infinity, "\0")):
        found.append("contains everything")
    if "isinstance" in source or "__class__" in source:
        said = getattr(value, "__class__", None)
        if isinstance(said, type) and not issubclass(type(value), said):
            found.append(f"says that it is of the class {said.__name__}")
    return found


def as_text(value: Any) -> str | None:
    """Return what nbgrader would read points from, or None if that is not for this value to say."""
    return repr(value)[:100] if type(value) in PLAIN or label(type(value)).startswith("numpy.") else None
