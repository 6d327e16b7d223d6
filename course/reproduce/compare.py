"""Compare what two executions logged, bit for bit."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("run", "status", "parameter", "metric", "dataset", "tag", "artifact", "model", "outcome")
MISSING = "(absent)"
FIELDS = {"parameters": "parameter", "datasets": "dataset", "tags": "tag", "artifacts": "artifact"}


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in two executions.

    Attributes
    ----------
    kind
        One of `KINDS`.
    run
        Experiment and place of the run, empty when the whole execution is meant.
    name
        Name of the metric, parameter, ...; for a metric's history with the step.
    first, second
        The two values, as text that a person can compare.
    relative
        |second - first| / max(|first|, |second|) for numbers, None elsewhere.
    """

    kind: str
    run: str
    name: str
    first: str
    second: str
    relative: float | None = None

    @property
    def subject(self) -> str:
        """The name without the step, to speak of a metric as a whole."""
        return self.name.split(" [", 1)[0]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `report.json`."""
        return asdict(self)


def compare(
    first: dict[str, Any], second: dict[str, Any], *, exclude: Iterable[str] = (), pair_by: str = "key"
) -> list[Difference]:
    """List the differences between two records of `collect.read_store`.

    Parameters
    ----------
    first, second
        The two records.
    exclude
        Patterns `kind:name` (with `*`) that are not compared.
    pair_by
        "key": runs of experiments with the same name are pairs; "place": those at the same place, whatever the name.

    Returns
    -------
    list of Difference
        Empty when the records are identical. NaN equals NaN.
    """
    runs = ({run[pair_by]: run for run in record["runs"]} for record in (first, second))
    ours, theirs = runs
    found: list[Difference] = []
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        if key not in theirs or key not in ours:
            found.append(
                Difference("run", key, "run", *("there" if key in side else MISSING for side in (ours, theirs)))
            )
        else:
            found += compare_runs(key, ours[key], theirs[key])
    patterns = list(exclude)
    return [one for one in found if not is_excluded(one, patterns)]


def is_excluded(difference: Difference, patterns: list[str]) -> bool:
    """Tell whether the user asked not to compare this."""
    return any(fnmatch.fnmatchcase(f"{difference.kind}:{difference.subject}", pattern) for pattern in patterns)


def compare_runs(key: str, first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    """Compare two runs that stand at the same place."""
    found = []
    if first["status"] != second["status"]:
        found.append(Difference("status", key, "status", first["status"], second["status"]))
    for name in both(first["metrics"], second["metrics"]):
        found += compare_history(key, name, first["metrics"].get(name), second["metrics"].get(name))
    for field, kind in FIELDS.items():
        for name in both(first[field], second[field]):
            one, other = first[field].get(name), second[field].get(name)
            if one != other:
                values = shorten(kind, one, other)
                found.append(Difference(kind, key, name, *values, relative_difference(one, other)))
    for name in both(first["models"], second["models"]):
        one, other = first["models"].get(name), second["models"].get(name)
        if one is None or other is None:
            found.append(
                Difference("model", key, name, *("there" if side is not None else MISSING for side in (one, other)))
            )
            continue
        parts = [part for part in both(one, other) if one.get(part) != other.get(part)]
        if parts:
            values = (", ".join(f"{part} {side.get(part, MISSING)[:8]}" for part in parts) for side in (one, other))
            found.append(Difference("model", key, name, *values))
    return found


def both(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """All names, in the first's order."""
    return [*first, *(name for name in second if name not in first)]


def compare_history(key: str, name: str, first: list[Any] | None, second: list[Any] | None) -> list[Difference]:
    """Compare a metric with its whole history; the first difference stands for all."""
    if first == second:
        return []
    if first is None or second is None:
        last = [MISSING if side is None else show(side[-1][1]) for side in (first, second)]
        return [Difference("metric", key, name, *last)]
    longest = max(len(first), len(second))
    places = [place for place in range(longest) if first[place : place + 1] != second[place : place + 1]]
    place = places[0]
    one = first[place] if place < len(first) else None
    other = second[place] if place < len(second) else None
    label = name
    if longest > 1:
        step = (one or other)[0]
        label = f"{name} [step {step}, first of {len(places)}]" if len(places) > 1 else f"{name} [step {step}]"
    values = [MISSING if side is None else show(side[1]) for side in (one, other)]
    if one and other and one[0] != other[0]:
        values = [f"{value} at step {side[0]}" for value, side in zip(values, (one, other), strict=True)]
    numbers = [None if side is None else side[1] for side in (one, other)]
    return [Difference("metric", key, label, *values, relative_difference(*numbers))]


def show(exact: str) -> str:
    """Write an exact number as the shortest decimal text that means the same bits."""
    return repr(float.fromhex(exact))


def shorten(kind: str, first: str | None, second: str | None, most: int = 80) -> tuple[str, str]:
    """Show two values so that they fit a table and their difference is seen; digests by their beginning."""
    texts = [MISSING if value is None else value for value in (first, second)]
    if kind == "artifact":
        return tuple(text if text == MISSING else f"sha256 {text[:8]}" for text in texts)
    if max(map(len, texts)) <= most:
        return tuple(texts)
    same = next((place for place, pair in enumerate(zip(*texts, strict=False)) if len(set(pair)) > 1), 0)
    begin = max(0, same - most // 4)
    cut = [("..." if begin else "") + text[begin : begin + most] for text in texts]
    return tuple(short + ("..." if begin + most < len(text) else "") for short, text in zip(cut, texts, strict=True))


def relative_difference(first: str | None, second: str | None) -> float | None:
    """Relative difference of two numbers given as text, None when they are not numbers."""
    try:
        one, other = (float.fromhex(text) if "0x" in text else float(text) for text in (first or "", second or ""))
    except ValueError:
        return None
    if not (math.isfinite(one) and math.isfinite(other)):
        return None
    largest = max(abs(one), abs(other))
    return abs(one - other) / largest if largest else 0.0
