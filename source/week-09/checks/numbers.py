"""Reads the numbers that a student states, and says what is wrong with what is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any


def is_number(value: object) -> bool:
    """Tell whether this is a finite number, of Python's, NumPy's or pandas' kind."""
    try:
        return not isinstance(value, (str, bytes)) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def entry(stated: object, *keys: str, path: str) -> Any:
    """Return what a dict holds under a key, or a dict in a dict under keys.

    Parameters
    ----------
    stated
        The dict.
    keys
        From the outside to the inside.
    path
        The name of the dict, for messages.
    """
    for key in keys:
        assert stated is not None, f"{path} has no value yet: expected a dict with {key!r} in it"
        assert isinstance(stated, Mapping), f"{path} is a {type(stated).__name__}: expected a dict with {key!r} in it"
        assert key in stated, f"{path} has the keys {list(stated)}: expected {key!r} as well"
        stated, path = stated[key], f"{path}[{key!r}]"
    return stated


def number(stated: object, *keys: str, path: str) -> float:
    """Return the number that a dict holds under these keys; arguments as for `entry`."""
    value = entry(stated, *keys, path=path)
    assert is_number(value), f"{path}{''.join(f'[{key!r}]' for key in keys)} is {value!r}: expected a finite number"
    return float(value)


def with_mistakes(values: list[float]) -> Iterator[list[float]]:
    """Yield a list of numbers, and the lists that come of leaving some out or counting one twice."""
    ordered = sorted(values)
    yield from (values, ordered[:-1], ordered[1:], ordered[1:-1])
    yield from ([*values, value] for value in values)
    yield from (values[:count] for count in range(2, len(values)))
