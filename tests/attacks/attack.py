"""What an attack is, and the few ways of handing one in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from textwrap import dedent
from typing import Any

import nbformat
from nbgrader.utils import is_solution

from tests.attacks.course import ASSIGNMENT, NEIGHBOUR

# Printed by an attack that reached what it must not reach. Put together while it runs, so that the source of a cell,
# which outputs and feedback may show, does not contain it.
REACHED = "it-was-reached"
PRINT_REACHED = 'print("-".join(["it", "was", "reached"]))'

# Begins names of files and words in command lines of what an attack leaves behind.
LEFT = "attack-left-this"

FIRST_ANSWER = {"functions": "square", "data": "settings", "tracking": "track"}


@dataclass(frozen=True)
class Site:
    """What an attack knows of the place where it will run; an attacker could find it out, too.

    Attributes
    ----------
    course
        The course directory.
    home
        Home of the instructor; `.ssh/key` in it is secret.
    address, port
        Where a server of the host listens: on the loopback device and on this address.
    left
        In names of files and in command lines of what the attack leaves behind.
    neighbour
        A student who has handed in good work.
    full
        Whether to ask for as much as the name says. Not on plain nbgrader, where nothing would stop it.
    """

    course: Path
    home: Path
    address: str = "127.0.0.1"
    port: int = 0
    left: str = LEFT
    neighbour: str = "zoe"
    full: bool = False

    def released(self, notebook: str) -> Any:
        """Read a notebook as students get it."""
        path = self.course / "release" / ASSIGNMENT / f"{notebook}.ipynb"
        return nbformat.read(path, as_version=4)

    def fill_in(self, text: str) -> str:
        """Put places into an attack's code."""
        return Template(dedent(text).strip("\n")).safe_substitute(
            course=self.course,
            home=self.home,
            address=self.address,
            port=self.port,
            left=self.left,
            neighbour=self.neighbour,
        )


HandIn = Callable[[Site, Path], None]


@dataclass(frozen=True)
class Attack:
    """A submission that wants what it did not earn, or what is not its business.

    Attributes
    ----------
    name, description
        The name is the student's, too.
    hand_in
        Writes the submission into a folder.
    aims
        Grade cells for which plain nbgrader gives points although nothing was answered.
    earned
        Grade cells that are answered → the most that the answer deserves. All others must get none.
    exact
        Whether it must get what it has earned: what happens later takes nothing away.
    leaks
        What its outputs (or the feedback) show on plain nbgrader, and must not.
    harms
        What else it does on plain nbgrader: see `tests.attacks.stock.HARMS`.
    flag
        Whether the report must name it: as a trouble, or as something that was put back for a test.
    why_not
        Why it does not succeed on plain nbgrader, or is not tried there; empty if it succeeds.
    on_stock
        Whether it can be tried there without danger to the computer.
    copies
        Handed in by so many students: one leaves something behind for another.
    options
        For plain nbgrader's command.
    known
        What the documentation says about it, if it gets here what it aims at, too.
    """

    name: str
    description: str
    hand_in: HandIn
    aims: tuple[str, ...] = ()
    earned: dict[str, float] = field(default_factory=dict)
    exact: bool = False
    leaks: tuple[str, ...] = ()
    harms: tuple[str, ...] = ()
    flag: bool = False
    why_not: str = ""
    on_stock: bool = True
    copies: int = 1
    options: tuple[str, ...] = ()
    known: str = ""

    @property
    def succeeds_on_stock(self) -> bool:
        """Tell whether plain nbgrader falls for it."""
        return not self.why_not

    @property
    def students(self) -> tuple[str, ...]:
        """Name those who hand it in."""
        if self.copies == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.copies + 1))


def code(notebook: str, source: str, *, files: dict[str, str] | None = None, **answers: str) -> HandIn:
    """Hand in a notebook whose first answer is the given code; `answers` go into other cells, by their id."""

    def write(site: Site, folder: Path) -> None:
        handed_in = site.released(notebook)
        texts = {FIRST_ANSWER[notebook]: source} | answers
        for cell in handed_in.cells:
            if is_solution(cell) and cell.metadata.nbgrader.grade_id in texts:
                cell.source = site.fill_in(texts.pop(cell.metadata.nbgrader.grade_id))
        if texts:
            raise KeyError(f"{notebook} has no cells {sorted(texts)}")
        nbformat.write(handed_in, folder / f"{notebook}.ipynb")
        for name, content in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(site.fill_in(content))

    return write


def changed(notebook: str, change: Callable[[Any], None]) -> HandIn:
    """Hand in a notebook that was changed in an editor for JSON."""

    def write(site: Site, folder: Path) -> None:
        handed_in = site.released(notebook)
        change(handed_in)
        # Not nbformat.write: it would repair or refuse.
        (folder / f"{notebook}.ipynb").write_text(nbformat.v4.writes_json(handed_in), encoding="utf-8")

    return write


def both(*steps: HandIn) -> HandIn:
    """Do one after the other."""

    def write(site: Site, folder: Path) -> None:
        for step in steps:
            step(site, folder)

    return write


def hand_in(site: Site, student: str, write: HandIn) -> Path:
    """Lay a submission where `nbgrader collect` would."""
    folder = site.course / "submitted" / student / ASSIGNMENT
    folder.mkdir(parents=True)
    for path in (site.course / "release" / ASSIGNMENT).iterdir():
        if path.suffix != ".ipynb":
            shutil.copy(path, folder)
    write(site, folder)
    return folder


def honest(answers: dict[str, dict[str, str]]) -> HandIn:
    """Hand in the given answers, by notebook and cell, and a private note."""

    def write(site: Site, folder: Path) -> None:
        for notebook, texts in answers.items():
            handed_in = site.released(notebook)
            for cell in handed_in.cells:
                if is_solution(cell):
                    cell.source = texts.get(cell.metadata.nbgrader.grade_id, cell.source)
            nbformat.write(handed_in, folder / f"{notebook}.ipynb")
        (folder / "private_notes.txt").write_text(f"{NEIGHBOUR}\n")

    return write
