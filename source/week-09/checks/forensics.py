"""The evidence of notebook 04: a repository, a remote and an MLflow store that somebody left behind."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from checks import given
from checks.repositories import Repository

VARIANTS = 6
LETTERS = 'letters from A to F: a string such as "AF" or "A, F", or a list or set of letters'


def variant(student_id: object) -> int:
    """Return the number of the variant that a STUDENT_ID chooses."""
    text = str(student_id).strip().encode(errors="replace")
    return int(hashlib.sha256(text).hexdigest(), 16) % VARIANTS + 1


def unpack(number: int, folder: Path) -> None:
    """Unpack a variant of the evidence."""
    with zipfile.ZipFile(given.WEEK / "start" / f"evidence_{number}.zip") as archive:
        for name in archive.namelist():
            with suppress(PermissionError):  # on Windows, a store that is open: it stays as it is
                archive.extract(name, folder)


class Original:
    """A student's evidence as it was shipped, for a test to read, whatever became of the student's copy.

    Each `find_` takes an answer as the student wrote it. It returns what the answer names, and what is wrong with its
    form; one of the two is None. Whether the answer is right is not looked at here.
    """

    def __init__(self, student_id: object) -> None:
        self._kept = tempfile.TemporaryDirectory(prefix="evidence_", ignore_cleanup_errors=True)
        self.folder = Path(self._kept.name)
        self.repository = Repository(self.folder / "repository")
        unpack(variant(student_id), self.folder)
        self.case = json.loads((self.folder / "case.json").read_text(encoding="utf-8"))

    @cached_property
    def tags(self) -> dict[str, str]:
        """Tag → hash of its commit."""
        return self.repository.tags

    @cached_property
    def pointers(self) -> dict[str, str | None]:
        """Hash of a commit, the oldest first → the md5 that its pointer file names."""
        return {commit: self.repository.pointed_md5(commit) for commit in self.repository.history()}

    @cached_property
    def runs(self) -> dict[str, Any]:
        """Id of a run → MLflow's record of it."""
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{(self.folder / 'mlflow.db').as_posix()}")
        experiment = client.get_experiment_by_name("penguins")
        return {run.info.run_id: run for run in client.search_runs([experiment.experiment_id])}

    def changed_files(self) -> dict[str, bytes]:
        """Return the table of question 8, "before" and after each change: letter → content."""
        return {path.parent.name: path.read_bytes() for path in (self.folder / "changes").glob("*/*.csv")}

    def recorded(self, run_id: str) -> dict[str, Any]:
        """Return all that a run of the question's has recorded: metrics, parameters and tags."""
        data = self.runs[run_id].data
        return {**data.metrics, **data.params, **data.tags}

    def find_commit(self, answer: object) -> tuple[str | None, str | None]:
        """Find the commit that a hash of at least seven digits, or a tag, names."""
        text, problem = written(answer, "a commit's hash or a tag (lesson 02, section 9)")
        if problem:
            return None, problem
        digits = self.tags.get(text.removeprefix("refs/tags/"), text.lower())
        if not re.fullmatch("[0-9a-f]{7,40}", digits):
            tags = ", ".join(self.tags)
            return None, f"expected a hash of 7 to 40 digits (0-9, a-f), or one of the tags {tags}. Found {text!r}"
        found = [commit for commit in self.pointers if commit.startswith(digits)]
        if len(found) > 1:
            return None, f"more than one commit begins with {text!r}. Give more digits"
        if not found:
            return None, f"your variant's repository has no commit {text!r}. Is STUDENT_ID the right one?"
        return found[0], None

    def find_run(self, answer: object) -> tuple[Any, str | None]:
        """Find the run that has this id."""
        text, problem = written(answer, "a run id (lesson 02, section 8)")
        if problem:
            return None, problem
        if not re.fullmatch("[0-9a-f]{32}", text.lower()):
            return None, f"expected a run id of 32 digits (0-9, a-f), found {text!r}"
        if text.lower() not in self.runs:
            return None, f"your variant's store has no run {text}. Is STUDENT_ID the right one?"
        return self.runs[text.lower()], None

    def find_key(self, answer: object) -> tuple[str | None, str | None]:
        """Find the recorded key of that name; `tags.` or `params.` may stand before it."""
        text, problem = written(answer, "the name of a recorded key (lesson 02, sections 3 and 6)")
        if problem:
            return None, problem
        name = re.sub(r"^(tags|params|metrics)\.", "", text.lower()).strip("`'\"")
        keys = {key.lower(): key for run_id in self.case["pair"] for key in self.recorded(run_id)}
        return (keys[name], None) if name in keys else (None, f"neither run has recorded anything named {text!r}")

    def find_tag(self, answer: object) -> tuple[str | None, str | None]:
        """Find the tag of that name."""
        text, problem = written(answer, "the name of a tag (lesson 01, section 8)")
        if problem:
            return None, problem
        tag = text.removeprefix("refs/tags/")
        return (tag, None) if tag in self.tags else (None, f"expected one of {', '.join(self.tags)}; found {text!r}")


def find_names(answer: object, known: Collection[str]) -> tuple[set[str], str | None]:
    """Find the names that an answer lists, without their folders, and what is wrong with its form, or None."""
    if not isinstance(answer, (list, tuple, set)) or not all(isinstance(name, str) for name in answer):
        return set(), f"expected a list of names, found {answer!r}"
    found = {name.replace("\\", "/").rsplit("/", 1)[-1] for name in answer}
    if not found:
        return found, "it is empty, but some files of ../incoming/tracks have bytes that the first version had not"
    unknown = sorted(found - set(known))
    return found, f"expected names of files in ../incoming/tracks, found {unknown}" if unknown else None


def find_letters(answer: object) -> tuple[set[str], str | None]:
    """Find the letters that an answer names, and what is wrong with its form, or None."""
    if not isinstance(answer, Collection) or isinstance(answer, (Mapping, bytes)):
        return set(), f"expected {LETTERS}. Found {type(answer).__name__}"
    words = re.findall(r"\w+", answer) if isinstance(answer, str) else [str(word).strip() for word in answer]
    letters = list(words[0]) if isinstance(answer, str) and len(words) == 1 else words
    found = {letter.upper() for letter in letters}
    is_right = bool(found) and found <= set("ABCDEF")
    return found, None if is_right else f"expected {LETTERS}. Found {answer!r}"


def written(answer: object, expected: str) -> tuple[str, str | None]:
    """Return the text of an answer without the space around it, and what is wrong with it, or None."""
    if not isinstance(answer, str):
        return "", f"expected a string (str), found {type(answer).__name__}"
    return answer.strip(), None if answer.strip() else f"it is empty: expected {expected}"
