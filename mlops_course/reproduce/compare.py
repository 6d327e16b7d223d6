"""Compare what two executions logged, bit for bit."""

from __future__ import annotations

import fnmatch
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

KINDS = ("run", "status", "parameter", "metric", "dataset", "tag", "artifact", "model", "outcome")
MISSING = "(absent)"
# What tells runs apart, and what they found.
IDENTITY = ("parameters", "tags", "datasets")
FOUND = ("status", "metrics", "artifacts", "models")
# By what runs are paired, the surest first; what is left has nothing but the order in which it was made.
SIGNS = ((*IDENTITY, *FOUND), (*IDENTITY, "name"), IDENTITY, ("name",), ())
# How `collect` writes the identifiers of runs and models.
MENTION = re.compile(r"<id of (a model of )?(.*?)>")
FIELDS = {"parameters": "parameter", "datasets": "dataset", "tags": "tag", "artifacts": "artifact"}


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in two executions."""

    kind: str  # one of `KINDS`
    run: str  # experiment and place of the run, empty when the whole execution is meant
    name: str  # name of the metric, parameter, ...; for a metric's history with the step
    first: str  # the two values, as text that a person can compare
    second: str
    relative: float | None = None  # |second - first| / max(|first|, |second|) for numbers, None elsewhere

    @property
    def subject(self) -> str:
        """The name without the step, to speak of a metric as a whole."""
        return self.name.split(" [", 1)[0]

    @property
    def about(self) -> tuple[str, str, str]:
        """What differs, without the values."""
        return self.kind, self.run, self.subject


def compare(
    first: dict[str, Any], second: dict[str, Any], *, exclude: Iterable[str] = (), same_names: bool = True
) -> list[Difference]:
    """List the differences between two records of `collect.read_store`; NaN equals NaN.

    What matches a pattern `kind:name` (with `*`) in `exclude` is not compared; `same_names` is as in `pair`.
    """
    pairs = pair(first["runs"], second["runs"], same_names=same_names)
    ours = {theirs["key"]: own["key"] for own, theirs in pairs if own and theirs}
    found: list[Difference] = []
    for own, theirs in pairs:
        if own and theirs:
            found += compare_runs(own["key"], own, with_mentions(theirs, ours))
        else:
            there = ["there" if run else MISSING for run in (own, theirs)]
            found.append(Difference("run", (own or theirs)["key"], "run", *there))
    patterns = list(exclude)
    return [one for one in found if not is_excluded(one, patterns)]


Pair = tuple[dict[str, Any] | None, dict[str, Any] | None]


def pair(first: list[dict[str, Any]], second: list[dict[str, Any]], *, same_names: bool = True) -> list[Pair]:
    """Find which runs of two executions are the same one.

    Threads make runs in any order. So runs with the same content are pairs, and of those that are left the ones with
    the same parameters, tags and datasets, then with the same name; their order decides only between equals. They are
    returned in the first one's order, with None in place of a missing run. `same_names` tells whether experiments are
    the same one if their names are equal, or if they came up in the same order.
    """
    sides = (Family(first, same_names), Family(second, same_names))
    pairs: list[Pair] = []

    def among(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
        for fields in SIGNS:
            waiting = defaultdict(list)
            for run in theirs:
                waiting[sides[1].sign(run, fields)].append(run)
            matched = [(run, waiting[sign].pop(0)) for run in ours if waiting[sign := sides[0].sign(run, fields)]]
            pairs.extend(matched)
            ours = [run for run in ours if all(run is not one for one, _ in matched)]
            theirs = [run for run in theirs if all(run is not one for _, one in matched)]
            for run, other in matched:
                among(sides[0].children[run["key"]], sides[1].children[other["key"]])
        for run in ours:
            pairs.append((run, None))
            among(sides[0].children[run["key"]], [])
        for run in theirs:
            pairs.append((None, run))
            among([], sides[1].children[run["key"]])

    for experiment in dict.fromkeys([*sides[0].outermost, *sides[1].outermost]):
        among(*(side.outermost[experiment] for side in sides))
    place = {run["key"]: number for number, run in enumerate(first)}
    return sorted(pairs, key=lambda one: place[one[0]["key"]] if one[0] else len(place))


class Family:
    """The runs of one execution: which are outermost, by experiment, and which belong to which."""

    def __init__(self, runs: list[dict[str, Any]], same_names: bool) -> None:
        self.outermost: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        self.children: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.signs: dict[tuple[str, tuple[str, ...]], str] = {}
        numbers = {name: number for number, name in enumerate(dict.fromkeys(run["experiment"] for run in runs))}
        for run in runs:
            if run["parent"]:
                self.children[run["parent"]].append(run)
            else:
                self.outermost[run["experiment"] if same_names else numbers[run["experiment"]]].append(run)

    def sign(self, run: dict[str, Any], fields: tuple[str, ...]) -> str:
        """Write down what a run is recognised by, its children included, but for the numbers of other runs."""
        known = (run["key"], fields)
        if known not in self.signs:
            own = json.dumps([run[field] for field in fields], sort_keys=True)
            children = sorted(self.sign(child, fields) for child in self.children[run["key"]]) if fields else []
            self.signs[known] = json.dumps([MENTION.sub(r"<id of \1>", own), children])
        return self.signs[known]


def with_mentions(run: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Name the other runs that a run mentions as in the first execution."""

    def rename(match: re.Match[str]) -> str:
        return f"<id of {match[1] or ''}{names.get(match[2], match[2])}>"

    texts = ("parameters", "tags")
    return run | {field: {name: MENTION.sub(rename, text) for name, text in run[field].items()} for field in texts}


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
