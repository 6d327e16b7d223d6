"""What crosses between the two kernels, as plain JSON.

By value: None, truth values, numbers, text, bytes, containers of these, ranges, fractions, decimals, dates, paths,
NumPy arrays and scalars, pandas frames and series (as Arrow), and instances of a class from a locked cell (as fields).
Everything else crosses by reference. What is read here is data: nothing is imported, executed or unpickled for it.

Containers that can change are numbered in the order in which they are met, the same on both sides: what comes back is
the same object, and what was changed in it is told by its number.
"""

from __future__ import annotations

import base64
import collections
import datetime
import decimal
import fractions
import math
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from course.execution.boundary.frames import from_arrow, replace, to_arrow

DEPTH = 100  # containers within containers
MOST = 5_000_000  # values in one message
PLAIN_TYPES = {one.__name__: one for one in (int, float, bool, str, bytes, complex, list, tuple, dict, set, frozenset)}
PLAIN_TYPES |= {"NoneType": type(None), "object": object, "range": range, "type": type}
DATES = {one.__name__: one for one in (datetime.date, datetime.datetime, datetime.time)}
LISTS = {"list": list, "deque": collections.deque}
DICTS = {"dict": dict, "OrderedDict": collections.OrderedDict, "Counter": collections.Counter}
NUMPY_KINDS = "biufcSUmM"


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
        kind = type(value)
        if value is None or kind in (bool, str, float):
            return value
        if kind is int:
            return value if -(2**53) < value < 2**53 else ["int", hex(value)]
        if id(value) in self.table.numbers:
            return ["seen", self.table.numbers[id(value)]]
        if kind in (tuple, frozenset):
            return [kind.__name__, [self.write(one, depth + 1) for one in value]]
        if kind in (bytes, complex, range, fractions.Fraction, decimal.Decimal, *DATES.values(), datetime.timedelta):
            return [kind.__name__, self.parts(value)]
        if isinstance(value, pathlib.PurePath) and kind.__module__.startswith("pathlib"):
            return ["Path", str(value)]
        if kind is type and PLAIN_TYPES.get(value.__name__) is value:
            return ["type", value.__name__]
        numpy = self.numpy(value, kind)
        if numpy is not None:
            return numpy
        content = self.content(value, depth)
        return self.refer(value) if content is None else content

    def parts(self, value: Any) -> Any:
        """Write what a number, bytes or a point in time consists of."""
        kind = type(value)
        if kind is bytes:
            return base64.b64encode(value).decode()
        if kind is complex:
            return [value.real, value.imag]
        if kind is range:
            return [self.write(one) for one in (value.start, value.stop, value.step)]
        if kind is datetime.timedelta:
            return [value.days, value.seconds, value.microseconds]
        if kind in DATES.values():
            if kind is not datetime.date and value.tzinfo not in (None, datetime.UTC):
                raise CrossingError("times cross without a time zone, or in UTC")
            return value.isoformat()
        return str(value)

    def numpy(self, value: Any, kind: type) -> Any:
        """Write a scalar or a type of NumPy's; None if it is none."""
        np = sys.modules.get("numpy")
        if np is None:
            return None
        if isinstance(value, np.generic) and value.dtype.kind in NUMPY_KINDS and kind is value.dtype.type:
            return ["scalar", value.dtype.str, base64.b64encode(value.tobytes()).decode()]
        if isinstance(value, np.dtype) and value.kind in NUMPY_KINDS and value.names is None:
            return ["dtype", value.str]
        if isinstance(value, type) and issubclass(value, np.generic) and getattr(np, value.__name__, None) is value:
            return ["numpy", value.__name__]
        return None

    def content(self, value: Any, depth: int = 0, *, known: bool = False) -> Any:
        """Write a container, or only what is in it if the other side knows it; None if it is no such container."""
        kind = type(value)
        name = kind.__name__
        number = (self.table.numbers[id(value)] if known else None,)
        if LISTS.get(name) is kind or kind is set:
            number = (self.table.add(value),) if not known else number
            return [name, *number, [self.write(one, depth + 1) for one in list(value)]]
        if DICTS.get(name) is kind or kind is collections.defaultdict:
            number = (self.table.add(value),) if not known else number
            items = [[self.write(key, depth + 1), self.write(one, depth + 1)] for key, one in list(value.items())]
            made = [self.write(value.default_factory)] if kind is collections.defaultdict else []
            return [name, *number, items, *made]
        if kind is bytearray:
            number = (self.table.add(value),) if not known else number
            return [name, *number, base64.b64encode(bytes(value)).decode()]
        if kind.__module__ == "__main__" and self.classes(name) and set(dir(value)) >= {"__dict__"}:
            if isinstance(value, (int, float, str, list, dict, tuple, set, BaseException, type)):
                return None
            number = (self.table.add(value),) if not known else number
            return ["instance", *number, name, [[key, self.write(one, depth + 1)] for key, one in vars(value).items()]]
        return self.array(value, kind, depth, known=known)

    def array(self, value: Any, kind: type, depth: int, *, known: bool) -> Any:
        """Write an array of NumPy's, or a frame, series or index of pandas'; None if it is none of them."""
        np, pd = sys.modules.get("numpy"), sys.modules.get("pandas")

        def number() -> int:
            return self.table.numbers[id(value)] if known else self.table.add(value)

        if np is not None and kind is np.ndarray:
            if value.dtype.kind in NUMPY_KINDS and value.dtype.names is None:
                data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
                return ["ndarray", number(), value.dtype.str, list(value.shape), data]
            if value.dtype.kind == "O":
                own = number()
                return ["objects", own, list(value.shape), [self.write(one, depth + 1) for one in value.ravel()]]
        if pd is not None and kind in (pd.DataFrame, pd.Series, pd.Index, pd.RangeIndex):
            data = to_arrow(value)
            if data is not None:
                return [kind.__name__, number(), base64.b64encode(data).decode()]
        return None


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
        if tag in DATES:
            return DATES[tag].fromisoformat(rest[0])
        if tag == "Path":
            return pathlib.Path(rest[0])
        if tag == "type":
            return PLAIN_TYPES[rest[0]]
        if tag in ("scalar", "dtype", "numpy"):
            return self.read_numpy(tag, rest)
        if tag in CONTAINERS:
            return self.read_container(tag, rest, depth)
        return self.resolve(text)

    @staticmethod
    def read_numpy(tag: str, rest: list[Any]) -> Any:
        """Read a scalar or a type of NumPy's."""
        import numpy as np

        if tag == "numpy":
            kind = getattr(np, rest[0])
            if not (isinstance(kind, type) and issubclass(kind, np.generic)):
                raise CrossingError("this is no type of NumPy's")
            return kind
        dtype = dtype_of(rest[0])
        return dtype if tag == "dtype" else np.frombuffer(base64.b64decode(rest[1]), dtype)[0]

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
            made = self.read_array(tag, rest, depth, target)
            if target is None and tag != "objects":
                self.table.add(made)
        return made

    def read_array(self, tag: str, rest: list[Any], depth: int, target: Any) -> Any:
        """Read an array, frame, series or index."""
        import numpy as np

        if tag == "ndarray":
            dtype, shape = dtype_of(rest[0]), tuple(map(int, rest[1]))
            found = np.frombuffer(base64.b64decode(rest[2]), dtype).reshape(shape).copy()
        elif tag == "objects":
            shape = tuple(map(int, rest[0]))
            if math.prod(shape) != len(rest[1]):
                raise CrossingError("an array of another shape")
            found = np.empty(shape, dtype=object)
            if target is None:
                self.table.add(found)
            for place, one in enumerate(rest[1]):
                found.flat[place] = self.read(one, depth + 1)
        else:
            found = from_arrow(tag, base64.b64decode(rest[0]))
        return found if target is None else replace(target, found)


CONTAINERS = {*LISTS, "set", *DICTS, "defaultdict", "bytearray", "instance", "ndarray", "objects"}
CONTAINERS |= {"DataFrame", "Series", "Index", "RangeIndex"}


def dtype_of(text: str) -> Any:
    """Read the type of an array's elements: numbers, text and times, never objects."""
    import numpy as np

    dtype = np.dtype(str(text))
    if dtype.kind not in NUMPY_KINDS:
        raise CrossingError("this is no type of plain numbers")
    return dtype
