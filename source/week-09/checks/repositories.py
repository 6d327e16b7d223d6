"""Git and DVC repositories: reads them without running a program in them, and makes new ones to try a function on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from configobj import ConfigObj, ConfigObjError
from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.graph import can_fast_forward
from dulwich.object_store import iter_tree_contents, tree_lookup_path
from dulwich.objectspec import parse_commit
from dulwich.repo import Repo
from dulwich.walk import ORDER_TOPO

from checks import given

ANA = b"Ana <ana@example.org>"
TABLE = "data/penguins.csv"


class Repository:
    """A repository, as its files say it is.

    Parameters
    ----------
    folder
        Where it is; a relative path begins in `work`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = given.work() / folder
        self.name = folder if isinstance(folder, str) else self.folder.name

    @cached_property
    def git(self) -> Repo | None:
        """Git's part; None if the folder is no Git repository."""
        try:
            return Repo(str(self.folder))
        except NotGitRepository:
            return None

    # ---------------------------------------------------------------- what Git keeps

    def commit(self, revision: str) -> str | None:
        """Return the hash of the commit that a tag, a branch or a hash names; None if there is none."""
        try:
            return parse_commit(self.git, revision).id.decode()
        except (KeyError, AttributeError):
            return None

    @property
    def tags(self) -> dict[str, str]:
        """Tag → hash of its commit."""
        names = sorted(self.git.refs.subkeys(b"refs/tags")) if self.git else []
        return {name.decode(): self.git.get_peeled(b"refs/tags/" + name).decode() for name in names}

    @property
    def tips(self) -> list[str]:
        """The commits that HEAD and the branches and tags name, HEAD's first."""
        names = [b"HEAD", *sorted(self.git.refs.allkeys() - {b"HEAD"})]
        return [self.git.get_peeled(name).decode() for name in names if name in self.git.refs]

    def history(self) -> list[str]:
        """Return the hashes of all commits, the oldest first."""
        tips = [tip.encode() for tip in dict.fromkeys(self.tips)]
        walk = self.git.get_walker(tips, order=ORDER_TOPO, reverse=True)
        return [entry.commit.id.decode() for entry in walk]

    def comes_after(self, later: str, earlier: str) -> bool:
        """Tell whether a commit has another one in its history."""
        return can_fast_forward(self.git, self.commit(earlier).encode(), self.commit(later).encode())

    def files(self, revision: str) -> dict[str, bytes]:
        """Return all files that Git keeps in a commit: path → content."""
        commit = self.commit(revision)
        if commit is None:
            return {}
        entries = iter_tree_contents(self.git.object_store, self.git[commit.encode()].tree)
        return {entry.path.decode(errors="replace"): self.git[entry.sha].data for entry in entries}

    def file(self, revision: str, path: str) -> bytes | None:
        """Return a file that Git keeps in a commit; None if it keeps no such file."""
        try:
            tree = self.git[self.commit(revision).encode()].tree
            return self.git[tree_lookup_path(self.git.get_object, tree, path.encode())[1]].data
        except (KeyError, AttributeError):
            return None

    def ignores(self, path: str) -> bool:
        """Tell whether Git ignores a file of the folder."""
        return bool(list(porcelain.check_ignore(str(self.folder), [str(self.folder / path)])))

    def found(self, *patterns: str) -> list[str]:
        """List the files in the folder that fit a pattern, outside Git's and DVC's own folders."""
        paths = [path.relative_to(self.folder) for pattern in patterns for path in self.folder.rglob(pattern)]
        paths = [path for path in paths if not {".git", ".dvc"} & set(path.parts)]
        return sorted(path.as_posix() for path in paths if (self.folder / path).is_file())

    # ---------------------------------------------------------------- what DVC keeps

    def pointed_md5(self, revision: str, path: str = TABLE) -> str | None:
        """Return the md5 that the pointer file of a path names in a commit; None if there is no pointer file."""
        found = re.search(rb"md5: ([0-9a-f]{32}(?:\.dir)?)", self.file(revision, f"{path}.dvc") or b"")
        return found[1].decode() if found else None

    def tracked(self, revision: str, path: str = TABLE) -> bytes | None:
        """Return the bytes that DVC gives for a path as of a revision; None if it does not track the path."""
        return self.tracked_files(revision, path).get(path)

    def tracked_files(self, revision: str, path: str) -> dict[str, bytes]:
        """Return what DVC gives for a file, or for all files of a folder, as of a revision: path → content."""
        from dvc.api import DVCFileSystem

        files = DVCFileSystem(str(self.folder), rev=revision)
        if not files.exists(path):
            return {}
        paths = files.find(path) if files.isdir(path) else [path]
        return {name: files.read_bytes(name) for name in paths if files.isdvc(name)}

    def tracked_folder(self, revision: str, path: str) -> dict[str, bytes]:
        """Return what DVC gives for a folder as of a revision: name in the folder → content."""
        return {name.removeprefix(f"{path}/"): data for name, data in self.tracked_files(revision, path).items()}

    def default_remote(self) -> tuple[str, str | None]:
        """Return the newest committed settings that name a default remote, and what is wrong with it, or None."""
        for commit in self.tips if self.git else []:
            text = (self.file(commit, ".dvc/config") or b"").decode(errors="replace")
            with contextlib.suppress(ConfigObjError, KeyError, TypeError):
                settings = ConfigObj(text.splitlines())
                place = self.folder / ".dvc" / settings[f'remote "{settings["core"]["remote"]}"']["url"]
                is_inside = place.resolve().is_relative_to(self.folder.resolve())
                return text, "the remote lies in the repository: who loses one loses both" if is_inside else None
        return "", "no commit's .dvc/config names a default remote: was it set without --local or --global?"

    def pull(self, revision: str, settings: str, path: str = TABLE) -> tuple[bytes | None, str]:
        """Pull a file as a new clone would: with nothing but a commit's pointer file and these settings of DVC's.

        Returns
        -------
        content, problem
            The bytes or None; what to say if they are not the right ones.
        """
        from dvc.exceptions import DvcException
        from dvc.repo import Repo as DvcRepo

        clone = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix="clone_"))
        (clone / ".dvc").mkdir()
        (clone / ".dvc" / "config").write_text(settings, encoding="utf-8")
        own = f"[core]\n    no_scm = true\n    site_cache_dir = {clone.as_posix()}/site\n[cache]\n    dir = cache\n"
        (clone / ".dvc" / "config.local").write_text(own, encoding="utf-8")
        pointer = clone / f"{path}.dvc"
        pointer.parent.mkdir(parents=True)
        pointer.write_bytes(self.file(revision, f"{path}.dvc") or b"")
        try:
            with DvcRepo(str(clone)) as repository:
                repository.pull(targets=[str(pointer)])
            return (clone / path).read_bytes(), f"a new clone pulls other bytes for {revision}"
        except (DvcException, OSError) as problem:
            said, *_ = f"{problem}".split("\n<")  # without the address of a page, in colours
            return None, f"a new clone cannot pull {revision}. DVC says: {' '.join(said.split())}"

    # ---------------------------------------------------------------- what is wrong

    def lacks(self, tag: str, path: str = TABLE) -> str | None:
        """Say what is missing for DVC to give a path at a tag; None if nothing is."""
        if self.git is None:
            return f"work/{self.name} is no Git repository: did `git init` run, and in this folder?"
        if not (self.folder / ".dvc").is_dir():
            return f"work/{self.name} is no DVC repository: did `dvc init` run, and in this folder?"
        if tag not in self.tags:
            return f"there is no tag {tag}; tags found: {list(self.tags)}"
        files = list(self.files(tag))
        if ".dvc/config" not in files:
            return f"the commit {tag} has no .dvc/config: a clone of it would be no DVC repository. It has {files}"
        if not self.tracked_files(tag, path):
            return f"in the commit {tag}, DVC does not track {path}. The commit has {files}{self.behind(tag)}"
        return None

    def behind(self, tag: str) -> str:
        """Return a hint if a tag is not at the newest commit: it may have stayed while the work went on."""
        if self.commit(tag) == self.commit("HEAD"):
            return ""
        return f". The tag {tag} is not at your newest commit: a tag does not move. Start cell first, then your cell"

    def detach(self, tag: str) -> dict[str, Any]:
        """Put HEAD at a tag's commit and on no branch, and return the new state."""
        (self.folder / ".git" / "HEAD").write_text(f"{self.tags[tag]}\n")
        return self.state()

    def state(self) -> dict[str, Any]:
        """Return all that reading must not change: HEAD, the index, and the files outside `.git` and DVC's stores."""
        stores = [self.folder / ".git", self.folder / ".dvc" / "cache", self.folder / ".dvc" / "tmp"]
        paths = [path for path in self.folder.rglob("*") if path.is_file() and not set(stores) & set(path.parents)]
        index = {path.decode(): entry.sha.decode() for path, entry in Repo(str(self.folder)).open_index().items()}
        return {
            "HEAD": ((self.folder / ".git" / "HEAD").read_text(), self.commit("HEAD")),
            "the index (what is staged)": index,
            **{path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths},
        }


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name what is changed, new or gone: files by their content, or what `Repository.state` has returned."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def call_in(folder: Path, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function with a folder as the current one, wherever it goes itself."""
    os.chdir(folder)
    try:
        return function(*arguments)
    finally:
        os.chdir(given.work())


def unseen(versions: dict[str, bytes], branch: str = "main", at: str = "", *, is_cached: bool = False) -> Repository:
    """Make a repository with unfinished work and a remote with each version's bytes.

    Parameters
    ----------
    versions
        Tag → table, the oldest first.
    branch, at
        A branch at the newest version, or at the tag `at`.
    is_cached
        Whether the bytes are in the repository's cache, too.
    """
    folder = Path(tempfile.mkdtemp(dir=given.work(), prefix="unseen_")) / "survey"
    storage = folder.parent / "storage"
    write(folder / ".dvc" / ".gitignore", b"/config.local\n/tmp\n/cache\n")
    remote = f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {storage.as_posix()}\n"
    write(folder / ".dvc" / "config", remote.encode())
    write(folder / "data" / ".gitignore", b"/penguins.csv\n")
    write(folder / "notes.txt", b"Penguins, season by season\n")
    with porcelain.init(str(folder)) as repository:
        repository.refs.set_symbolic_ref(b"HEAD", b"refs/heads/main")
        for tag, table in versions.items():
            md5 = hashlib.md5(table, usedforsecurity=False).hexdigest()
            for place in [storage, folder / ".dvc" / "cache"][: 1 + is_cached]:
                write(place / "files" / "md5" / md5[:2] / md5[2:], table)
            pointer = f"outs:\n- md5: {md5}\n  size: {len(table)}\n  hash: md5\n  path: penguins.csv\n"
            write(folder / "data" / "penguins.csv.dvc", pointer.encode())
            porcelain.add(repository)
            porcelain.commit(repository, f"Penguins: {tag}", author=ANA, committer=ANA, no_verify=True, sign=False)
            porcelain.tag_create(repository, tag)
        if branch != "main":
            porcelain.branch_create(repository, branch, objectish=at or "HEAD")
        write(folder / "plan.txt", b"Measure again\n")
        porcelain.add(repository, [str(folder / "plan.txt")])
    write(folder / "notes.txt", b"Penguins, season by season: to be checked\n")
    write(folder / "data" / "penguins.csv", table + table.splitlines(keepends=True)[1])
    return Repository(folder)


def write(path: Path, content: bytes) -> None:
    """Write a file, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
