"""Everything that a person can read in a file, where it stands, and the words of a line without its formatting."""

from __future__ import annotations

import base64
import binascii
import bz2
import html
import io
import json
import lzma
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import unquote

DEEP = 4  # a zip in a zip in a zip
DECOMPRESSORS = {b"\x1f\x8b": partial(zlib.decompressobj, 31), b"\x78": zlib.decompressobj, b"BZh": bz2.BZ2Decompressor,
                 b"\xfd7zXZ": lzma.LZMADecompressor}  # fmt: skip
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # what PowerShell writes

# Base64, as in attachments, pictures and `data:` addresses; in one line or wrapped. An identifier may look the same.
BASE64 = re.compile(r"[\w+/-]{16,}(?:\r?\n[\w+/-]{4,}(?=[\s=]))*", flags=re.ASCII)

# Colours of a terminal, marks of HTML, and the escapes that a line gets inside a quoted string.
FORMATTING = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|</?[A-Za-z][^<>]*>|\\+[nrt]")
WORD = re.compile(r"\w+")


def words(line: str) -> list[str]:
    """Give the words of a line: the same ones however it is quoted, commented, spaced, coloured, marked up or numbered.

    Punctuation does not count, so that `x == 1` and `x != 1` have the same words.
    """
    before = None
    while line != before:  # markup may be escaped, once or twice
        before, line = line, html.unescape(unquote(FORMATTING.sub(" ", line)))
    found = WORD.findall(unicodedata.normalize("NFKC", line))
    return found[1:] if found and found[0].isdigit() else found  # the number of a line in a traceback or a listing


def texts(name: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Give every text in a file: of a notebook its cells and outputs, of an archive what is in it.

    With what is packed or written in Base64 inside that, `DEEP` layers deep.

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
    text = content.decode("utf-16" if content[:2] in UTF_16 else "utf-8", "replace")
    found = [(name, text)]
    if name.endswith((".ipynb", ".json")):
        with suppress(ValueError):
            found = list(notebook_texts(name, json.loads(text)))
    yield from found
    for place, text in found if depth < DEEP else []:
        for decoded in encoded(text):
            yield from texts(f"{place}, encoded", decoded, depth + 1)


def notebook_texts(name: str, document: Any) -> Iterator[tuple[str, str]]:
    """Give the texts of a notebook cell by cell; of other JSON, and of what is around the cells, all at once."""
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        yield name, "\n\n".join(strings(document))
        return
    for number, cell in enumerate(cells, start=1):
        place = f"{name}, cell {cell.get('id', number)}"
        yield place, "".join(cell.get("source", ""))
        rest = {key: value for key, value in cell.items() if key != "source"}
        yield f"{place}, outputs", "\n\n".join(strings(rest))
    yield name, "\n\n".join(strings({key: value for key, value in document.items() if key != "cells"}))


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
    """Unpack what was compressed, such as an object of Git; None for everything else."""
    unpacked = b""
    for magic, decompressor in DECOMPRESSORS.items():
        with suppress(OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            while content.startswith(magic):  # one after the other, and whatever follows the last
                stream = decompressor()
                unpacked += stream.decompress(content)
                content = stream.unused_data
    return unpacked or None


def encoded(text: str) -> Iterator[bytes]:
    """Decode what stands in a text in Base64, if it is a text or something packed; a picture says nothing here."""
    for match in BASE64.finditer(text):
        packed = "".join(match[0].split()).replace("-", "+").replace("_", "/")
        try:
            decoded = base64.b64decode(packed + "=" * (-len(packed) % 4))
        except binascii.Error:
            continue
        readable = decoded.decode("utf-8", "replace")
        if decoded.startswith((b"PK", *UTF_16, *DECOMPRESSORS)) or readable.count("\ufffd") * 10 < len(readable):
            yield decoded
