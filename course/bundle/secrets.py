"""What students must not see: lines of solutions, hidden tests and mark schemes, and where they show nevertheless."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from course.bundle.texts import texts
from course.bundle.tree import Files

REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
LONG_ENOUGH = 12  # shorter lines, such as `return rows`, are in many places
UNMISTAKABLE = 30  # nobody writes a line of a test or a mark scheme as long as this by chance
# Lessons teach what the assignment asks for, so that a line of a solution stands in a lesson, too; not three in a row.
IN_A_ROW = {"solution": 3, "answer": 4, "preparation": 4}

ANSWER = re.compile(r"^# loses: .+\n# why: ", flags=re.MULTILINE)  # how a file of tests/answers begins


@dataclass(frozen=True)
class Region:
    """Lines that belong together and stay with the instructor.

    Attributes
    ----------
    kind
        What they are: solution, hidden tests, mark scheme, answer or preparation.
    place
        File and cell.
    lines
        The lines, stripped, without empty ones.
    """

    kind: str
    place: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Secrets:
    """All that must not show.

    Attributes
    ----------
    regions
        Every solution, hidden test, mark scheme, right answer and preparing script.
    public
        Lines that stand outside the regions, too: they tell nothing.
    """

    regions: tuple[Region, ...]
    public: frozenset[str]

    def tells(self, line: str) -> bool:
        """Tell whether a line gives something away by itself."""
        return len(line) >= LONG_ENOUGH and line not in self.public

    def telling_lines(self) -> dict[str, Region]:
        """Give every telling line of the assignment's notebooks, with a region that it stands in."""
        inside = [region for region in self.regions if region.kind in ("solution", "hidden tests", "mark scheme")]
        return {line: region for region in inside for line in region.lines if self.tells(line)}


def stripped(text: str) -> list[str]:
    """Give the lines of a text without indentation and without empty ones."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def find_secrets(tree: Files) -> Secrets:
    """Collect from `source/` and `tests/answers/` what must not show.

    Parameters
    ----------
    tree
        All files of the course, by name.
    """
    regions: list[Region] = []
    public: set[str] = set()
    for name, file in tree.items():
        room, *rest = name.split("/")
        text = file.content.decode("utf-8", "replace")
        if room == "source" and len(rest) == 2 and name.endswith(".ipynb"):
            for region in notebook_regions(name, text):
                if region.kind == "public":
                    public.update(region.lines)
                else:
                    regions.append(region)
        elif room == "source" and name.endswith(".ipynb"):  # headers, which come into every notebook
            public.update(line for region in notebook_regions(name, text) for line in region.lines)
        elif room == "source" and len(rest) > 1 and name.endswith(".py"):
            public.update(stripped(text))  # given to students: a solution may keep what was right in it
        elif room == "source" and name.endswith(".py"):
            regions.append(Region("preparation", name, tuple(stripped(text))))
        elif name.startswith("tests/answers/") and rest[-1].startswith("keeps_") and name.endswith(".py"):
            regions.append(Region("answer", name, tuple(stripped(text)[2:])))
    return Secrets(tuple(regions), frozenset(public))


def notebook_regions(name: str, text: str) -> Iterator[Region]:
    """Cut the cells of an instructor's notebook into what is secret and what is public."""
    for number, cell in enumerate(json.loads(text)["cells"], start=1):
        place = f"{name}, cell {cell.get('id', number)}"
        source = "".join(cell["source"])
        whole = cell["metadata"].get("nbgrader", {}).get("solution") and "BEGIN SOLUTION" not in source
        kind, lines = "solution" if whole else "public", []
        for line in source.split("\n"):
            begun = next((region for region in REGIONS if f"BEGIN {region}" in line), None)
            if begun or any(f"END {region}" in line for region in REGIONS):
                yield Region(kind, place, tuple(lines))
                kind, lines = begun.lower() if begun else "public", []
            elif line.strip():
                lines.append(line.strip())
        yield Region(kind, place, tuple(lines))


def sequences(secrets: Secrets) -> dict[tuple[str, ...], Region]:
    """Give the runs of lines that must stand nowhere, not even in a lesson: long enough to be no coincidence."""
    found: dict[tuple[str, ...], Region] = {}
    for region in secrets.regions:
        telling = [at for at, line in enumerate(region.lines) if secrets.tells(line)]
        if region.kind in IN_A_ROW:
            together = IN_A_ROW[region.kind]
            if region.kind == "solution" and len(region.lines) >= together:
                found[region.lines] = region  # as a whole even where its lines are public one by one
            runs = zip(telling, telling[together - 1 :], strict=False)
        else:
            for at in telling:
                if len(region.lines[at]) >= UNMISTAKABLE:
                    found[region.lines[at : at + 1]] = region
            runs = pairwise(telling)
        for first, last in runs:
            found.setdefault(region.lines[first : last + 1], region)
    return found


def find_leaks(files: Files, secrets: Secrets) -> list[str]:
    """Say where files show what they must not, with the file and the line.

    In `release/` no telling line may stand at all. In the other rooms no line of a hidden test or a mark scheme may
    that is long enough to be no coincidence, and no run of lines of a solution.

    Parameters
    ----------
    files
        What students would get, by name.
    secrets
        What must not show.

    Returns
    -------
    list of str
        One sentence for each place, in the order of the files.
    """
    telling, runs = secrets.telling_lines(), sequences(secrets)
    lengths = sorted({len(run) for run in runs})
    found = []
    for name, file in files.items():
        for place, text in texts(name, file.content):
            numbered = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
            lines = tuple(line for _, line in numbered)
            leaks: dict[int, str] = {}
            for at, (number, line) in enumerate(numbered):
                shown = telling.get(line) if name.startswith("release/") else None
                shown = shown or next((runs[run] for run in windows(lines, at, lengths) if run in runs), None)
                if shown:
                    leaks[number] = f"{shown.kind} of {shown.place}: {line[:60]}"
                elif ".ipynb" in place and (mark := next((one for one in REGIONS if f"BEGIN {one}" in line), None)):
                    leaks[number] = f"the mark BEGIN {mark}"
            if match := ANSWER.search(text):
                leaks[text.count("\n", 0, match.start()) + 1] = "an answer of tests/answers"
            found += [f"{place}, line {number}: {leak}" for number, leak in sorted(leaks.items())]
    return found


def windows(lines: tuple[str, ...], at: int, lengths: Iterable[int]) -> Iterator[tuple[str, ...]]:
    """Give the runs of lines that begin at a place, shortest first."""
    for length in lengths:
        if at + length <= len(lines):
            yield lines[at : at + length]
