"""Look at a submission before nbgrader does: one clear line for what cannot be graded."""

from __future__ import annotations

import copy
import io
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import nbformat
from nbconvert.exporters import NotebookExporter
from traitlets.config import Application
from traitlets.log import get_logger

MEGABYTE = 1_000_000


def read_notebook(path: Path) -> Any:
    """Read a student's notebook; some editors of Windows put a byte-order mark in front of it."""
    with path.open(encoding="utf-8-sig") as file:
        return nbformat.read(file, as_version=4)


class MarkedNotebookExporter(NotebookExporter):
    """nbconvert's exporter to notebooks, which reads what begins with a byte-order mark, too."""

    def from_file(self, file_stream: IO[str], resources: Any = None, **options: Any) -> tuple[Any, Any]:
        text = file_stream.read().removeprefix("\ufeff")
        return super().from_file(io.StringIO(text), resources=resources, **options)


def tolerant(notebook: Any) -> Any:
    """Add to a copy what editors leave out of cells and nbgrader does not miss."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
    return notebook


def trouble_with(path: Path, limit: int) -> str | None:
    """Say why a notebook cannot be graded, such as more bytes than `limit`; None if it can."""
    size = path.stat().st_size
    if size > limit:
        return (
            f"it has {size / MEGABYTE:.1f} MB, more than {limit / MEGABYTE:.0f} MB are not read; "
            "ask for it again, saved after Edit, Clear Outputs of All Cells"
        )
    try:
        notebook = read_notebook(path)
        nbformat.validate(tolerant(notebook), relax_add_props=True)
    except nbformat.ValidationError as error:
        return f"it is not a valid notebook ({str(error).splitlines()[0]}); ask for it again"
    except (ValueError, AttributeError, KeyError, TypeError, nbformat.reader.NotJSONError):
        return "it is not a notebook (its text is not JSON); ask for it again, downloaded from JupyterLab"
    return None


def other_capitals(handed_in: set[str], released: set[str]) -> dict[str, str]:
    """Find notebooks whose names differ from those that are missing only in capital letters: name → released name."""
    unknown = handed_in - released
    found = {}
    for name in released - handed_in:
        same = [other for other in unknown if other.casefold() == name.casefold()]
        if len(same) == 1:
            found[same[0]] = name
    return found


def put_names_right(notebooks: list[str], released: set[str]) -> list[str]:
    """Rename notebooks that differ from a released one only in capital letters, in the list, too; say which."""
    paths = {Path(path).stem: path for path in notebooks}
    lines = []
    for name, right in sorted(other_capitals(set(paths), released).items()):
        path = Path(paths[name])
        with suppress(OSError):  # then it is named as one that is not graded
            notebooks[notebooks.index(paths[name])] = str(path.rename(path.with_stem(right)))
            lines.append(f"{path.name} is taken for {right}.ipynb; it was renamed in submitted/")
    return lines


def other_language(path: Path) -> str | None:
    """Name the language that a notebook was saved for; None if that is Python, or not said."""
    metadata = read_notebook(path).metadata
    language = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    return None if not language or str(language).lower() in ("python", "ipython") else str(language)


def compare_names(handed_in: set[str], released: set[str]) -> tuple[list[str], list[str]]:
    """Say which notebooks are missing, a likely renaming named as one; and which others are not known."""
    missing, unknown = released - handed_in, handed_in - released
    lines, others = [], []
    for name in sorted(unknown):
        likely = sorted(other for other in missing if name.casefold().startswith(other.casefold()))
        if likely:
            lines.append(f"{name}.ipynb is not graded: rename it to {likely[0]}.ipynb in submitted/ and grade again")
            missing -= {likely[0]}
        else:
            others.append(f"{name}.ipynb is not part of the assignment and is not graded")
    lines += [f"{name}.ipynb is missing: no points for it" for name in sorted(missing)]
    return lines, others


def look_at(assignment: str, student: str, notebooks: list[str]) -> None:
    """Report notebooks that cannot be graded, and leave them out, so that the others are.

    This is nbgrader's `pre_convert_hook`. nbgrader calls it for each submission; `notebooks` is its own list, and what
    is removed from it is not graded.
    """
    log = get_logger()
    if not notebooks:
        return
    folder = Path(notebooks[0]).parent
    who = folder.parent.name
    course = getattr(Application.instance(), "coursedir", None) if Application.initialized() else None
    if course is not None:
        released = Path(course.format_path(course.release_directory, ".", assignment))
        known = {path.stem for path in released.glob("*.ipynb")}
        if known:
            renamed = put_names_right(notebooks, known)
            missing, others = compare_names({Path(path).stem for path in notebooks}, known)
            for line in [*renamed, *others]:
                log.warning("%s: %s", who, line)
            for line in missing:
                log.error("%s: %s", who, line)
    limit = 1000 * (course.max_file_size if course is not None else 100_000)
    for path in list(notebooks):
        trouble = trouble_with(Path(path), limit)
        if not trouble and (language := other_language(Path(path))):
            log.warning(
                "%s: %s was saved as a notebook in %.40a; it is executed with Python", who, Path(path).name, language
            )
        if trouble:
            log.error("%s: %s cannot be graded: %s", who, Path(path).name, trouble)
            notebooks.remove(path)
