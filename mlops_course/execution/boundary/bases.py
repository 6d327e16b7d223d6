"""Instances of classes that extend the types of values: a class over `int`, an enumeration, a named tuple.

In a test such an instance is its value, with the methods of the type: what the class says of equality, order, length or
text is never asked. Only what the type has not, such as the name of a member, is asked where the instance is.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import functools
from typing import Any

MUTABLE = (list, dict, set, bytearray, collections.deque, collections.OrderedDict, collections.Counter,
           collections.defaultdict)  # fmt: skip
# How the value of an instance is read, past what its class says.
FIXED: dict[type, Any] = {
    int: int.__index__,
    float: float.__float__,
    str: str.__str__,
    bytes: bytes.__bytes__,
    complex: complex.__complex__,
    tuple: lambda value: tuple(tuple.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    fractions.Fraction: lambda value: fractions.Fraction(fractions.Fraction.__str__(value)),
    decimal.Decimal: lambda value: decimal.Decimal(decimal.Decimal.__str__(value)),
    datetime.timedelta: lambda value: datetime.timedelta.__add__(value, datetime.timedelta()),
    datetime.datetime: lambda value: datetime.datetime.combine(
        datetime.date(value.year, value.month, value.day), datetime.datetime.timetz(value)
    ),
    datetime.date: lambda value: datetime.date(value.year, value.month, value.day),
    datetime.time: lambda value: datetime.time(
        value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold
    ),
}
# What every class has, or what is over when an instance has been made.
COMMON = {
    "__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__slots__", "__annotations__", "__init__",
    "__new__", "__orig_bases__", "__parameters__", "__firstlineno__", "__static_attributes__", "__match_args__",
    "__getnewargs__", "__repr__", "_fields", "_field_defaults", "_make", "_replace", "_asdict", "__replace__",
}  # fmt: skip


@functools.lru_cache(4096)
def base_of(kind: type) -> type | None:
    """Find the type of values that a class is over; None if it is over none, or is one itself."""
    found = next((one for one in kind.__mro__ if one in FIXED or one in MUTABLE), None)
    return None if found is kind else found


def is_extended(kind: type) -> bool:
    """Tell whether this is a class over a type of values."""
    return base_of(kind) is not None


def plain(value: Any, base: type) -> Any:
    """Read the value of an instance, past what its class says."""
    return FIXED[base](value)


def fields_of(value: Any, kind: type) -> list[str] | None:
    """List the fields of a named tuple; None if it is none."""
    fields = getattr(kind, "_fields", None)
    named = issubclass(kind, tuple) and type(fields) is tuple and all(type(one) is str for one in fields)
    return list(fields) if named and len(fields) == tuple.__len__(value) else None


def has_more(value: Any, kind: type) -> bool:
    """Tell whether an instance has anything that the value alone has not."""
    own = kind.__mro__[: kind.__mro__.index(base_of(kind))]
    names = {name for one in own for name in vars(one)} - COMMON - set(fields_of(value, kind) or ())
    return bool(names or getattr(value, "__dict__", None))


def named_tuple(name: str, fields: tuple[str, ...], locked: Any, values: list[Any]) -> tuple[Any, ...]:
    """Make a named tuple: of the class from a locked cell, if there is one."""
    if len(values) != len(fields):
        raise TypeError("a named tuple has a value for every field")
    if isinstance(locked, type) and issubclass(locked, tuple) and getattr(locked, "_fields", None) == fields:
        return tuple.__new__(locked, values)
    return tuple.__new__(named_class(name, fields), values)


@functools.lru_cache(1000)
def named_class(name: str, fields: tuple[str, ...]) -> type:
    """Make the class of a named tuple, which has its fields and nothing else."""
    return collections.namedtuple(name, fields)


class Extended:
    """A value whose instance is in the student's kernel: what the value has not is asked there."""

    def __getattr__(self, name: str) -> Any:
        """Ask for what the value has not."""
        if name.startswith("_") or "_link" not in vars(self):
            raise AttributeError(name)
        return vars(self)["_link"].ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute there."""
        vars(self)["_link"].ask("set", self, name, value)

    def __copy__(self) -> Any:
        """Be its own copy: it cannot change here."""
        return self

    def __deepcopy__(self, memory: Any) -> Any:
        """Be its own copy."""
        return self

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Be stored as the value."""
        base = base_of(type(self))
        return base, (plain(self, base),)


@functools.lru_cache(1000)
def extended_class(kind: type) -> type:
    """Make the class of the values of a type whose instances are in the student's kernel."""
    return type(kind.__name__, (Extended, kind), {})


def extended(value: Any, link: Any, number: int) -> Any:
    """Make a value whose instance is in the student's kernel; a container or a date is only the value."""
    kind = type(value)
    named = base_of(kind) is tuple and kind.__mro__[1] is tuple and hasattr(kind, "_fields")
    if not (kind in FIXED or named) or issubclass(kind, (datetime.date, datetime.time, datetime.timedelta)):
        return value
    made = kind.__new__(extended_class(kind), *(value if named else (value,)))
    vars(made).update(_link=link, _number=number)
    return made
