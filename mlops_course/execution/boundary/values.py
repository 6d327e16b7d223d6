"""What crosses between the two kernels, as plain JSON.

By value: None, truth values, numbers, text, bytes, containers of these and views of a dict, ranges, fractions,
decimals, dates and their zones, paths, NumPy's arrays and scalars, pandas' frames, series, indexes and points in time,
and instances of a class from a locked cell (as fields). Everything else crosses by reference. What is read here is
data: nothing is imported, executed or unpickled for it.

An instance of a class over one of these types has that type's value: it is read with the methods of the type itself,
never with those of the class. What more there is to it stays where it is (see `mlops_course.execution.boundary.bases`).

Containers that can change are numbered in the order in which they are met, the same on both sides: what comes back is
the same object, and what was changed in it is told by its number.
"""

from __future__ import annotations

import base64
import collections
import datetime
import decimal
import enum
import fractions
import pathlib
import zoneinfo
from collections.abc import Callable
from typing import Any

from mlops_course.execution.boundary import arrays, frames
from mlops_course.execution.boundary.bases import FIXED, base_of, fields_of, has_more, is_extended, named_tuple, plain

DEPTH = 100  # containers within containers
MOST = 5_000_000  # values in one message
PLAIN_TYPES = {one.__name__: one for one in (int, float, bool, str, bytes, complex, list, tuple, dict, set, frozenset)}
PLAIN_TYPES |= {"NoneType": type(None), "object": object, "range": range, "type": type}
DATES = {one.__name__: one for one in (datetime.date, datetime.datetime, datetime.time)}
LISTS = {"list": list, "deque": collections.deque}
DICTS = {"dict": dict, "OrderedDict": collections.OrderedDict, "Counter": collections.Counter}
VIEWS = {"keys": type({}.keys()), "values": type({}.values()), "items": type({}.items())}


class CrossingError(TypeError):
    """A value cannot cross."""


class Table:
    """The containers that were met in one exchange, by number."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}

    def add(self, value: Any) -> int:
        """Give a container its number."""
        self.numbers[id(value)] = len(self.objects)
        self.objects.append(value)
        return len(self.objects) - 1

    def replace(self, value: Any, other: Any) -> None:
        """Give the number of a container, if it has one, to what stands for it."""
        number = self.numbers.pop(id(value), None)
        if number is not None:
            self.numbers[id(other)], self.objects[number] = number, other


class Writer:
    """Turns values into JSON.

    Parameters
    ----------
    refer
        Makes a reference of what does not cross by value.
    table
        The containers that the other side knows already.
    classes
        Names of classes from locked cells: their instances cross as fields.
    """

    def __init__(
        self,
        refer: Callable[[Any], Any],
        table: Table | None = None,
        classes: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self.refer = refer
        self.table = table or Table()
        self.classes = classes
        self.left = MOST

    def write(self, value: Any, depth: int = 0) -> Any:
        """Write a value."""
        self.left -= 1
        if depth > DEPTH or self.left < 0:
            raise CrossingError("it is nested too deeply or too large to be handed over")
        if id(value) in self.table.numbers:
            return ["seen", self.table.numbers[id(value)]]
        kind = type(value)
        if value is None or kind is bool:
            return value
        if (text := self.simple(value, kind, depth)) is not None:
            return text
        if (text := arrays.write_scalar(value, kind)) is not None:
            return text
        if (text := frames.write_scalar(self, value, kind)) is not None:
            return text
        locked = kind.__module__ == "__main__" and self.classes(kind.__name__)
        if locked and isinstance(value, enum.Enum) and value.name:
            return ["member", kind.__name__, value.name]
        if is_extended(kind) or arrays.is_extended(value, kind) or frames.is_extended(value, kind):
            return self.more(value, kind, depth, locked=locked)
        content = self.content(value, depth)
        return self.refer(value) if content is None else content

    def simple(self, value: Any, kind: type, depth: int) -> Any:
        """Write what cannot change; None if it is of no such type."""
        if kind in (str, float):
            return value
        if kind is int:
            return value if -(2**53) < value < 2**53 else ["int", hex(value)]
        if kind in (tuple, frozenset):
            return [kind.__name__, [self.write(one, depth + 1) for one in value]]
        if kind is bytes:
            return ["bytes", base64.b64encode(value).decode()]
        if kind is complex:
            return ["complex", [value.real, value.imag]]
        if kind is range:
            return ["range", [self.write(one) for one in (value.start, value.stop, value.step)]]
        if kind in (fractions.Fraction, decimal.Decimal):
            return [kind.__name__, str(value)]
        if kind is datetime.timedelta:
            return ["timedelta", [value.days, value.seconds, value.microseconds]]
        if kind is datetime.date:
            return ["date", value.isoformat()]
        if kind in DATES.values():
            zone = self.write(value.tzinfo)
            return (
                [kind.__name__, value.replace(tzinfo=None).isoformat(), zone, value.fold]
                if frames.is_data(zone)
                else None
            )
        if kind is datetime.timezone:
            return ["timezone", value.utcoffset(None).total_seconds(), value.tzname(None)]
        if kind is zoneinfo.ZoneInfo and value.key:
            return ["ZoneInfo", value.key]
        if kind.__module__.startswith("pathlib") and isinstance(value, pathlib.PurePath):
            return ["Path", str(value)]
        if kind is type and PLAIN_TYPES.get(value.__name__) is value:
            return ["type", value.__name__]
        for tag, view in VIEWS.items():
            if isinstance(value, view):
                return [tag, [self.write(one, depth + 1) for one in value]]
        return None

    def more(self, value: Any, kind: type, depth: int, *, locked: bool) -> Any:
        """Write an instance of a class over a type of values."""
        base = base_of(kind)
        if base in FIXED:
            text = self.simple(plain(value, base), base, depth)
            if text is None:  # a time in a zone that is no data
                return self.refer(value)
            if (fields := fields_of(value, kind)) is not None:
                text = ["named", kind.__name__, fields, text[1]]
                if locked or not has_more(value, kind):
                    return text
        try:
            reference = self.refer(value)
        except CrossingError:  # the grader's own: as what it is over
            return text if base in FIXED else self.content(value, depth)
        if reference[0] != "ref":
            return reference
        if base not in FIXED:
            stays = base is not None and has_more(value, kind)
            text = ["type", base.__name__] if stays else self.content(value, depth)
        return ["extended", reference, text]

    def content(self, value: Any, depth: int = 0, *, known: bool = False) -> Any:
        """Write a container, or only what is in it if the other side knows it; None if it is no such container."""
        kind = base_of(type(value)) if is_extended(type(value)) else type(value)
        name = kind.__name__

        def number() -> int:
            return self.table.numbers[id(value)] if known else self.table.add(value)

        if LISTS.get(name) is kind or kind is set:
            return [name, number(), [self.write(one, depth + 1) for one in list(kind.__iter__(value))]]
        if DICTS.get(name) is kind or kind is collections.defaultdict:
            own = number()
            items = [[self.write(key, depth + 1), self.write(one, depth + 1)] for key, one in list(kind.items(value))]
            made = [self.write(value.default_factory)] if kind is collections.defaultdict else []
            return [name, own, items, *made]
        if kind is bytearray:
            return [name, number(), base64.b64encode(bytearray.__getitem__(value, slice(None))).decode()]
        if kind.__module__ == "__main__" and self.classes(name) and set(dir(value)) >= {"__dict__"}:
            if isinstance(value, (BaseException, type)):
                return None
            own = number()
            return ["instance", own, name, [[key, self.write(one, depth + 1)] for key, one in vars(value).items()]]
        if arrays.is_array(value, kind):
            return arrays.write_array(self, value, number(), depth)
        return frames.write_frame(self, value, number(), depth) if frames.kind_of(value) else None


class Reader:
    """Reads what a `Writer` wrote.

    Parameters
    ----------
    resolve
        Finds what a reference means.
    table
        The containers that both sides know already.
    classes
        Finds a class from a locked cell by its name.
    """

    def __init__(
        self,
        resolve: Callable[[list[Any]], Any],
        table: Table | None = None,
        classes: Callable[[str], type | None] = lambda name: None,
    ) -> None:
        self.resolve = resolve
        self.table = table or Table()
        self.classes = classes

    def read(self, text: Any, depth: int = 0) -> Any:
        """Read a value.

        Raises
        ------
        CrossingError
            If it is not what a `Writer` writes.
        """
        if depth > DEPTH:
            raise CrossingError("it is nested too deeply")
        if text is None or isinstance(text, (bool, int, float, str)):
            return text
        try:
            return self.read_tagged(text, depth)
        except CrossingError:
            raise
        except Exception as problem:  # it was written where a student's code runs: anything may be in it
            raise CrossingError(f"what was handed over cannot be read ({type(problem).__name__})") from None

    def read_tagged(self, text: list[Any], depth: int) -> Any:
        """Read what is more than a number or a text."""
        tag, *rest = text
        if tag == "seen":
            return self.table.objects[rest[0]]
        if tag == "int":
            return int(rest[0], 16)
        if tag in ("tuple", "frozenset"):
            return PLAIN_TYPES[tag](self.read(one, depth + 1) for one in rest[0])
        if tag == "bytes":
            return base64.b64decode(rest[0])
        if tag == "complex":
            return complex(*map(float, rest[0]))
        if tag == "range":
            return range(*(self.read(one) for one in rest[0]))
        if tag == "Fraction":
            return fractions.Fraction(rest[0])
        if tag == "Decimal":
            return decimal.Decimal(rest[0])
        if tag == "timedelta":
            return datetime.timedelta(*rest[0])
        if tag == "date":
            return datetime.date.fromisoformat(rest[0])
        if tag in DATES:
            text, zone, fold = rest
            return DATES[tag].fromisoformat(text).replace(tzinfo=self.read(zone), fold=fold)
        if tag == "timezone":
            zone = datetime.timezone(datetime.timedelta(seconds=rest[0]))
            return zone if zone.tzname(None) == rest[1] else datetime.timezone(zone.utcoffset(None), rest[1])
        if tag == "ZoneInfo":
            return zoneinfo.ZoneInfo(rest[0])
        if tag == "Path":
            return pathlib.Path(rest[0])
        if tag == "type":
            return PLAIN_TYPES[rest[0]]
        if tag in VIEWS:
            return self.read_view(tag, [self.read(one, depth + 1) for one in rest[0]])
        if tag == "member":
            return self.classes(rest[0]).__members__[rest[1]]
        if tag == "named":
            return named_tuple(
                rest[0], tuple(rest[1]), self.classes(rest[0]), [self.read(one, depth + 1) for one in rest[2]]
            )
        if tag == "extended":
            value = self.read(rest[1], depth + 1)
            found = self.resolve([*rest[0][:5], value])
            self.table.replace(value, found)
            return found
        if tag in arrays.SCALARS:
            return arrays.read_scalar(tag, rest)
        if tag in frames.SCALARS:
            return frames.read_scalar(self, tag, rest)
        if tag in CONTAINERS:
            return self.read_container(tag, rest, depth)
        return self.resolve(text[:5] if tag == "ref" else text)  # a value with it is read above

    @staticmethod
    def read_view(tag: str, items: list[Any]) -> Any:
        """Make what a dict shows of itself."""
        if tag == "keys":
            return dict.fromkeys(items).keys()
        return dict(enumerate(items)).values() if tag == "values" else dict(items).items()

    def read_container(self, tag: str, rest: list[Any], depth: int, target: Any = None) -> Any:
        """Read a container, or put what is in it into the one there is."""
        _number, *rest = rest

        def start(made: Any) -> Any:
            if target is not None:
                return target
            self.table.add(made)
            return made

        if tag in LISTS or tag == "set":
            made = start(set() if tag == "set" else LISTS[tag]())
            items = [self.read(one, depth + 1) for one in rest[0]]
            made.clear()
            (made.update if tag == "set" else made.extend)(items)
        elif tag in DICTS or tag == "defaultdict":
            made = start(collections.defaultdict() if tag == "defaultdict" else DICTS[tag]())
            pairs = [(self.read(key, depth + 1), self.read(value, depth + 1)) for key, value in rest[0]]
            made.clear()
            for key, value in pairs:
                made[key] = value
            if tag == "defaultdict":
                made.default_factory = self.read(rest[1])
        elif tag == "bytearray":
            made = start(bytearray())
            made[:] = base64.b64decode(rest[0])
        elif tag == "instance":
            kind = self.classes(rest[0])
            if kind is None:
                raise CrossingError(f"there is no class {rest[0]} here")
            made = start(object.__new__(kind))
            fields = {str(name): self.read(value, depth + 1) for name, value in rest[1]}
            vars(made).clear()
            vars(made).update(fields)
        else:
            if tag in arrays.ARRAYS:
                made = arrays.read_array(self, tag, rest, depth, target)
            else:
                made = frames.read_frame(self, tag, rest, depth)
            if target is not None:
                return frames.replace(target, made)
            if tag != "objects":
                self.table.add(made)
        return made


CONTAINERS = {*LISTS, "set", *DICTS, "defaultdict", "bytearray", "instance", *arrays.ARRAYS, *frames.FRAMES}
