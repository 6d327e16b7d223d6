"""Small notebooks to try `is_reproducible` on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import nbformat

# What each of them begins with. `executions` counts this one, too; `was_there` tells whether its folder is not new.
BEGINNING = """\
import json, math, pathlib, time
notes = pathlib.Path({notes!r})
with notes.open("a") as file:
    file.write(f"{{seed}}\\n")
executions = len(notes.read_text().split())
was_there = pathlib.Path("metrics.json").exists()
"""
END = '\npathlib.Path("metrics.json").write_text(json.dumps(metrics))\n'


def new_folder() -> Path:
    """Make a folder in work/is_reproducible, in which somebody has left a metrics.json."""
    base = Path(os.environ["WEEK_09"], "work", "is_reproducible")
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=base))
    (folder / "metrics.json").write_text('{"accuracy": 0.5, "loss": 1.0}')
    return folder


def plant(path: Path, code: str, end: str = END) -> str:
    """Write a notebook that has a parameter `seed`, executes `code` and writes `metrics` into metrics.json.

    Returns the path as text. The seeds with which it is executed are noted in a file beside it.
    """
    beginning = BEGINNING.format(notes=str(path.with_suffix(".txt")))
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(beginning + code + end),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(notebook, path)
    return str(path)


def seeds_seen(path: str) -> list[int]:
    """Return the seeds with which a planted notebook was executed so far."""
    notes = Path(path).with_suffix(".txt")
    return [int(seed) for seed in notes.read_text().split()] if notes.exists() else []


def said_by(is_reproducible: Callable[..., Any], notebook: str | Path, relative: bool = False) -> bool:
    """Ask a student's function about a notebook, in its folder, with seed 1 and the other seed 2.

    Parameters
    ----------
    is_reproducible, notebook
        The function, and the path of the notebook.
    relative
        Whether the function gets the notebook's name alone.

    Raises
    ------
    AssertionError
        If it raises an error, or returns neither True nor False.
    """
    path = Path(notebook)
    try:
        with chdir(path.parent):
            answer = is_reproducible(path.name if relative else str(path), {"seed": 1}, 2)
    except Exception as problem:
        last = (str(problem).strip().splitlines() or [""])[-1]  # of papermill's, which holds a whole traceback
        text = f"is_reproducible raised {type(problem).__name__} ({last}): expected True or False"
        raise AssertionError(text) from None
    assert type(answer).__name__ in ("bool", "bool_"), f"is_reproducible returned {answer!r}: expected True or False"
    return bool(answer)
