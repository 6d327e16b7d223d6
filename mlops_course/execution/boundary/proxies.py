"""What stands in a test for an object that stays in the student's kernel."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterator
from typing import Any

from mlops_course.execution.boundary.answering import SPECIAL

# Asked of the student's class only where the assignment asks for one: an object of any other equals no value.
COMPARING = {"__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__", "__contains__", "__hash__", "__neg__",
             "__pos__", "__abs__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__"}  # fmt: skip
COMPARING |= {name for name in SPECIAL if name.startswith("__r") and name not in ("__reversed__", "__round__")}
COMPARING |= {name.replace("__r", "__", 1) for name in COMPARING if name.startswith("__r") and name != "__round__"}
COMPARING |= {name.replace("__r", "__i", 1) for name in COMPARING if name.startswith("__r") and name != "__round__"}
TOLD = ("__name__", "__qualname__", "__doc__", "__dict__", "__module__")  # the only such attributes that are asked for


class Proxy:
    """Stands for an object that stays in the student's kernel."""

    __slots__ = ("__weakref__", "_link", "_number", "_type")

    def __repr__(self) -> str:
        """Show what it is, not what it says of itself."""
        return f"an object of type {self._type}"

    def __getattr__(self, name: str) -> Any:
        """Ask for an attribute."""
        hidden = name.startswith(("_repr_", "_ipython_"))
        if hidden or (name.startswith("__") and name.endswith("__") and name not in TOLD):
            raise AttributeError(name)
        return self._link.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute."""
        self._link.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute."""
        self._link.ask("delete", self, name)

    def __instancecheck__(self, instance: Any) -> bool:
        """Tell whether something is an instance of this class."""
        return self._link.ask("is instance", self, instance) is True

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Refuse."""
        raise TypeError(f"{self!r} cannot be stored")

    def __copy__(self) -> Any:
        """Have it copied there."""
        return self._link.ask("call", self._link.library("copy.copy"), self)

    def __deepcopy__(self, memory: Any) -> Any:
        """Have it copied there."""
        return self._link.ask("call", self._link.library("copy.deepcopy"), self)


def special(name: str) -> Any:
    """Make one special method of proxies."""
    do = {"__call__": "call", "__next__": "next", "__str__": "str", "__bool__": "bool", "__hash__": "hash"}.get(
        name, name
    )

    def method(self: Proxy, *arguments: Any, **keywords: Any) -> Any:
        if name in COMPARING and not self._link.is_asked_for(self, arguments):
            if name in ("__eq__", "__ne__"):
                if self.__class__ is Proxy:
                    return NotImplemented
                return getattr(operator, name)(self._link.ask("plain", self), *arguments)  # what it holds, as data
            raise TypeError(f"{self!r} was given where a value is expected")
        value = self._link.ask(do, self, *arguments, **keywords)
        if name == "__next__":
            more, value = value
            if more is not True:
                raise StopIteration
        return value

    method.__name__ = name
    return method


def awaited(self: Proxy) -> Iterator[Any]:
    """Be awaited: the student's kernel does what there is to wait for."""
    return self._link.ask("await", self)
    yield  # what makes it a generator, as `await` wants it


METHODS = {name: special(name) for name in SPECIAL} | {"__await__": awaited}


class Library:
    """The name of something in a library."""

    def __init__(self, module: str, name: str) -> None:
        self.place = (module, name)


def parameters_of(function: Any) -> list[Any] | None:
    """Tell the parameters of a function of the test's: name, kind, whether it is needed. A default may be a secret."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[one.name, int(one.kind), one.default is one.empty] for one in found]


def hash_of(self: Proxy) -> int:
    """Hash a proxy: by what it says itself where the assignment asks for its class."""
    if self._type in self._link.declared:
        return self._link.ask("hash", self)
    return self._number
