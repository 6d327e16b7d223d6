"""Look into the archives of a learning management system before unpacking them: nbgrader unpacks whatever comes."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import os
import re
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from traitlets import Float, Integer

from mlops_course.errors import CourseError
from mlops_course.grading.uploads import keep_what_counts
from mlops_course.words import visible

MEGABYTE = 1_000_000

# LZMA is missing on purpose: its streams say how much memory the reader must set aside.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
XZ = b"\xfd7zXZ\x00"

# Everything that the two libraries raise on bytes that are no sound archive, and the disk on names it cannot hold.
BROKEN = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)


class RefusedArchiveError(CourseError):
    """An archive that is not unpacked. The message completes the sentence "It was refused: ..."."""


@dataclass(frozen=True)
class Entry:
    """One file or folder of an archive; `packed` is None where the format does not tell."""

    name: str
    size: int
    packed: int | None
    folder: bool
    open: Callable[[], IO[bytes]]


class BoundedReader(io.RawIOBase):
    """A stream that refuses to go on after so many bytes: a header of a tar archive may claim any length."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self.stream = stream
        self.left = limit

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(min(size, self.left + 1) if size >= 0 else self.left + 1)
        self.left -= len(data)
        if self.left < 0:
            raise RefusedArchiveError("it unpacks to more than is allowed")
        return data


def read_zip(path: Path) -> Iterator[Entry]:
    with open_zip(path) as archive:
        for member in archive.infolist():
            if member.flag_bits & 0x1:
                raise RefusedArchiveError("it is encrypted")
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise RefusedArchiveError(f"'{member.filename}' is a link or a device, not a file")
            if member.compress_type not in METHODS:
                raise RefusedArchiveError(f"'{member.filename}' is compressed with an unusual method")
            yield Entry(
                member.filename,
                member.file_size,
                member.compress_size,
                member.is_dir(),
                lambda member=member: archive.open(member),
            )


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip archive; macOS writes names in UTF-8 and does not say so."""
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


def read_tar(path: Path, most: int) -> Iterator[Entry]:
    """Go through a tar archive as a stream, so that nothing is unpacked only to be skipped."""
    with contextlib.ExitStack() as stack:
        start = stack.enter_context(path.open("rb")).read(len(XZ))
        if start == XZ:
            raise RefusedArchiveError("it is compressed with an unusual method")
        opener = gzip.open if start.startswith(b"\x1f\x8b") else bz2.open if start.startswith(b"BZh") else open
        stream = stack.enter_context(opener(path, "rb"))
        try:
            archive = stack.enter_context(tarfile.open(fileobj=BoundedReader(stream, most), mode="r|"))
        except (tarfile.ReadError, EOFError, OSError) as problem:
            raise RefusedArchiveError("it is neither a zip nor a tar archive, or it is broken") from problem
        for member in archive:
            if not (member.isfile() or member.isdir()):
                raise RefusedArchiveError(f"'{member.name}' is a link or a device, not a file")
            yield Entry(
                member.name, member.size, None, member.isdir(), lambda member=member: archive.extractfile(member)
            )


def safe(name: str) -> PurePosixPath:
    """Turn the name of an entry into a path below a folder, or refuse it. Old tools of Windows write backslashes."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        raise RefusedArchiveError(f"the name '{name}' leads out of the folder")
    return path


def megabytes(size: int) -> str:
    return f"{size / MEGABYTE:g} MB"


class CarefulExtractor(ExtractorPlugin):
    """Unpacks like nbgrader's own plugin, but looks first, and goes on with the others when it refuses an archive."""

    max_total_size = Integer(200 * MEGABYTE, help="Bytes to which one archive may unpack.").tag(config=True)
    max_file_size = Integer(100 * MEGABYTE, help="Bytes of one unpacked file.").tag(config=True)
    max_entries = Integer(2000, help="Files and folders in one archive.").tag(config=True)
    max_ratio = Float(100.0, help="How many times larger the content may be than the archive.").tag(config=True)
    ratio_from = Integer(
        5 * MEGABYTE, help="Bytes up to which the ratio does not matter: small repetitive tables are harmless."
    ).tag(config=True)

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack every archive below a folder, each to its own, and copy other files, for `nbgrader zip_collect`."""
        source, target = Path(archive_path), Path(extracted_path)
        files = sorted(path for path in source.rglob("*") if path.is_file())
        if not files:
            self.log.warning(f"No files found in directory: {source}")
        for path in files:
            folder = target / path.parent.relative_to(source)
            folder.mkdir(parents=True, exist_ok=True)
            if path.suffix not in self.zip_ext:
                self.log.info(f"Copying from: {path}")
                shutil.copy2(path, folder / path.name)
                continue
            place = folder / path.stem.removesuffix(".tar")
            self.log.info(f"Extracting from: {path}")
            try:
                self.unpack(path, place)
                self.mention_archives(path.relative_to(source), place)
            except RefusedArchiveError as problem:
                name, reason = path.relative_to(source), visible(str(problem))  # names in an archive are a student's
                self.log.error(
                    f"REFUSED {name} of {self.owner(place)}: {reason}. Nothing of it was unpacked; "
                    "ask for a new zip of the week's folder, replace the file and run the command again with --force."
                )

        if self.collector:
            keep_what_counts(target, self.collector.collect, self.parent.coursedir.assignment_id, self.log)

    def unpack(self, path: Path, target: Path) -> None:
        """Unpack an archive, all of it or nothing; archives inside stay packed. Files get the date of the archive."""
        if target.exists():
            raise RefusedArchiveError(f"something else was already unpacked to '{target.name}'")
        try:
            with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=target.parent) as folder:
                content = Path(folder) / "content"
                content.mkdir()
                for entry in self.accepted(path):
                    place = content / safe(entry.name)
                    (place if entry.folder else place.parent).mkdir(parents=True, exist_ok=True)
                    if not entry.folder:
                        # Both libraries read no more of an entry than the size that was looked at.
                        with entry.open() as source, place.open("wb") as file:
                            shutil.copyfileobj(source, file)
                        os.utime(place, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
                content.rename(target)
        except BROKEN as problem:
            raise RefusedArchiveError(f"it cannot be unpacked ({type(problem).__name__}: {problem})") from problem

    def accepted(self, path: Path) -> Iterator[Entry]:
        """Go through an archive, in the order in which nbgrader tries the formats, until something passes a limit."""
        # In a tar archive, a header is 512 bytes, a file is filled up to 512, and long names take two more of each.
        most = self.max_total_size + 4096 * self.max_entries + MEGABYTE
        packed, total, count = path.stat().st_size, 0, 0
        for entry in read_zip(path) if zipfile.is_zipfile(path) else read_tar(path, most):
            count, total = count + 1, total + entry.size
            if count > self.max_entries:
                raise RefusedArchiveError(f"it holds more than {self.max_entries} entries")
            if entry.size > self.max_file_size:
                raise RefusedArchiveError(f"'{entry.name}' is larger than {megabytes(self.max_file_size)}")
            if total > self.max_total_size:
                raise RefusedArchiveError(f"it unpacks to more than {megabytes(self.max_total_size)}")
            # The whole as well: several entries of a zip may share the same packed bytes.
            for subject, size, small in ((f"'{entry.name}'", entry.size, entry.packed), ("it", total, packed)):
                if small is not None and size > self.ratio_from and size > self.max_ratio * small:
                    raise RefusedArchiveError(f"{subject} unpacks to more than {self.max_ratio:g} times its size")
            yield entry
        if not count:
            raise RefusedArchiveError("it is empty")

    @property
    def collector(self) -> FileNameCollectorPlugin | None:
        """What reads from a path whose file it is."""
        return getattr(self.parent, "collector_plugin_inst", None)

    def mention_archives(self, archive: Path, place: Path) -> None:
        """Say that an archive holds nothing but archives: the download of a whole class does.

        Beside a notebook that is collected, an archive is a file like any other.
        """
        inside = [path for path in place.rglob("*") if path.suffix in self.zip_ext and "__MACOSX" not in path.parts]
        if inside and not any(self.collector and self.collector.collect(str(path)) for path in place.rglob("*.ipynb")):
            self.log.warning(
                f"{archive} holds other archives ({len(inside)}), which stay packed. If it is the download of a whole "
                "class, unpack it yourself, put what was in it in its place and run the command again with --force."
            )

    def owner(self, place: Path) -> str:
        """Name the student as the collector will, from the folder an archive would be unpacked to."""
        found = self.collector.collect(str(place / "notebook.ipynb")) if self.collector else None
        return f"student '{found['student_id']}'" if found else "an unknown student"
