"""Make the prepared repositories of notebooks 01 and 02: `week-09/start/dvc_*.zip`.

Run it by hand, in the course's environment, after a change of the seasons' tables or of a start state:

    python source/prepare_dvc_states.py

Then run `nbgrader generate_assignment week-09 --force`. Each zip holds one folder `penguins`: a Git and DVC repository
of "Ana", without a remote, with a clean working tree and with every version's bytes in its cache.

- `dvc_one_version.zip`: tag v2007, the season of 2007.
- `dvc_in_git.zip`: tag v2007, but Git keeps the table, and DVC tracks nothing.
- `dvc_two_versions.zip`: tags v2007 and v2008, seasons 2007 and 2007 to 2008. Notebook 02 logs runs on it.
- `dvc_corrected.zip`: the same tags, but v2008 also corrects values of 2007: v2007 is no subset of v2008's rows, and it
  is not the season's table either. The md5 of both versions, printed here, are in the grade cell `version_restored`.

The same inputs give the same commits and the same zips.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WEEK = Path(__file__).resolve().parent / "week-09"
CORRECTIONS = {
    b"Adelie,Torgersen,39.1,18.7,181,3750,male,2007\n": b"Adelie,Torgersen,31.9,18.7,181,3750,male,2007\n",
    b"Adelie,Torgersen,40.3,18,195,3250,female,2007\n": b"Adelie,Torgersen,40.3,18,195,3250,male,2007\n",
}


def run(folder: Path, *command: str, day: str = "2008-03-01") -> None:
    """Run a command in a folder, with an identity, a date and settings that are the same everywhere."""
    environment = {
        **os.environ,
        **{f"GIT_{who}_NAME": "Ana" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ana@example.org" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": f"{day}T12:00:00+0000" for who in ("AUTHOR", "COMMITTER")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(folder.parent / "dvc_global"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder.parent / "dvc_system"),
        "DVC_SITE_CACHE_DIR": str(folder.parent / "dvc_site"),
        "DVC_NO_ANALYTICS": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    subprocess.run(command, cwd=folder, env=environment, check=True)


def new_repository(folder: Path) -> None:
    """Make an empty Git and DVC repository."""
    folder.mkdir(parents=True)
    run(folder, "git", "init", "--quiet", "--template=", "--initial-branch=main")
    run(folder, "dvc", "init", "--quiet")
    (folder / "data").mkdir()


def add_version(folder: Path, tag: str, table: bytes, *, day: str, with_dvc: bool) -> None:
    """Write a version of the table, track, commit and tag it."""
    path = folder / "data" / "penguins.csv"
    path.unlink(missing_ok=True)
    path.write_bytes(table)
    if with_dvc:
        run(folder, "dvc", "add", "--quiet", "data/penguins.csv")
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "--quiet", "--message", f"Penguins: {tag}", day=day)
    run(folder, "git", "tag", tag)
    print(f"  {tag}: {len(table.splitlines()) - 1} rows, md5 {hashlib.md5(table, usedforsecurity=False).hexdigest()}")


def pack(folder: Path, path: Path) -> None:
    """Zip a repository in sorted order with fixed times, without what differs from run to run."""
    (folder / ".git" / "index").unlink()
    run(folder, "git", "read-tree", "HEAD")  # an index without the times of files
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder.parent).as_posix()
            if not file.is_file() or "/.dvc/tmp/" in name or name.endswith("/.git/COMMIT_EDITMSG"):
                continue
            info = zipfile.ZipInfo(name, date_time=(2008, 3, 1, 12, 0, 0))
            info.external_attr = 0o100644 << 16
            archive.writestr(info, file.read_bytes(), compress_type=zipfile.ZIP_DEFLATED)
    print(f"  {path.relative_to(WEEK.parent)}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Make the four zips."""
    seasons = {year: (WEEK / "seasons" / f"penguins_{year}.csv").read_bytes() for year in (2007, 2008)}
    both = seasons[2007] + seasons[2008].split(b"\n", 1)[1]
    uncorrected = seasons[2007]
    for right, wrong in CORRECTIONS.items():
        if uncorrected.count(right) != 1:
            raise ValueError(f"{right!r} should be in the season of 2007 exactly once")
        uncorrected = uncorrected.replace(right, wrong)
    states = {
        "dvc_one_version": {"v2007": seasons[2007]},
        "dvc_in_git": {"v2007": seasons[2007]},
        "dvc_two_versions": {"v2007": seasons[2007], "v2008": both},
        "dvc_corrected": {"v2007": uncorrected, "v2008": both},
    }
    for name, versions in states.items():
        print(name)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "penguins"
            new_repository(folder)
            for tag, table in versions.items():
                add_version(folder, tag, table, day=f"{int(tag[1:]) + 1}-03-01", with_dvc=name != "dvc_in_git")
            pack(folder, WEEK / "start" / f"{name}.zip")


if __name__ == "__main__":
    main()
