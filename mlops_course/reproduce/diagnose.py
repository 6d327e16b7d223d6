"""Search why two executions differ, by executing again with fewer things varied."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mlops_course.reproduce.check import FOLDERS, Cause
from mlops_course.reproduce.compare import Difference
from mlops_course.reproduce.contract import read_cells
from mlops_course.reproduce.execute import ADDED_BY_PAPERMILL, Execution, name_cell
from mlops_course.reproduce.surroundings import Surroundings
from mlops_course.reproduce.variations import VARIATIONS

if TYPE_CHECKING:
    from mlops_course.reproduce.check import Checker

Subject = tuple[str, str, str]

UNSEEDED_HINT = (
    "Look for generators that do not get the seed: `np.random.*`, `random.*`, `default_rng()`, estimators and splits "
    "without `random_state`, `uuid`, threads that finish in any order."
)

LEFT_BEHIND = {
    "project": (
        "what an earlier execution left in the project's folder",
        "a file is changed in place, or written once and read again",
        "Look for files that are both read and written (`to_csv`, `open(..., 'a')`, `dump`); write results elsewhere.",
    ),
    "home": (
        "what an earlier execution left in HOME",
        "a cache in the home directory is read back",
        "Look for `Path.home`, `expanduser` and caches; make the key of a cache name everything the value depends on.",
    ),
    "temporary": (
        "what an earlier execution left in TMPDIR",
        "a temporary file is read back",
        "Look for fixed names in `tempfile.gettempdir()`; use `tempfile.TemporaryDirectory`.",
    ),
}


def find_causes(checker: Checker, first: Execution, second: Execution, varied: list[str]) -> list[Cause]:
    """Find the variations that make the differences, those that need none first.

    The first execution is repeated with nothing varied; what differs even then needs no variation. The rest is
    searched by halving the set of variations: a half that makes no difference is dropped whole.
    """
    again = checker.run("nothing varied", Surroundings())
    unseeded = checker.differences(first, again)
    causes = explain_unseeded(checker, first, again, unseeded) if unseeded else []
    explained = subjects(unseeded)
    wanted = subjects(checker.differences(first, second)) - explained
    if wanted and ("outcome", "", "outcome") not in explained:
        causes += search(checker, first, second, varied, wanted)
    return causes


def subjects(differences: list[Difference]) -> set[Subject]:
    """Name what differs, without the values."""
    return {one.about for one in differences}


def explain_unseeded(checker: Checker, first: Execution, again: Execution, found: list[Difference]) -> list[Cause]:
    """Tell the clock from other randomness: with a clock that stands still, the clock's share goes away."""
    cell = first_different_cell(first, again)
    everything = subjects(found)
    random, clock = everything, set()
    # A notebook that waits for time to pass never ends under a clock that stands still.
    patience = 30 + 3 * first.seconds
    frozen = [
        checker.submit(checker.run, f"frozen clock {turn}", Surroundings(frozen_clock=True), patience=patience)
        for turn in ("a", "b")
    ]
    one, other = (execution.result() for execution in frozen)
    held = one.status == other.status == "done"
    if held:
        random = everything & subjects(checker.differences(one, other))
        clock = everything - random
    if clock:  # an accuracy can be equal twice by chance
        third = checker.run("frozen clock c", Surroundings(frozen_clock=True), patience=patience)
        random |= everything & subjects(checker.differences(one, third))
        clock = everything - random
        checker.discard(third)
    for execution in (one, other):
        checker.discard(execution)
    causes = []
    if clock:
        why = "with the clock: the current time or a measured one enters the result"
        causes.append(explain(("clock",), clock, why, VARIATIONS["clock"].hint, cell, found))
    if random:
        or_clock = "" if held else ", or the clock (it did not run with a frozen one)"
        why = f"with nothing varied: unseeded randomness{or_clock}"
        causes.append(explain((), random, why, UNSEEDED_HINT, cell, found))
    checker.discard(again)
    return causes


def search(
    checker: Checker, first: Execution, second: Execution, varied: list[str], wanted: set[Subject]
) -> list[Cause]:
    """Halve the set of variations until single ones are left."""
    order = [name for name in VARIATIONS if name in varied]
    groups = halves(order)
    singles: dict[str, tuple[set[Subject], Execution, list[Difference]]] = {}
    while groups:
        running = [
            (group, checker.submit(checker.run, label(group), Surroundings(frozenset(group)))) for group in groups
        ]
        groups = []
        for group, pending in running:
            execution = pending.result()
            found = checker.differences(first, execution)
            # A run that ends early differs in its outcome only, and hides what it would have logged.
            matter = subjects(found) & wanted or subjects(found) & {("outcome", "", "outcome")}
            if not matter:
                checker.discard(execution)
            elif len(group) == 1:
                singles[group[0]] = (matter, execution, found)
            else:
                groups += halves(group)
    noise = confirm(checker, first, singles)
    wanted = wanted - noise
    causes = []
    for name in [name for name in order if name in singles]:
        matter, execution, found = singles[name]
        variation = VARIATIONS[name]
        cell = first_different_cell(first, execution)
        why = f"with {variation.label}: {variation.cause}"
        causes.append(explain((name,), matter, why, variation.hint, cell, found))
    if noise:
        causes.append(explain((), noise, "now and then with nothing varied: unseeded randomness", UNSEEDED_HINT))
    rest = wanted - set().union(*(matter for matter, _, _ in singles.values()), set())
    if rest and not any(("outcome", "", "outcome") in matter for matter, _, _ in singles.values()):
        why = f"only when several of these vary together: {', '.join(order)}"
        causes.append(explain(tuple(order), rest, why, "", first_different_cell(first, second)))
    return causes


def confirm(
    checker: Checker, first: Execution, singles: dict[str, tuple[set[Subject], Execution, list[Difference]]]
) -> set[Subject]:
    """Execute once more what seems to be a cause, and the first with nothing varied; drop what does not hold.

    A coarse metric, such as an accuracy, can agree twice by chance and differ the third time. What differs between
    executions with nothing varied after all is returned.
    """
    if not singles:
        return set()
    plain = checker.submit(checker.run, "nothing varied again", Surroundings())
    repeated = {
        name: checker.submit(checker.run, f"only {name} again", Surroundings(frozenset({name}))) for name in singles
    }
    noise = subjects(checker.differences(first, plain.result()))
    for name, pending in repeated.items():
        matter, execution, found = singles[name]
        again = pending.result()
        kept = matter & subjects(checker.differences(first, again)) - noise
        # Without noise, twice the same variation gives twice the same result.
        unsteady = kept & subjects(checker.differences(execution, again))
        noise |= unsteady
        singles[name] = (kept - unsteady, execution, found)
        checker.discard(again)
    for name in [name for name, (matter, _, _) in singles.items() if not matter]:
        del singles[name]
    return noise


def explain(
    variations: tuple[str, ...],
    matter: set[Subject],
    why: str,
    hint: str,
    cell: str = "",
    found: Iterable[Difference] = (),
) -> Cause:
    """Put a cause into words, with those of the differences that it makes."""
    sentence = f"{names(matter)} {changes(matter)} {why}"
    shown = tuple(one for one in found if one.about in matter)
    return Cause(variations, tuple(sorted(matter)), sentence, hint, cell, shown)


def find_left_behind(
    checker: Checker, first: Execution, fresh: Execution, repeated: Execution, known: list[Cause]
) -> list[Cause]:
    """Find which folder carries something from one execution to the next.

    `first` left something; `fresh` and `repeated` have one seed, in a fresh place and in that of the first. What
    changes with nothing varied (`known`) says nothing about what was left.
    """
    unseeded = {subject for cause in known if cause.variations in {(), ("clock",)} for subject in cause.subjects}
    wanted = subjects(checker.differences(fresh, repeated)) - unseeded
    if not wanted:
        return []
    seed = fresh.parameters["seed"]
    control = checker.run("in a fresh place again", Surroundings(), seed=seed)
    wanted -= subjects(checker.differences(fresh, control))
    if not wanted:
        return []

    def execute(name: str) -> Any:
        layout = {"seed": seed, "left_from": first, "keep": frozenset({name})}
        return checker.submit(checker.run, f"left in {name}", Surroundings(), **layout)

    running = [(name, execute(name)) for name in FOLDERS]
    causes = []
    explained: set[Subject] = set()
    for name, pending in running:
        execution = pending.result()
        found = checker.differences(fresh, execution)
        matter = subjects(found) & wanted
        if matter:
            what, why, hint = LEFT_BEHIND[name]
            cell = first_different_cell(fresh, execution)
            causes.append(explain((f"left-in-{name}",), matter, f"with {what}: {why}", hint, cell, found))
            explained |= matter
    if rest := wanted - explained:
        why = "when the notebook is executed again in the same place"
        cell = first_different_cell(fresh, repeated)
        causes.append(explain(("left-behind",), rest, why, LEFT_BEHIND["project"][2], cell))
    return causes


def halves(group: list[str]) -> list[list[str]]:
    """Split a list in two; a single element cannot be split."""
    middle = (len(group) + 1) // 2
    return [part for part in (group[:middle], group[middle:]) if part]


def label(group: list[str]) -> str:
    """Name an execution of the search."""
    return "only " + (group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}")


def names(found: set[Subject]) -> str:
    """Name what changes, metrics first, in a form that fits a sentence."""
    unique = list(dict.fromkeys(name for kind, _, name in sorted(found, key=lambda one: (one[0] != "metric", one))))
    quoted = [f"`{name}`" for name in unique[:3]]
    return ", ".join(quoted) + (f" and {len(unique) - 3} more" if len(unique) > 3 else "")


def changes(found: set[Subject]) -> str:
    """Conjugate."""
    return "changes" if len({name for _, _, name in found}) == 1 else "change"


def first_different_cell(first: Execution, other: Execution) -> str:
    """Name the first cell whose output differs between two executions, empty when none does."""
    ours, theirs = (read_cells(one.output) for one in (first, other))
    pairs = list(zip(without_added(ours), without_added(theirs), strict=False))
    for prepare in (mask, str):  # first without noise; a date may be the very thing
        for place, (one, two) in enumerate(pairs, 1):
            if outputs(one, prepare) != outputs(two, prepare):
                return name_cell(first.output, (place, len(pairs), one.get("id", "")))
    return ""


def without_added(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the cells that papermill added, which are not the same number in both."""
    return [cell for cell in cells if not ADDED_BY_PAPERMILL.intersection(cell["metadata"].get("tags", []))]


def outputs(cell: dict[str, Any], prepare: Callable[[str], str]) -> list[str]:
    """List what a reader of the cell sees, warnings aside."""
    seen = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream" and output["name"] == "stdout":
            seen.append(prepare("".join(output["text"])))
        elif output["output_type"] == "error":
            seen.append(prepare(f"{output['ename']}: {output['evalue']}"))
        elif output["output_type"] in {"display_data", "execute_result"}:
            data = {kind: value for kind, value in output["data"].items() if kind != "text/html"}
            seen += [
                prepare(f"{kind} {value if isinstance(value, str) else json.dumps(value)}")
                for kind, value in sorted(data.items())
            ]
    return seen


NOISE = re.compile(
    r"\b(m-)?[0-9a-f]{32}\b"  # identifiers of runs, models and files
    r"|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b0x[0-9a-f]+\b"  # addresses
    r"|\b\d{4}[-/]\d\d[-/]\d\d([ T]\d\d:\d\d(:\d\d)?([.,]\d+)?)?"  # moments
    r"|\b\d\d:\d\d(:\d\d)?([.,]\d+)?\b"
    r"|\b\d+([.,]\d+)? ?m?s\b"  # durations
    r"|\b1\d{9}(\d{3})?(\.\d+)?\b"  # seconds or milliseconds since 1970
    r"|(/[\w.-]+){3,}"  # paths
)


def mask(text: str) -> str:
    """Hide what differs between any two executions, so that the first real difference stands out."""
    return NOISE.sub("*", text)


def as_dict(cause: Cause) -> dict[str, object]:
    """Plain values for `report.json`."""
    return {
        "variations": list(cause.variations),
        "subjects": [{"kind": kind, "run": run, "name": name} for kind, run, name in cause.subjects],
        "sentence": cause.sentence,
        "hint": cause.hint,
        "cell": cause.cell,
        "differences": [dataclasses.asdict(one) for one in cause.differences],
    }
