"""How the options of `course reproduce` are read."""

from __future__ import annotations

import click

from mlops_course.reproduce.compare import KINDS


def seed_range(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Read `A-B` as the whole numbers from A to B."""
    if text is None:
        return ()
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and int(first) < int(last)):
        raise click.BadParameter("write two whole numbers, the smaller first, for example 0-19")
    return tuple(range(int(first), int(last) + 1))


def kind_and_name(_context: click.Context, _parameter: click.Parameter, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Check that each pattern names a kind that is compared."""
    for pattern in patterns:
        if pattern.partition(":")[0] not in KINDS or ":" not in pattern:
            raise click.BadParameter(f"{pattern}: write KIND:NAME, with one of {', '.join(KINDS)}")
    return patterns
