"""Attacks by archives that come from a learning management system, and nbgrader's command that unpacks them."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from tests.attacks import course
from tests.attacks.attack import Site
from tests.attacks.course import ASSIGNMENT

MEGABYTE = 1_000_000


def bomb(path: Path, *, megabytes: int) -> None:
    """Write an archive of a few kilobytes that unpacks to many megabytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("functions.ipynb", "w") as file:
        for _ in range(megabytes):
            file.write(bytes(MEGABYTE))


def nested_bomb(path: Path, *, megabytes: int) -> None:
    """Write an archive in an archive: plain nbgrader unpacks what it finds in the first."""
    inner = path.with_suffix(".inner")
    bomb(inner, megabytes=megabytes)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inner, "more.zip")
    inner.unlink()


def climbing(path: Path) -> None:
    """Write an archive whose members claim places outside."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../../../climbed.txt", "/tmp/climbed.txt", "..\\..\\climbed.txt"):
            archive.writestr(name, "hello")


def linking(path: Path, target: str) -> None:
    """Write an archive with a member that is a symbolic link."""
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("functions.ipynb")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, target)


def unpack(site: Site, *, configuration: str = "") -> tuple[Path, str]:
    """Run `nbgrader zip_collect`; give the folder into which it unpacks and what it said."""
    pattern = r".*extracted/(?P<student_id>\w+)/(?P<file_id>.+)$"
    lines = ["", f"c.FileNameCollectorPlugin.named_regexp = {pattern!r}", configuration]
    with (site.course / "nbgrader_config.py").open("a") as file:
        file.write("\n".join(lines))
    try:
        said = course.nbgrader(site.course, "zip_collect", ASSIGNMENT, "--force", home=site.home)
    except RuntimeError as problem:
        said = str(problem)
    return site.course / "downloaded" / ASSIGNMENT / "extracted", said


def archive_folder(site: Site) -> Path:
    """Make the folder for downloads."""
    folder = site.course / "downloaded" / ASSIGNMENT / "archive"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def size(folder: Path) -> int:
    """Add up the sizes of files."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
