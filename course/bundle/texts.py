"""Everything that a person can read in a file, and where it stands."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

DEEP = 4  # a zip in a zip in a zip


def texts(name: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Give every text in a file: of a notebook its cells and outputs, of an archive what is in it.

    Parameters
    ----------
    name
        Name of the file.
    content
        Its bytes.
    depth
        How many archives are around it.

    Yields
    ------
    place : str
        The file, and the cell or the member of the archive where there are such.
    text : str
        Bytes that are no text come as replacement characters, with the text between them.
    """
    if depth < DEEP and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield from texts(f"{name}, {member.filename}", archive.read(member), depth + 1)
        return
    if depth < DEEP and (unpacked := decompress(content)) is not None:
        yield from texts(name, unpacked, depth + 1)
        return
    text = content.decode("utf-8", "replace")
    if name.endswith((".ipynb", ".json")):
        try:
            document = json.loads(text)
        except ValueError:
            yield name, text
            return
        yield from notebook_texts(name, document)
        return
    yield name, text


def notebook_texts(name: str, document: Any) -> Iterator[tuple[str, str]]:
    """Give the texts of a notebook cell by cell; of other JSON, and of what is around the cells, all at once."""
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        yield name, "\n".join(strings(document))
        return
    for number, cell in enumerate(cells, start=1):
        place = f"{name}, cell {cell.get('id', number)}"
        yield place, "".join(cell.get("source", ""))
        rest = {key: value for key, value in cell.items() if key != "source"}
        yield f"{place}, outputs", "\n".join(strings(rest))
    yield name, "\n".join(strings({key: value for key, value in document.items() if key != "cells"}))


def strings(value: Any) -> Iterator[str]:
    """Give every string in a JSON value; a list of strings is one text, as notebooks write it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            yield "".join(value) if any(one.endswith("\n") for one in value) else "\n".join(value)
        else:
            for one in value:
                yield from strings(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)


def decompress(content: bytes) -> bytes | None:
    """Unpack what gzip or zlib packed, such as an object of Git; None for everything else."""
    try:
        if content[:2] == b"\x1f\x8b":
            return gzip.decompress(content)
        if content[:1] == b"\x78":
            return zlib.decompress(content)
    except (OSError, EOFError, zlib.error):
        pass
    return None
