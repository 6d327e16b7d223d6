"""Files that are there as a whole or not at all, and zips whose bytes depend on nothing but their content."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

# The times of a checkout are those of the checkout. Any time that every system can unpack does.
MOMENT = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file so that it is there as a whole or not at all: on a full disk the earlier one stays."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as handle:
            handle.write(content.encode() if isinstance(content, str) else content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def make_zip(files: Iterable[tuple[str, bytes, bool]], method: int = zipfile.ZIP_STORED) -> bytes:
    """Make a zip; the same for the same files, on every computer and at every time.

    Parameters
    ----------
    files
        Name, content, and whether the file may be executed.
    method
        As `zipfile` has it. What a compressor makes of the same bytes depends on its version.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content, executable in sorted(files):
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system = UNIX
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, content, method, compresslevel=9)
    return packed.getvalue()
