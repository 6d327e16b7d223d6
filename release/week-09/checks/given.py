"""The files that came with the assignment, and what a STUDENT_ID draws of them."""

from __future__ import annotations

import os
import random
from pathlib import Path

WEEK = Path(__file__).resolve().parent.parent  # the assignment's folder


def work() -> Path:
    """Return the folder in which the tasks have theirs."""
    return Path(os.environ["WEEK_09"]) / "work"


def drawn(student_id: object) -> random.Random:
    """Return the generator that draws a student's own numbers: the same for the same STUDENT_ID."""
    return random.Random(f"week 09 {str(student_id).strip()}")  # noqa: S311 (nothing here is secret)


def season(student_id: object, year: int) -> bytes:
    """Return a season's table as a student gets it: three rows are left out."""
    rows = whole_season(year).splitlines(keepends=True)
    left_out = drawn(student_id).sample(range(1, len(rows)), 3)
    return b"".join(row for number, row in enumerate(rows) if number not in left_out)


def whole_season(year: int) -> bytes:
    """Return a season's table."""
    return (WEEK / "seasons" / f"penguins_{year}.csv").read_bytes()


def excerpts(student_id: object, sizes: dict[str, int]) -> dict[str, bytes]:
    """Draw a table of each size from the season of 2009."""
    draw = drawn(student_id)
    header, *rows = whole_season(2009).splitlines(keepends=True)
    return {name: header + b"".join(draw.sample(rows, size)) for name, size in sizes.items()}


def tracks(student_id: object) -> dict[str, dict[str, bytes]]:
    """Draw the two versions of the folder `tracks`: tag → name of a file → its bytes.

    The second version has files that are new, corrected, renamed and gone.
    """
    draw = drawn(student_id)
    birds = draw.sample(range(10, 100), 12)
    first = {f"bird_{bird}.csv": track(draw) for bird in birds[:8]}
    second = dict(first)
    names = draw.sample(sorted(first), 8)
    corrected, renamed = draw.randint(1, 3), draw.randint(1, 2)
    for name in names[:corrected]:
        second[name] = track(draw)
    for name in names[corrected : corrected + renamed]:
        second[name.replace("bird", "tern")] = second.pop(name)
    del second[names[corrected + renamed]]
    for bird in birds[8 : 8 + draw.randint(1, 4)]:
        second[f"bird_{bird}.csv"] = track(draw)
    return {"tracks-1": first, "tracks-2": second}


def track(draw: random.Random) -> bytes:
    """Draw a bird's track: six places where it was seen."""
    places = [f"{number},{draw.uniform(-65, -64):.4f},{draw.uniform(-65, -64):.4f}" for number in range(1, 7)]
    return "\n".join(["hour,latitude,longitude", *places, ""]).encode()
