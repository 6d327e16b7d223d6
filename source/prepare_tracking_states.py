"""Make the prepared state of the notebook 02_mlflow_tracking: Ana's repository with two versions of the data.

Writes `source/week-09/start/tracking_ana.zip`, which the start cell of the task `log_run` and its grade cells unpack.
It holds the folder `ana`: a Git repository with DVC in which `data/penguins.csv` is season 2007 at the tag `v2007`, and
seasons 2007 and 2008 at the tag `v2008`, also the newest commit. All bytes are in the cache; there is no remote.

Run it by hand after a change here or in `source/week-09/seasons/`, in the course's environment::

    python source/prepare_tracking_states.py

The same versions of Git and DVC give the same zip, byte for byte.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WEEK = Path(__file__).resolve().parent / "week-09"
DATES = {"v2007": "2008-03-03T10:00:00+0000", "v2008": "2009-03-02T10:00:00+0000"}
NOT_SHIPPED = {"tmp", "logs", "hooks", "info", "description", "COMMIT_EDITMSG", "branches"}


def run(*command: str, folder: Path, date: str = DATES["v2007"]) -> None:
    """
    Run a command in a folder with an identity and a date that are the same on every computer.

    Parameters
    ----------
    *command : str
        The program and its arguments.
    folder : Path
        Where it runs.
    date : str, optional
        The author's and the committer's date.
    """
    fixed = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
        "DVC_GLOBAL_CONFIG_DIR": str(folder.parent / "dvc_global"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder.parent / "dvc_system"),
        "DVC_SITE_CACHE_DIR": str(folder.parent / "dvc_site"),
        "DVC_NO_ANALYTICS": "1",
    }
    for role in ("AUTHOR", "COMMITTER"):
        fixed |= {f"GIT_{role}_NAME": "Ana", f"GIT_{role}_EMAIL": "ana@example.org"}
    subprocess.run(command, cwd=folder, env=os.environ | fixed, check=True)


def build(repository: Path) -> None:
    """
    Make the repository.

    Parameters
    ----------
    repository : Path
        An empty folder.
    """
    dvc = [sys.executable, "-m", "dvc"]
    run("git", "init", "--quiet", "--template=", "--initial-branch=main", folder=repository)
    run(*dvc, "init", "--quiet", folder=repository)
    (repository / "data").mkdir()
    content = b""
    for tag, date in DATES.items():
        season = (WEEK / "seasons" / f"penguins_{tag[1:]}.csv").read_bytes()
        content += season if not content else season.split(b"\n", 1)[1]
        (repository / "data" / "penguins.csv").write_bytes(content)
        run(*dvc, "add", "--quiet", "data/penguins.csv", folder=repository)
        run("git", "add", ".", folder=repository)
        run("git", "commit", "--quiet", "-m", f"Season {tag[1:]}", folder=repository, date=date)
        run("git", "tag", tag, folder=repository, date=date)
    (repository / ".git" / "index").unlink()
    run("git", "read-tree", "HEAD", folder=repository)  # an index that remembers no times and inodes of this computer


def pack(folder: Path, archive: Path) -> None:
    """
    Write a folder into a zip with fixed times and sorted names.

    Parameters
    ----------
    folder : Path
        What is packed, with its own name on top.
    archive : Path
        The zip file, overwritten.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder.parent)
            if NOT_SHIPPED.isdisjoint(name.parts):
                if path.is_dir():
                    if not any(path.iterdir()):
                        target.writestr(zipfile.ZipInfo(f"{name.as_posix()}/", (2009, 4, 1, 0, 0, 0)), b"")
                    continue
                entry = zipfile.ZipInfo(name.as_posix(), (2009, 4, 1, 0, 0, 0))
                entry.external_attr = 0o100644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(entry, path.read_bytes())


def main() -> None:
    """Make the zip."""
    scratch = Path(tempfile.mkdtemp())
    try:
        repository = scratch / "ana"
        repository.mkdir()
        build(repository)
        (WEEK / "start").mkdir(exist_ok=True)
        pack(repository, WEEK / "start" / "tracking_ana.zip")
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
