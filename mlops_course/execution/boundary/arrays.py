"""NumPy's scalars, types and arrays as plain JSON."""

from __future__ import annotations

import base64
import math
import sys
from typing import Any

KINDS = "biufcSUmM"
ARRAYS = {"ndarray", "objects"}
SCALARS = {"scalar", "dtype", "numpy"}


def write_scalar(value: Any, kind: type) -> Any:
    """Write a scalar or a type of NumPy's; None if it is none."""
    np = sys.modules.get("numpy")
    if np is None:
        return None
    if isinstance(value, np.generic) and value.dtype.kind in KINDS and kind is value.dtype.type:
        return ["scalar", value.dtype.str, base64.b64encode(value.tobytes()).decode()]
    if isinstance(value, np.dtype) and (text := dtype_text(value)):
        return ["dtype", text]
    if isinstance(value, type) and issubclass(value, np.generic) and getattr(np, value.__name__, None) is value:
        return ["numpy", value.__name__]
    return None


def read_scalar(tag: str, rest: list[Any]) -> Any:
    """Read a scalar or a type of NumPy's."""
    import numpy as np

    if tag == "numpy":
        kind = getattr(np, rest[0])
        if not (isinstance(kind, type) and issubclass(kind, np.generic)):
            raise TypeError("this is no type of NumPy's")
        return kind
    dtype = dtype_of(rest[0])
    return dtype if tag == "dtype" else np.frombuffer(base64.b64decode(rest[1]), dtype)[0]


def is_extended(value: Any, kind: type) -> bool:
    """Tell whether this is an array of a class of somebody else's."""
    np = sys.modules.get("numpy")
    return np is not None and isinstance(value, np.ndarray) and not kind.__module__.startswith("numpy")


def is_array(value: Any, kind: type) -> bool:
    """Tell whether this crosses as an array: other kinds of NumPy's, such as masked ones, do not."""
    np = sys.modules.get("numpy")
    return np is not None and (kind is np.ndarray or is_extended(value, kind))


def write_array(writer: Any, value: Any, number: int, depth: int) -> Any:
    """Write an array; None if there is more in it than numbers, text, times and objects."""
    import numpy as np

    plain = np.ascontiguousarray(np.asarray(value).view(np.ndarray)).reshape(np.shape(value))
    if text := dtype_text(plain.dtype):
        return ["ndarray", number, text, list(plain.shape), base64.b64encode(plain.tobytes()).decode()]
    return ["objects", number, list(plain.shape), [writer.write(one, depth + 1) for one in plain.ravel()]]


def read_array(reader: Any, tag: str, rest: list[Any], depth: int, target: Any) -> Any:
    """Read an array."""
    import numpy as np

    if tag == "ndarray":
        shape = tuple(map(int, rest[1]))
        return np.frombuffer(base64.b64decode(rest[2]), dtype_of(rest[0])).reshape(shape).copy()
    shape = tuple(map(int, rest[0]))
    if math.prod(shape) != len(rest[1]):
        raise TypeError("an array of another shape")
    found = np.empty(shape, dtype=object)
    if target is None:
        reader.table.add(found)
    for place, one in enumerate(rest[1]):
        found.flat[place] = reader.read(one, depth + 1)
    return found


def dtype_text(dtype: Any) -> Any:
    """Write the type of an array's elements; None if it may hold objects."""
    if dtype.names is None:
        return dtype.str if dtype.kind in KINDS else None
    fields = [[name, dtype[name].str] for name in dtype.names if dtype[name].kind in KINDS]
    packed = sum(dtype[name].itemsize for name in dtype.names) == dtype.itemsize
    return fields if packed and len(fields) == len(dtype.names) else None


def dtype_of(text: Any) -> Any:
    """Read the type of an array's elements: numbers, text and times, or fields of these; never objects."""
    import numpy as np

    if isinstance(text, list):
        return np.dtype([(str(name), dtype_of(one)) for name, one in text])
    dtype = np.dtype(str(text))
    if dtype.kind not in KINDS:
        raise TypeError("this is no type of plain numbers")
    return dtype
