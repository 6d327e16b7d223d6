"""What students must not see: lines of solutions, hidden tests and mark schemes, and where they show nevertheless."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from mlops_course.bundle.texts import texts, words
from mlops_course.bundle.tree import Files

REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
LONG_ENOUGH = 12  # shorter lines, such as `return rows`, are in many places
UNMISTAKABLE = 30  # nobody writes a line of a test or a mark scheme as long as this by chance
# Lessons teach what the assignment asks for, so that a line of a solution stands in a lesson, too; not three in a row.
IN_A_ROW = {"solution": 3, "answer": 4, "preparation": 4}

ANSWER = re.compile(r"[#]\s*loses: .+(?:\n|\\n).*#\s*why: ")  # how a file of tests/answers begins


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

    def named(self, line: str) -> str:
        """Name one of the lines for a message."""
        return f"{self.kind} of {self.place}: {line[:60]}"


@dataclass(frozen=True)
class Secrets:
    """All that must not show.

    Attributes
    ----------
    regions
        Every solution, hidden test, mark scheme, right answer and preparing script.
    public
        What is spoken outside the regions: a line that stands there, too, tells nothing.
    """

    regions: tuple[Region, ...]
    public: str

    def tells(self, line: str) -> bool:
        """Tell whether a line gives something away by itself."""
        return len(line) >= LONG_ENOUGH and spoken([line]) not in self.public

    def telling_lines(self) -> dict[str, Region]:
        """Give every telling line of the assignment's notebooks, with a region that it stands in."""
        inside = [region for region in self.regions if region.kind in ("solution", "hidden tests", "mark scheme")]
        return {line: region for region in inside for line in region.lines if self.tells(line)}


def spoken(lines: Iterable[str]) -> str:
    """Give the words of lines as one text, each word between blanks."""
    return f" {' '.join(word for line in lines for word in words(line))} "


def stripped(text: str) -> list[str]:
    """Give the lines of a text without indentation and without empty ones."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def find_secrets(tree: Files) -> Secrets:
    """Collect from `source/` and `tests/answers/` what must not show."""
    regions: list[Region] = []
    public: list[str] = []
    for name, file in tree.items():
        room, *rest = name.split("/")
        text = file.content.decode("utf-8", "replace")
        if room == "source" and len(rest) == 2 and name.endswith(".ipynb"):
            for region in notebook_regions(name, text):
                if region.kind == "public":
                    public += region.lines
                else:
                    regions.append(region)
        elif room == "source" and name.endswith(".ipynb"):  # headers, which come into every notebook
            public += [line for region in notebook_regions(name, text) for line in region.lines]
        elif room == "source" and len(rest) > 1 and name.endswith(".py"):
            public += stripped(text)  # given to students: a solution may keep what was right in it
        elif room == "source" and name.endswith(".py"):
            regions.append(Region("preparation", name, tuple(stripped(text))))
        elif name.startswith("tests/answers/") and rest[-1].startswith("keeps_") and name.endswith(".py"):
            regions.append(Region("answer", name, tuple(stripped(text)[2:])))
    return Secrets(tuple(regions), spoken(public))


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


def phrases(secrets: Secrets) -> dict[str, str]:
    """Give what must be spoken nowhere, not even in a lesson, with the name of each: too long to be a coincidence."""
    found: dict[str, str] = {}
    for region in secrets.regions:
        telling = [at for at, line in enumerate(region.lines) if secrets.tells(line)]
        runs: Iterable[tuple[int, int]]
        if region.kind in IN_A_ROW:
            together = IN_A_ROW[region.kind]
            runs = zip(telling, telling[together - 1 :], strict=False)
            if region.kind == "solution" and len(region.lines) >= together:
                runs = [(0, len(region.lines) - 1), *runs]  # as a whole even where its lines are public one by one
        else:
            alone = [(at, at) for at in telling if len(region.lines[at]) >= UNMISTAKABLE]
            runs = [*alone, *pairwise(telling)]
        for first, last in runs:
            found.setdefault(spoken(region.lines[first : last + 1]), region.named(region.lines[first]))
    return found


def find_leaks(files: Files, secrets: Secrets) -> list[str]:
    """Say where files show what they must not, with the file and the line.

    In `release/` no telling line may stand at all. In the other rooms no line of a hidden test or a mark scheme may
    that is long enough to be no coincidence, and no run of lines of a solution.
    """
    anywhere = phrases(secrets)
    released = {spoken([line]): region.named(line) for line, region in secrets.telling_lines().items()}
    marks = {f" BEGIN {region} ": f"the mark BEGIN {region}" for region in REGIONS}

    @cache
    def sought(room: str, notebook: bool) -> dict[str, list[tuple[str, str]]]:
        by_first_word = defaultdict(list)  # few are compared at each word of a text
        for phrase, leak in ((released if room == "release" else {}) | anywhere | (marks if notebook else {})).items():
            by_first_word[phrase.split()[0]].append((phrase, leak))
        return by_first_word

    found = []
    for name, file in files.items():
        for place, text in texts(name, file.content):
            index = sought(name.partition("/")[0], ".ipynb" in place)
            said = [(word, number) for number, line in enumerate(text.split("\n"), start=1) for word in words(line)]
            stream = f" {' '.join(word for word, _ in said)} "
            leaks: dict[int, str] = {}
            at = 0
            for word, number in said:
                for phrase, leak in index.get(word, ()):
                    if stream.startswith(phrase, at):
                        leaks.setdefault(number, leak)
                at += len(word) + 1
            if match := ANSWER.search(text):
                leaks[text.count("\n", 0, match.start()) + 1] = "an answer of tests/answers"
            found += [f"{place}, line {number}: {leak}" for number, leak in sorted(leaks.items())]
    return found
