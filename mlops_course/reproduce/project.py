"""Copy what a notebook needs: what Git tracks and what DVC tracks of the work tree around it.

As a program (`Workshop.copy_project` starts it behind the wall) it takes a job as JSON, and answers in JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlops_course.errors import ContractError, CourseError
from mlops_course.reproduce.contract import read_promise

# What a notebook's folder may hold that no execution must start with: earlier stores, environments, caches.
LEFT_OUT = {".venv", "venv", "mlruns", "mlartifacts", "__pycache__", ".ipynb_checkpoints", ".git"}
STORE = "mlflow.db"
# The copy, and three executions at once.
COPIES = 4
# Made by the tools themselves in a home directory; they hold no result.
TOOL_CACHES = (".ipython", ".jupyter", ".cache/matplotlib", ".cache/fontconfig", ".config/matplotlib", ".config/dvc",
               ".local/share/jupyter", ".local/share/dvc", ".cache/dvc", ".cache/pre-commit")  # fmt: skip


@dataclass(frozen=True)
class Snapshot:
    """A frozen copy of a notebook's project; every execution gets a copy of this copy."""

    root: Path  # folder that holds the copy
    notebook: Path  # path of the notebook below `root`
    revision: str  # the Git commit the copy is at, empty where there is no Git


def clean_environment() -> dict[str, str]:
    """Take the caller's environment without the variables that point Git, DVC and MLflow at other places."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DVC_", "MLFLOW_"))}


def git(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run Git with no settings but those of the copy."""
    variables = clean_environment() | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(["git", *arguments], cwd=cwd, env=variables, capture_output=True, check=False)


def find_root(notebook: Path) -> Path:
    """Find the folder that is copied: the Git work tree around a notebook, else the DVC project, else its folder."""
    for sign in (".git", ".dvc/config"):
        for folder in notebook.parents:
            if os.path.lexists(folder / sign):
                return folder
    return notebook.parent


def git_folders(root: Path) -> tuple[Path, Path]:
    """Find what Git keeps of a work tree, and what of its repository: one folder, except for a linked worktree.

    Raises
    ------
    ContractError
        A file leads to a folder that does not know of this work tree: anybody can write such a file.
    """
    own = root / ".git"
    if own.is_dir() and not own.is_symlink():
        return own, own
    with contextlib.suppress(OSError, ValueError):
        own = (root / read_line(own).removeprefix("gitdir:").strip()).resolve()
        # Where it lies says which repository it belongs to, and the repository's owner has made it.
        if own.parent.name == "worktrees" and os.path.samefile(read_line(own / "gitdir"), root / ".git"):
            return own, own.parent.parent
    raise ContractError(
        f"{root / '.git'} leads out of the project, to a repository that does not know this folder (a submodule, or a "
        "link). Clone the repository (git clone) and check the notebook in the clone."
    )


def read_line(path: Path) -> str:
    """Read the first line of a file of Git's."""
    if not path.is_file() or path.is_symlink():
        raise ValueError(f"{path} is no file")
    with path.open(encoding="utf-8") as file:
        return file.readline(4096).strip()


def take_snapshot(notebook: Path, destination: Path) -> Snapshot:
    """Copy the project of a notebook, uncommitted changes included, with a `.git` of its own.

    Raises
    ------
    ContractError
        The project cannot be read, is too large, or leads elsewhere.
    """
    root = find_root(notebook)
    relative = notebook.relative_to(root)
    destination.mkdir(parents=True)
    revision, files = (
        "",
        [Path(name) for name in os.listdir(root) if name not in leave_out(str(root), os.listdir(root))],
    )
    if os.path.lexists(root / ".git"):
        revision, files = copy_git(root, destination)
    files = [file for file in dict.fromkeys([*files, relative]) if not is_store(file)]
    refuse_if_too_large(root, files, destination)
    for file in files:
        copy_file(root / file, destination / file)
    for file in dvc_files(root, destination, files):
        # A file of DVC's may be a link into its cache, which no execution may reach.
        if not (root / file).resolve().is_relative_to(root.resolve()):
            raise ContractError(
                f"{root / file} is a link that leads out of the project. If it leads to a shared cache of DVC's, have "
                "copies instead: dvc config --local cache.type copy, then dvc checkout --relink."
            )
        (destination / file).unlink(missing_ok=True)
        copy_file(root / file, destination / file, follow=True)
    return Snapshot(destination, relative, revision)


def copy_git(root: Path, destination: Path) -> tuple[str, list[Path]]:
    """Copy what Git knows of a project, and name the files that it tracks or would track.

    Its settings and hooks stay where they are: they can name programs, and here nobody has agreed to run them.
    """
    own, common = git_folders(root)
    if not (own / "HEAD").is_file():
        raise ContractError(f"Git does not hand out its repository: {own} has no HEAD.")
    kind = git("config", "--no-includes", "--file", str(common / "config"), "extensions.objectFormat", cwd=destination)
    git("init", "--quiet", "--template=", f"--object-format={kind.stdout.decode().strip() or 'sha1'}", cwd=destination)
    target = destination / ".git"
    (target / "info").mkdir(exist_ok=True)
    for folder, names in ((own, ("HEAD", "index")), (common, ("packed-refs", "shallow", "info/exclude"))):
        for name in names:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, target / name)
    for part in own.glob("sharedindex.*"):
        shutil.copyfile(part, target / part.name)
    refuse_if_too_large(common, [Path("objects")], destination)
    for name in ("refs", "objects"):
        shutil.copytree(common / name, target / name, dirs_exist_ok=True)
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = git(f"--git-dir={target}", f"--work-tree={root}", *listing, cwd=root)
    if listed.returncode:
        raise ContractError(f"Git does not hand out its repository: {listed.stderr.decode(errors='replace').strip()}")
    revision = git("rev-parse", "--verify", "--quiet", "HEAD", cwd=destination).stdout.decode().strip()
    return revision, [Path(os.fsdecode(name)) for name in listed.stdout.split(b"\0") if name]


def refuse_if_too_large(root: Path, files: list[Path], destination: Path) -> None:
    """Refuse a project whose copies would fill the disk; a file with holes counts with the size that it claims."""
    total = sum(size_of(root / file) for file in files)
    free = shutil.disk_usage(destination).free
    if COPIES * total > free:
        raise ContractError(
            f"{root} holds {total / 1e9:.1f} GB, and is copied {COPIES} times; {free / 1e9:.1f} GB are free in "
            f"{destination.parent}. Set TMPDIR to a larger disk, or move what the notebook does not need."
        )


def size_of(place: Path) -> int:
    """Add up the sizes of a file, or of all files below a folder, as their names promise them."""
    if os.path.islink(place) or not os.path.isdir(place):
        return os.lstat(place).st_size if os.path.lexists(place) else 0
    total = 0
    for folder, _, files in os.walk(place):
        for file in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, file)).st_size
    return total


def dvc_files(root: Path, destination: Path, tracked: list[Path]) -> set[Path]:
    """List the files in the work tree that DVC tracks, relative to `root`; none where DVC is not used.

    Of a tracked folder all files are listed, those too that were added since. The copy is asked, and without its
    settings for cache and remotes, which can name programs and places elsewhere: only the pointers matter.
    """
    projects = {file.parent.parent for file in tracked if file.as_posix().endswith(".dvc/config")}
    if (root / ".dvc" / "config").is_file():
        projects.add(Path())
    found: list[Path] = []
    for project in projects:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        folder = destination / project
        temporary = tempfile.mkdtemp()
        settings = {"core": {"no_scm": True, "site_cache_dir": temporary}, "cache": {"dir": temporary}}
        (folder / ".dvc" / "config").touch()
        try:
            with Repo(str(folder), config=settings) as repository:
                outs = [Path(out.fs_path) for out in repository.index.outs if out.protocol == "local"]
        except DvcException as problem:
            raise ContractError(f"{root / project}: DVC cannot list what it tracks: {problem}") from None
        finally:
            shutil.rmtree(folder / ".dvc" / "tmp", ignore_errors=True)
            shutil.rmtree(temporary)
        for out in outs:
            if out.is_relative_to(destination):
                place = root / out.relative_to(destination)
                found += [path.relative_to(root) for path in (place.rglob("*") if place.is_dir() else [place])]
    return {file for file in found if (root / file).is_file() or (root / file).is_symlink()}


def copy_file(source: Path, target: Path, *, follow: bool = False) -> None:
    """Copy one file or symbolic link; what was deleted from the work tree stays deleted in the copy."""
    if not os.path.lexists(source) or special_files(str(source.parent), [source.name]):
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
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    files = [path for path in files if ".git" not in path.relative_to(folder).parts]
    files.sort(key=lambda path: (path.stat().st_mtime_ns, path), reverse=True)
    latest = max((path.stat().st_mtime for path in files), default=0.0)
    for place, path in enumerate(files):
        moment = latest - 2.0 * (len(files) - place)
        os.utime(path, (moment, moment))


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


def main() -> None:
    """Read a notebook's promise and copy its project."""
    job = json.loads(sys.stdin.readline())
    notebook, destination = Path(job["notebook"]), Path(job["destination"])
    try:
        promise = read_promise(notebook)
        snapshot = take_snapshot(notebook, destination)
        answer = {"promise": dataclasses.astuple(promise)[1:], "snapshot": dataclasses.astuple(snapshot),
                  "inventory": inventory(destination)}  # fmt: skip
    except CourseError as problem:
        answer = {"error": str(problem)}
    except Exception as problem:  # whatever a folder holds that nobody thought of
        answer = {"error": f"{notebook}: its project cannot be copied: {type(problem).__name__}: {problem}"}
    print(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()
