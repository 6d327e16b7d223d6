"""Files into a zip whose bytes depend on nothing but the files."""

from __future__ import annotations

import io
import zipfile

from mlops_course.bundle.tree import Files

# The times of a checkout are those of the checkout. Any time that every system can unpack does.
MOMENT = (2000, 1, 1, 0, 0, 0)
UNIX = 3


def pack(files: Files, folder: str) -> bytes:
    """Make a zip that unpacks to a folder; the same for the same files, on every computer and at every time.

    The files are stored as they are: what a compressor makes of the same bytes depends on its version, and the course
    has only about two megabytes.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", MOMENT)
            entry.create_system = UNIX
            entry.external_attr = (0o100755 if file.executable else 0o100644) << 16
            archive.writestr(entry, file.content)
    return packed.getvalue()
