"""Copy what a notebook needs: what Git tracks and what DVC tracks of the work tree around it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from course.errors import ContractError

# What a notebook's folder may hold that no execution must start with: earlier stores, environments, caches.
LEFT_OUT = {".venv", "venv", "mlruns", "mlartifacts", "__pycache__", ".ipynb_checkpoints", ".git"}
STORE = "mlflow.db"
# Made by the tools themselves in a home directory; they hold no result.
TOOL_CACHES = (".ipython", ".jupyter", ".cache/matplotlib", ".cache/fontconfig", ".config/matplotlib", ".config/dvc",
               ".local/share/jupyter", ".local/share/dvc", ".cache/dvc", ".cache/pre-commit")  # fmt: skip


@dataclass(frozen=True)
class Snapshot:
    """A frozen copy of a notebook's project; every execution gets a copy of this copy.

    Attributes
    ----------
    root
        Folder that holds the copy.
    notebook
        Path of the notebook below `root`.
    revision
        The Git commit the copy is at, empty where there is no Git.
    """

    root: Path
    notebook: Path
    revision: str


def git(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run Git without the caller's `GIT_*` variables, which could point it at another repository."""
    return subprocess.run(["git", *arguments], cwd=cwd, env=clean_environment(), capture_output=True, check=False)


def clean_environment() -> dict[str, str]:
    """Take the caller's environment without the variables that point Git, DVC and MLflow at other places."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DVC_", "MLFLOW_"))}


def take_snapshot(notebook: Path, destination: Path) -> Snapshot:
    """Copy the project of a notebook, uncommitted changes included, with a `.git` of its own.

    Parameters
    ----------
    notebook
        Absolute path of the notebook.
    destination
        Folder to create; its name becomes the project's.

    Raises
    ------
    ContractError
        Git or the file system refuses to hand out the project's files.
    """
    top = git("rev-parse", "--show-toplevel", cwd=notebook.parent)
    if top.returncode and any((folder / ".git").exists() for folder in notebook.parents):
        reason = top.stderr.decode(errors="replace").strip().splitlines()[:1]
        raise ContractError(f"{notebook}: Git does not hand out its repository: {' '.join(reason)}")
    if top.returncode:  # no Git: the DVC project around the notebook, or just its folder
        root = next((folder for folder in notebook.parents if (folder / ".dvc" / "config").is_file()), notebook.parent)
        shutil.copytree(root, destination, ignore=leave_out, symlinks=True)
        return Snapshot(destination, notebook.relative_to(root), "")
    root = Path(os.fsdecode(top.stdout.rstrip(b"\n")))
    relative = notebook.relative_to(root.resolve())
    revision = git("rev-parse", "--verify", "--quiet", "HEAD", cwd=root).stdout.decode().strip()
    if revision:
        # No hard links: what an execution does to its .git must not reach the original's objects.
        cloned = git("clone", "--quiet", "--no-hardlinks", "--no-checkout", str(root), str(destination), cwd=root)
        if cloned.returncode:
            raise ContractError(f"{notebook}: Git cannot copy {root}: {cloned.stderr.decode(errors='replace').strip()}")
        git("remote", "remove", "origin", cwd=destination)
    else:
        git("init", "--quiet", str(destination), cwd=root)
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=root).stdout
    files = [Path(os.fsdecode(name)) for name in listed.split(b"\0") if name]
    held_by_dvc = dvc_files(root, files)
    for file in dict.fromkeys([*files, *held_by_dvc, relative]):
        if not is_store(file):
            # A file of DVC's may be a link into its cache, which no execution may reach.
            copy_file(root / file, destination / file, follow=file in held_by_dvc)
    if revision:
        git("reset", "--quiet", cwd=destination)
    return Snapshot(destination, relative, revision)


def dvc_files(root: Path, tracked: list[Path]) -> set[Path]:
    """List the files in the work tree that DVC tracks, relative to `root`; none where DVC is not used.

    Of a tracked folder all files are listed, those too that were added since.
    """
    projects = [root / file.parent.parent for file in tracked if file.as_posix().endswith(".dvc/config")]
    found: list[Path] = []
    for folder in projects:
        # The command and not `dvc.api`: an import would stay in this process, and DVC's locks with it.
        command = [sys.executable, "-m", "dvc", "list", ".", "--recursive", "--dvc-only", "--json"]
        variables = clean_environment() | {"DVC_NO_ANALYTICS": "1"}
        answer = subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False)
        if answer.returncode:
            reason = answer.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise ContractError(f"{folder}: DVC cannot list what it tracks: {' '.join(reason)}")
        found += [(folder / entry["path"]).relative_to(root) for entry in json.loads(answer.stdout)]
    for pointer in (file for file in tracked if file.suffix == ".dvc"):
        content = yaml.safe_load((root / pointer).read_text(encoding="utf-8")) if (root / pointer).is_file() else None
        for out in (content or {}).get("outs", []):
            folder = root / pointer.parent / out["path"]
            if folder.is_dir():
                found += [path.relative_to(root) for path in folder.rglob("*")]
    return {file for file in found if (root / file).is_file()}


def copy_file(source: Path, target: Path, *, follow: bool = False) -> None:
    """Copy one file or symbolic link; what was deleted from the work tree stays deleted in the copy."""
    if not os.path.lexists(source):
        return
    if source.is_dir() and not source.is_symlink():  # a Git submodule
        shutil.copytree(source, target, ignore=leave_out, symlinks=True, dirs_exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=follow)
    if not target.is_symlink():
        target.chmod(target.stat().st_mode | 0o200)  # DVC protects some files from writing; a copy is free


def is_store(file: Path) -> bool:
    """Tell whether a file belongs to an MLflow store of an earlier execution."""
    return file.name.startswith(STORE) or "mlruns" in file.parts


def leave_out(folder: str, names: list[str]) -> set[str]:
    """Choose what `shutil.copytree` skips of a project: stores, environments, caches, pipes and sockets."""
    left = {name for name in names if name in LEFT_OUT or name.startswith(STORE)}
    return left | special_files(folder, names)


def special_files(folder: str, names: list[str]) -> set[str]:
    """Name pipes, sockets and devices, which cannot be copied."""
    modes = {name: os.lstat(os.path.join(folder, name)).st_mode for name in names}
    return {
        name for name, mode in modes.items() if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
    }


def reverse_times(folder: Path) -> None:
    """Turn round the order in which the files of a project were changed, Git's own aside."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts]
    files.sort(key=lambda path: (path.stat().st_mtime_ns, path), reverse=True)
    latest = max((path.stat().st_mtime for path in files), default=0.0)
    for place, path in enumerate(files):
        moment = latest - 2.0 * (len(files) - place)
        os.utime(path, (moment, moment), follow_symlinks=True)


def inventory(folder: Path) -> dict[str, str]:
    """List the files and folders below a folder, files with a digest, without stores, caches and Git's own files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if LEFT_OUT.intersection(relative.parts) or is_store(relative) or relative.as_posix().startswith(TOOL_CACHES):
            continue
        if path.is_symlink():
            found[relative.as_posix()] = f"-> {os.readlink(path)}"
        elif path.is_dir():
            found[relative.as_posix()] = "folder"
        elif path.is_file():
            with path.open("rb") as file:
                found[relative.as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def left_behind(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Name the files and folders that an execution created, changed or deleted."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
