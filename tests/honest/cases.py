"""Read what honest students hand in: the texts in `cases/`.

=== name of a case, which becomes a notebook        === file NAME: a file beside all notebooks of a text
not separate: why `--solution` names a test of it when tests run in a kernel of their own
loses separately: why this work loses points then although the solution does not
--- locked | given | task | added                   a cell; `given` is not locked, `added` is only in what is handed in
--- handed in                                       what a student has in the cell before
--- test [points] [gives POINTS]                    what plain nbgrader gives, if it is not all
"""

from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).with_name("cases")
SETS = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))
REASONS = ("not separate", "differs separately")


@dataclass
class Cell:
    kind: str
    name: str
    source: str
    handed_in: str | None
    points: float = 1
    gives: float = 1


@dataclass
class Case:
    name: str
    cells: list[Cell] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def gives(self):
        """What plain nbgrader gives for it, by the name of the test."""
        return {cell.name: cell.gives for cell in self.cells if cell.kind == "test"}

    @property
    def most(self):
        """What could be given for it."""
        return {cell.name: cell.points for cell in self.cells if cell.kind == "test"}


def read(name):
    """Read a text: cases by name, and files."""
    _title, *parts = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n=== ")
    cases, files = {}, {}
    for part in parts:
        head, _, rest = part.rstrip("\n").partition("\n")
        if head.startswith("file "):
            files[head.removeprefix("file ")] = rest + "\n"
        else:
            cases[head] = read_case(head, rest)
    return cases, files


def read_case(name, text):
    case = Case(name)
    above, *parts = f"\n{text}".split("\n--- ")
    for line in above.strip().splitlines():
        kind, _, reason = line.partition(": ")
        assert kind in REASONS, f"{name}: {line}"
        case.reasons[kind] = reason
    for part in parts:
        head, _, source = part.partition("\n")
        if head == "handed in":
            case.cells[-1].handed_in = source
            continue
        kind, *numbers = head.split()
        assert kind in ("locked", "given", "task", "added", "test"), f"{name}: {head}"
        points = float(numbers[0]) if numbers else 1
        gives = float(numbers[2]) if numbers[1:2] == ["gives"] else points
        case.cells.append(Cell(kind, f"{kind}_{len(case.cells)}", source, None, points, gives))
    return case
