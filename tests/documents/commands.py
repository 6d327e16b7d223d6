"""The commands in documents that students read: which they are, and whether the programs know them."""

from __future__ import annotations

import difflib
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mlops_course.bundle.contents import for_students

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin")
BARE_PATH = "/usr/local/bin:/usr/bin:/bin"

ENTER = "source .venv/bin/activate"
SET_UP = re.compile(r"^(?:bash env/setup\.sh|env\\setup\.ps1) ")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.M | re.S)
INLINE = re.compile(r"`!?([^`\n{]+(?:\{[^`\n]*)?)`")


@dataclass(frozen=True)
class Command:
    """A command as a document has it.

    Attributes
    ----------
    text
        What a student types.
    block
        Whether it stands in a block of its own.
    unit
        Number of the paragraph or text.
    """

    text: str
    block: bool
    unit: int


def documents() -> dict[str, list[str]]:
    """Give what students read: by name, the paragraphs of a document or the texts of a notebook."""
    found = {}
    for name in ("README.md", "CHECKLIST.md", "data/README.md", "resources/links.md"):
        found[name] = paragraphs(for_students(name, (ROOT / name).read_text(encoding="utf-8")))
    for path in sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "release" / "week-09").glob("*.ipynb")]):
        units = found[path.relative_to(ROOT).as_posix()] = []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            units += [text] if cell["cell_type"] == "markdown" else paragraphs(text)
    return found


def paragraphs(text: str) -> list[str]:
    """Split a document at empty lines; a block of commands belongs to the paragraph before it."""
    return [part for part in re.split(r"\n\n+(?!```)", text) if part.strip()]


def commands_of(units: list[str]) -> list[Command]:
    """List the commands of a document: each line of a `bash` block, and what begins like one in running text."""
    found = []
    for number, unit in enumerate(units):
        for language, block in FENCE.findall(unit):
            lines = [line.partition(" #")[0].strip() for line in block.splitlines()]
            if language == "bash" or (not language and any(map(is_command, lines))):
                found += [Command(line, True, number) for line in lines if line]
        for text in INLINE.findall(FENCE.sub("", unit)):
            if " " in text and is_command(text):
                found.append(Command(text, False, number))
    return found


def words(text: str) -> list[str]:
    """Split a command as a shell does, up to a pipe or a redirection."""
    text = SET_UP.sub("", text).replace('"{sys.executable}"', "python").replace("\\", "/")
    parts = shlex.split(re.split(r" [|>] ", text)[0])
    return parts[2:] if parts[:2] == ["python", "-m"] else parts


@functools.cache
def names() -> frozenset[str]:
    """Name the programs that running text may be about: the environment's, Git and the shell."""
    return frozenset(path.name for path in ENVIRONMENT.iterdir()) | {"git", "bash"}


def is_command(text: str) -> bool:
    """Tell whether a text begins with a program, or with what is meant to be one; `dvc: …` is a message."""
    try:
        first = words(text)[0]
    except (ValueError, IndexError):  # a single apostrophe: prose
        return False
    return not first.endswith(":") and bool(difflib.get_close_matches(first, names(), cutoff=0.85))


def problems(units: list[str]) -> list[str]:
    """Say which commands of a document would fail, and which a student reads before the way to have them."""
    found, entered = [], False
    for command in commands_of(units):
        unit = units[command.unit]
        entered = entered or ENTER in unit
        if complaint := unknown(tuple(words(command.text))):
            found.append(f"{command.text}: {complaint}")
        elif (
            (command.block or re.search(r"\bterminal\b", unit, re.I))
            and (ENVIRONMENT / words(command.text)[0]).exists()
            and not (entered or SET_UP.match(command.text) or re.search(r"JupyterLab|File > New > Terminal", unit))
        ):
            found.append(f"{command.text}: nothing before it says how to enter the environment")
    return found


def help_of(*command: str) -> tuple[int, str]:
    """Ask a program what it understands."""
    path = os.pathsep.join([str(ENVIRONMENT), BARE_PATH])
    asked = [*command, "-h" if command[0] == "git" else "--help"]
    return run_help(tuple(asked), path)


@functools.cache
def run_help(command: tuple[str, ...], path: str) -> tuple[int, str]:
    """Run a program once for each question."""
    environment = os.environ | {"PATH": path, "COLUMNS": "200", "MLFLOW_DISABLE_TELEMETRY": "true"}
    program = shutil.which(command[0], path=path)
    done = subprocess.run([program, *command[1:]], env=environment, capture_output=True, text=True, errors="replace")
    return done.returncode, (done.stdout + done.stderr).replace("[no-]", "")


def unknown(parts: tuple[str, ...]) -> str:
    """Say what a program does not know of a command: itself, a sub-command, an option; empty if all is well."""
    program, *rest = parts
    if program in ("cd", "mkdir", "source", "bash"):
        return ""
    if shutil.which(program, path=os.pathsep.join([str(ENVIRONMENT), BARE_PATH])) is None:
        return f"there is no program {program}"
    sub = []
    for word in rest:
        if not re.fullmatch(r"[a-z][a-z_-]*", word):
            break
        sub.append(word)
    if program == "git":  # says more about a sub-command only
        sub = sub[:1]
    code, text = help_of(program, *sub)
    if (program, sub) == ("git", ["log"]):  # its short help leaves out what it has from rev-list
        text += help_of("git", "rev-list")[1]
    if sub and (code not in (0, 129) or text == help_of(program)[1]):
        return f"{program} knows no {' '.join(sub)}"
    options = [word.partition("=")[0] for word in rest if word.startswith("-")]
    wrong = [option for option in options if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text)]
    return f"{program} {' '.join(sub)} knows no {wrong[0]}" if wrong else ""
