"""Find the assignment's own cells in a student's notebook, and put back what is missing.

Grading, Validate and `course check` all judge what is found here.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

Cell = Any  # a notebook's cell: a mapping with attributes, as nbformat reads it


def grade_id(cell: Cell) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def match(submitted: Sequence[Cell], released: Sequence[Cell]) -> dict[int, int]:
    """Find the released cells that nbgrader knows in the submission: position there → position here, each once.

    Looked at in this order: the id in nbgrader's metadata, the id of the cell itself (it survives editors that drop
    metadata), the same text (for cells that students do not write in), the place between two cells that were found.
    """
    found: dict[int, int] = {}
    free = set(range(len(submitted)))

    def take(position: int, candidates: list[int]) -> None:
        candidates = [candidate for candidate in candidates if candidate in free]
        if candidates and position not in found:
            own = released[position].get("id")
            same = [candidate for candidate in candidates if submitted[candidate].get("id") == own]
            # Of copies the one that was there first; if none was, the last, as nbgrader does.
            found[position] = (same or candidates[-1:])[0]
            free.discard(found[position])

    trusted = [position for position, cell in enumerate(released) if grade_id(cell)]
    for position in trusted:
        name = grade_id(released[position])
        take(position, [at for at, cell in enumerate(submitted) if grade_id(cell) == name])
    for position in trusted:
        own = released[position].get("id")
        take(position, [at for at, cell in enumerate(submitted) if own and cell.get("id") == own])
    for position in trusted:
        text = released[position].source.strip()
        if not released[position].metadata.nbgrader.get("solution"):
            take(position, [at for at, cell in enumerate(submitted) if cell.source.strip() == text])
    for position in trusted if found else ():  # in a stranger's notebook a place says nothing
        if position not in found and released[position].metadata.nbgrader.get("solution"):
            take(position, most_similar(position, submitted, released, found, free))
    return found


def most_similar(
    position: int, submitted: Sequence[Cell], released: Sequence[Cell], found: dict[int, int], free: set[int]
) -> list[int]:
    """Choose the cell that most probably was the released one, between its neighbours; an empty list if none is."""
    before = max((found[other] for other in found if other < position), default=-1)
    after = min((found[other] for other in found if other > position), default=len(submitted))
    known = {cell.source.strip() for cell in released}
    between = [
        at
        for at in range(before + 1, after)
        if at in free
        and submitted[at].cell_type == released[position].cell_type
        and submitted[at].source.strip() not in known - {released[position].source.strip()}
    ]
    text = released[position].source
    # The beginning is enough, and comparing takes time with the square of the length.
    between.sort(key=lambda at: SequenceMatcher(None, submitted[at].source[:1000], text, autojunk=False).ratio())
    return between[-1:]


def recognise(submitted: Sequence[Cell], released: Sequence[Cell]) -> tuple[list[Cell], dict[int, int], list[str]]:
    """Give a student's cells the metadata with which they were released; copies lose it.

    Returns new cells, what `match` found, and in words for the instructor what was done.
    """
    cells = [copy.deepcopy(cell) for cell in submitted]
    if not any(map(grade_id, released)):  # an editor has dropped the marks there, too
        return cells, {}, []
    found = match(submitted, released)
    notes: list[str] = []

    kept = set(found.values())
    for at, cell in enumerate(cells):
        if grade_id(cell) and at not in kept:
            notes.append(f"a copy of the cell '{grade_id(cell)}' is not graded")
            del cell.metadata["nbgrader"]

    stripped = []
    for position, at in found.items():
        metadata = released[position].metadata.nbgrader
        if grade_id(cells[at]) is None:
            stripped.append(grade_id(released[position]))
        cells[at].metadata["nbgrader"] = copy.deepcopy(metadata)
    if stripped:
        notes.append(f"an editor had removed what nbgrader needs from {len(stripped)} cells; they were found again")
    return cells, found, notes


def restore(submitted: Sequence[Cell], released: Sequence[Cell]) -> tuple[list[Cell], list[str]]:
    """Give a submission's cells their metadata back, and put deleted ones in again.

    Returns new cells, and in words for the instructor what was done.
    """
    cells, found, notes = recognise(submitted, released)
    by_object = {position: cells[at] for position, at in found.items()}
    previous = None
    for position, cell in enumerate(released):
        if not grade_id(cell):  # a heading, say: what was released after it belongs behind it
            previous = next((other for other in cells if not grade_id(other) and is_same(other, cell)), previous)
            continue
        if position not in by_object:
            added = copy.deepcopy(cell)
            if not any("id" in other for other in cells):
                added.pop("id", None)
            place = 0 if previous is None else next(i for i, other in enumerate(cells) if other is previous) + 1
            cells.insert(place, added)
            by_object[position] = added
            notes.append(f"the cell '{grade_id(cell)}' was deleted; it was put back")
        previous = by_object[position]
    return cells, notes


def is_same(one: Cell, other: Cell) -> bool:
    """Tell whether two cells without marks are one: by their own id, or by their text."""
    text = one.source.strip()
    return one.get("id", 0) == other.get("id") or (bool(text) and text == other.source.strip())


def as_graded(submitted: Sequence[Cell], released: Sequence[Cell]) -> tuple[list[Cell], list[str]]:
    """Give a submission's cells as grading looks at them: `restore` and `in_order`, with the notes of both."""
    cells, notes = restore(submitted, released)
    cells, moved = in_order(cells, [name for name in map(grade_id, released) if name])
    return cells, [*notes, *(f"the cell '{name}' had been moved; it is back in its place" for name in moved)]


def copied(cells: Sequence[Cell]) -> list[str]:
    """List the ids that nbgrader finds more than once: cells that were split, or copied and pasted."""
    return [name for name, count in Counter(filter(None, map(grade_id, cells))).items() if count > 1]


def say_split(name: str) -> str:
    """Tell a student about a cell that is there more than once, and how to put it right."""
    return (
        f"The cell {name} is there twice: it was split or copied, and grading takes only one part for the answer. "
        "Put a split cell together again: click its first part, Shift+click its last, menu Edit > Merge Selected "
        "Cells (Shift+M). Delete a copy. Then save."
    )


def in_order(cells: Sequence[Cell], order: Sequence[str]) -> tuple[list[Cell], list[str]]:
    """Bring the assignment's cells back into the order in which students got them; their own stay where they are.

    Returns the cells, and the ids of those that stood behind one that belongs after them.
    """
    place = {name: number for number, name in enumerate(order)}
    known = [cell for cell in cells if grade_id(cell) in place]
    sorted_cells = sorted(known, key=lambda cell: place[grade_id(cell)])
    latest, moved = -1, []
    for cell in known:
        if place[grade_id(cell)] < latest:
            moved.append(grade_id(cell))
        latest = max(latest, place[grade_id(cell)])
    following = iter(sorted_cells)
    return [next(following) if grade_id(cell) in place else cell for cell in cells], moved
