"""What a start cell does: makes the folder of its task new, and goes there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from checks import forensics, given


def emptied(task: str) -> Path:
    """Remove what an earlier start of a task has left below `work`, and return the folder."""
    week = Path(os.environ["WEEK_09"])
    os.chdir(week)
    folder = week / "work" / task
    for path in folder.rglob("*"):
        with suppress(OSError):
            path.chmod(0o700)  # Git and DVC write-protect what they store
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def begin(task: str) -> None:
    """Make the folder work/TASK new and empty, and go there."""
    folder = emptied(task)
    folder.mkdir(parents=True)
    os.chdir(folder)


def git(*words: str) -> str:
    """Return what a Git command prints: `git("show", "v2008:notes.txt")`. It ends in an error if Git does."""
    done = subprocess.run(["git", *words], stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return done.stdout


def question(task: str, student_id: object) -> tuple[Path, Path, str, dict[str, Any], dict[str, Any]]:
    """Unpack the evidence for a question and go into its repository.

    Returns evidence, repository, store and case, and all runs of the store: id → MLflow's record of the run.
    """
    number = forensics.variant(student_id)
    evidence = emptied(f"{task}_{number}")
    repository = evidence / "repository"
    store = f"sqlite:///{(evidence / 'mlflow.db').as_posix()}"
    case, runs = {"run": "", "tag": "", "pair": ["", ""], "changes": {}}, {}
    try:
        forensics.unpack(number, evidence)
        address = (evidence / "storage").as_posix()  # where the remote lies on this computer
        config = f'[\'remote "storage"\']\n    url = "{address}"\n'
        (repository / ".dvc" / "config.local").write_text(config, encoding="utf-8")
        case = json.loads((evidence / "case.json").read_text(encoding="utf-8"))
        runs = forensics.Original(student_id).runs  # not from the copy: MLflow keeps stores open that are gone
        os.chdir(repository)
    except (OSError, zipfile.BadZipFile) as error:
        print(f"The evidence is not complete ({error}). Is the folder `start` beside this notebook?")
    print(f"Evidence, variant {number}, in work/{evidence.name}; current folder: repository")
    return evidence, repository, store, case, runs


def unpacked(task: str, state: str) -> Path:
    """Make a task's folder new with one of the prepared repositories, go there, and return it."""
    folder = emptied(task)
    folder.mkdir(parents=True)
    shutil.unpack_archive(given.WEEK / "start" / f"{state}.zip", folder)
    os.chdir(folder / "penguins")
    print(f"You are in Ana's repository, work/{task}/penguins.")
    return folder / "penguins"


def track_v1(student_id: object) -> None:
    """Make an inbox with a season's table, and beside it an empty folder."""
    folder = emptied("track_v1")
    for name in ("incoming", "penguins"):
        (folder / name).mkdir(parents=True)
    table = given.season(student_id, 2007)
    (folder / "incoming" / "penguins_2007.csv").write_bytes(table)
    os.chdir(folder / "penguins")
    print("You are in the empty folder work/track_v1/penguins.")
    print(f"../incoming/penguins_2007.csv has {len(table.splitlines()) - 1} rows.")


def untrack() -> None:
    """Unpack a repository in which Git keeps the table."""
    unpacked("untrack", "dvc_in_git")
    print("Tag v2007: data/penguins.csv is in Git. DVC is prepared (`dvc init`), and tracks nothing yet.")


def folder(student_id: object) -> None:
    """Unpack Ana's repository, with a folder of tracks in it, and the next version of the folder in an inbox."""
    repository = unpacked("folder", "dvc_one_version")
    versions = given.tracks(student_id)
    for place, tag in ((repository, "tracks-1"), (repository.parent / "incoming", "tracks-2")):
        (place / "tracks").mkdir(parents=True)
        for name, content in versions[tag].items():
            (place / "tracks" / name).write_bytes(content)
    print(f"The folder tracks has {len(versions['tracks-1'])} files, which nobody tracks yet.")
    print(f"../incoming/tracks has the {len(versions['tracks-2'])} files of its next version.")


def push() -> None:
    """Unpack a repository with two versions and no remote."""
    unpacked("push", "dvc_two_versions")
    print("Tags v2007 and v2008, on v2008. The cache has the bytes of both versions. There is no remote.")


def second_version(student_id: object) -> None:
    """Unpack a repository at v2007, beside it the season of 2008."""
    repository = unpacked("second_version", "dvc_one_version")
    table = given.season(student_id, 2008)
    (repository.parent / "incoming").mkdir()
    (repository.parent / "incoming" / "penguins_2008.csv").write_bytes(table)
    print("Tag v2007, 110 rows.")
    print(f"../incoming/penguins_2008.csv has {len(table.splitlines()) - 1} rows and a header line.")


def restore() -> None:
    """Unpack a repository at v2008, which corrected values of v2007."""
    unpacked("restore", "dvc_corrected")
    print("Tags v2007 and v2008. data/penguins.csv is v2008, 224 rows.")


def read_version() -> None:
    """Make a repository with a remote, an empty cache and unfinished work."""
    repository = unpacked("read_version", "dvc_two_versions")
    storage = repository.parent / "storage"
    shutil.move(repository / ".dvc" / "cache", storage)

    remote = f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {storage.as_posix()}\n"
    os.chdir(repository)
    git("checkout", "--quiet", "-B", "main", "v2007")
    for tag in ("v2007", "v2008"):  # the same versions again, in commits that name the remote
        git("checkout", "--quiet", tag, "--", "data/penguins.csv.dvc")
        (repository / ".dvc" / "config").write_text(remote, encoding="utf-8")
        git("add", ".")
        git("commit", "--quiet", "--message", f"Penguins: {tag}")
        git("tag", "--force", tag)
    table = repository / "data" / "penguins.csv"
    table.write_bytes(b"".join(table.read_bytes().splitlines(keepends=True)[:-24]))
    os.chdir(repository.parent)
    print(
        "Now you are one folder above it. Tags v2007 (110 rows) and v2008 (224 rows), branch main, a remote, an empty"
    )
    print("cache. The working file is half-finished: 200 rows.")
