"""Whose upload is which, and which of several counts: at two uploads of one student nbgrader would collect nobody."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePath

from nbgrader.plugins import FileNameCollectorPlugin

from mlops_course.words import visible

TOGETHER = 60  # seconds: what was copied or unpacked together has dates that say nothing

Collect = Callable[[str], dict[str, str] | None]


class UploadCollector(FileNameCollectorPlugin):
    """Reads from a path whose file it is, as nbgrader's own plugin does, but in composed Unicode: macOS decomposes.

    Files of every kind are taken, as `nbgrader submit` does; grading leaves out what `CourseDirectory.ignore` names.
    """

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """Return what the pattern finds; `nbgrader zip_collect` calls it for each file that was unpacked."""
        name = unicodedata.normalize("NFC", submitted_file)
        found = re.match(self.named_regexp, name)
        # "." and ".." would be folders that are not a student's.
        return found.groupdict() if found and found["student_id"].strip(".") else None


def keep_what_counts(folder: Path, collect: Collect, assignment: str, log: logging.Logger) -> None:
    """Leave of each student one upload, and in it one file of a name; say in the log what was removed.

    `folder` is where archives were unpacked to; each file has the date of its archive. `collect` reads `student_id` and
    `file_id` from a path. `assignment` begins the name of an upload that no learning management system has renamed.
    """
    for student, uploads in sorted(find_uploads(folder, collect).items()):
        taken = list(uploads)
        if len(uploads) > 1:
            shown = {upload: f"'{visible(str(upload.relative_to(folder)))}'" for upload in uploads}
            people = {upload.relative_to(folder).parts[0].partition("_")[0] for upload in uploads} - {assignment}
            taken = [newest(uploads)] if len(people) < 2 else []
            left = ", ".join(shown[upload] for upload in uploads if upload not in taken)
            if taken:
                log.warning(
                    f"student '{student}' uploaded {len(uploads)} times: the newest, {shown[taken[0]]} of "
                    f"{datetime.fromtimestamp(date(uploads[taken[0]])):%Y-%m-%d %H:%M}, is collected, not {left}. If "
                    "another one counts, remove the others from archive/ and run the command again with --force."
                )
            else:
                log.error(
                    f"NOT COLLECTED: {len(people)} people uploaded as student '{student}': {left}. Remove from "
                    "archive/ what is not the student's and run the command again with --force."
                )
        for upload, files in uploads.items():
            double = files if upload not in taken else doubles(files, collect)
            for file in double:
                file.unlink()
            if double and upload in taken:
                names = ", ".join(f"'{visible(str(file.relative_to(folder)))}'" for file in double[:3])
                more = f" and {len(double) - 3} more" if len(double) > 3 else ""
                log.warning(
                    f"student '{student}' has files in several folders that are the same of the assignment: the "
                    f"outermost is collected, not {names}{more}."
                )


def find_uploads(folder: Path, collect: Collect) -> dict[str, dict[Path, list[Path]]]:
    """Sort files: student → upload → files. An upload is the outermost folder that has the student's name."""
    found: dict[str, dict[Path, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if not (info := collect(str(path))):
            continue
        student = info["student_id"]
        above = [folder / parent for parent in reversed(path.relative_to(folder).parents)]
        named = (place for place in above if (collect(str(place / "a.ipynb")) or {}).get("student_id") == student)
        found[student][next(named, path)].append(path)
    return found


def newest(uploads: dict[Path, list[Path]]) -> Path:
    """Choose the upload with the latest date; of those from the same minute the one with the highest "(1)"."""

    def number(upload: Path) -> int:
        found = re.search(r"\((\d+)\)$", upload.name)
        return int(found[1]) if found else 0

    latest = max(map(date, uploads.values()))
    return max((upload for upload in uploads if latest - date(uploads[upload]) < TOGETHER), key=number)


def date(files: list[Path]) -> float:
    """Return when an upload was made, as far as its files tell."""
    return max(file.stat().st_mtime for file in files)


def doubles(files: list[Path], collect: Collect) -> list[Path]:
    """List the files of an upload that would be collected to where another one of it is, the outermost first."""
    kept: set[PurePath] = set()
    folders: set[PurePath] = set()
    double = []
    for file in sorted(files, key=lambda file: (len(file.parts), file)):
        name = PurePath(collect(str(file))["file_id"])
        if name in kept | folders or kept & set(name.parents):
            double.append(file)
        else:
            kept.add(name)
            folders |= set(name.parents)
    return double
