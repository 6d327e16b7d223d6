"""Make the evidence for the short questions of `04_conceptual_questions.ipynb`, in six variants.

Run it from the course's folder in its environment, once a year or when a question changes::

    python source/prepare_evidence.py --seed 2027

It writes ``source/week-09/start/evidence_1.zip`` to ``evidence_6.zip``. Another seed gives other runs, other hashes
and other answers; nothing else has to change, because the hidden tests compute the answers from these files. The same
seed gives the same answers on every system. Afterwards run ``pytest tests/assignment/test_evidence.py``.

Each zip holds

- ``repository``: a clone of the team's Git repository, tracking ``data/penguins.csv`` with DVC, its cache empty;
- ``storage``: the DVC remote, with every version of the data but one tag's;
- ``mlflow.db``: the team's MLflow store. Its numbers are drawn, no model was trained for them;
- ``changes``: one table, and six files that came out of changes to it;
- ``case.json``: what the start cell prints: which run, which tag, which two runs, which changes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pandas as pd

WEEK = Path(__file__).resolve().parent / "week-09"
VARIANTS = 6
TAGS = ["v2007.1", "v2007.2", "v2008.1", "v2008.2", "v2009.1", "v2009.2"]
RECORD = {  # the tags of every run besides dvc_md5 and git_revision: the usual value, another one
    "scikit_learn": ("1.9.1", "1.8.0"),
    "split_seed": ("7", "8"),
    "missing_values": ("rows dropped", "filled with the mean"),
    "scaler": ("standard", "robust"),
}
KEYS = ["dvc_md5", "git_revision", *RECORD]
WORK = [
    "Train for more epochs", "Notes from the meeting", "Draw the loss curve", "Shorter names in train.py",
    "Explain the columns", "Print fewer lines", "Try a larger batch", "Answer Chloe's questions", "Tidy up",
    "Sort the imports",
]  # fmt: skip
FIRST_COMMIT = 1_767_600_000  # seconds: January 2026
UNCHANGED = {
    "renamed": "The file gets another name, `penguins_copy.csv`, and is added under that name.",
    "touched": "The file is opened in an editor and saved again without a change. Its modification time is new.",
    "committed": "The unchanged file is added and committed once more, with another commit message.",
    "there_and_back": "The line ends are changed to CRLF (Windows), and then back to LF.",
    "protected": "The file is made read-only.",
}
CHANGED = {
    "windows": "The line ends are changed from LF to CRLF (Windows). No value changes.",
    "order": "The rows are sorted by `bill_length_mm`. No value changes.",
    "pandas": "The file is read with `pd.read_csv` and written with `to_csv(index=False)`. Nothing else is done.",
    "digit": "One digit of one body mass is corrected.",
    "empty_line": "An empty line is added at the end. No row changes.",
}


@dataclass(frozen=True)
class Version:
    """One version of the data: the commit that brought it in, its pointer's md5, its tag ("" without one)."""

    commit: str
    md5: str
    tag: str


def md5_of(content: bytes) -> str:
    """Return the md5 that DVC writes into a pointer for these bytes."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def write(path: Path, content: str | bytes) -> None:
    """Write a file with the same bytes on every system, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def pointer(content: bytes) -> str:
    """Return the pointer file that `dvc add` writes for these bytes."""
    return f"outs:\n- md5: {md5_of(content)}\n  size: {len(content)}\n  hash: md5\n  path: penguins.csv\n"


def with_other_mass(row: bytes, rng: random.Random) -> bytes:
    """Return a row of the table with one digit of its body mass changed."""
    values = row.split(b",")
    mass = int(values[5])
    values[5] = str(mass + rng.choice([-300, -200, -100, 100, 200, 300])).encode()
    return b",".join(values)


class Repository:
    """A Git repository below construction, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FIRST_COMMIT
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main", "--template=")

    def git(self, *arguments: str) -> str:
        """Run a git command, untouched by this computer's settings, and return what it prints."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        env |= {"GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org"}
        env |= {"GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org"}
        env |= {"GIT_AUTHOR_DATE": f"{self.clock} +0000", "GIT_COMMITTER_DATE": f"{self.clock} +0000"}
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything, some hours after the last commit, and return the hash."""
        self.clock += 3600 * 29
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


def season_rows() -> tuple[bytes, list[list[bytes]]]:
    """Return the header and the rows of each season."""
    header, seasons = b"", []
    for year in (2007, 2008, 2009):
        header, *rows = (WEEK / "seasons" / f"penguins_{year}.csv").read_bytes().splitlines(keepends=True)
        seasons.append(rows)
    return header, seasons


def make_repository(folder: Path, lost: str, run_name: str, rng: random.Random) -> tuple[list[Version], Version]:
    """Build ``repository`` and ``storage``.

    Parameters
    ----------
    folder
        Where both go.
    lost
        The tag whose data never reaches the storage.
    run_name
        A work commit, after a version that does not matter, claims to hold the data of the run with this name.
    rng
        Draws the history.

    Returns
    -------
    versions, claimed
        All versions of the data, oldest first, and the one after which the claim stands.
    """
    header, seasons = season_rows()
    repository = Repository(folder / "repository")
    write(repository.folder / ".dvc" / "config", CONFIG)
    write(repository.folder / ".dvc" / ".gitignore", "/config.local\n/tmp\n/cache\n")
    write(repository.folder / ".dvcignore", "")
    write(repository.folder / ".gitattributes", "* -text\n")
    write(repository.folder / "data" / ".gitignore", "/penguins.csv\n")
    write(repository.folder / "notes.txt", "Penguins: the team's notes.\n")
    repository.commit("Start DVC, with a remote")

    plan: list[tuple[str, int, str]] = []  # tag, number of rows, message
    before = 0
    corrected_after = set(rng.sample(TAGS, 3))
    unpushed_claim = rng.choice([tag for tag in TAGS if tag != lost])
    for year, rows in zip((2007, 2008, 2009), seasons, strict=True):
        for part, count in ((1, rng.randrange(50, 80)), (2, len(rows))):
            tag = f"v{year}.{part}"
            message = f"Season {year}, {'first part' if part == 1 else 'complete'}"
            plan.append((tag, before + count, message + (" (dvc push: tonight)" if tag == unpushed_claim else "")))
            if tag in corrected_after:
                plan.append(("", before + count, "Correct a body mass"))
        before += len(rows)

    table = [row for rows in seasons for row in rows]
    usable = [number for number, row in enumerate(table) if row.split(b",")[5].isdigit()]
    claim_at = rng.randrange(len(plan))
    work = rng.sample(WORK, len(plan))
    versions: list[Version] = []
    for number, (tag, count, message) in enumerate(plan):
        row = rng.choice([row for row in usable if row < count])
        table[row] = with_other_mass(table[row], rng)
        content = header + b"".join(table[:count])
        write(repository.folder / "data" / "penguins.csv.dvc", pointer(content))
        version = Version(repository.commit(message), md5_of(content), tag)
        versions.append(version)
        if tag:
            repository.git("tag", tag)
        if tag != lost:
            write(folder / "storage" / "files" / "md5" / version.md5[:2] / version.md5[2:], content)
        notes = (repository.folder / "notes.txt").read_text(encoding="utf-8")
        said = f"Data for the run {run_name}" if number == claim_at else work[number]
        write(repository.folder / "notes.txt", f"{notes}{number + 1}. {said}\n")
        repository.commit(said)

    stray = header + b"".join(rng.sample(table, 90))  # bytes that no commit names: the number of files tells nothing
    write(folder / "storage" / "files" / "md5" / md5_of(stray)[:2] / md5_of(stray)[2:], stray)

    # An index without this computer's file times, and nothing else that differs between two executions.
    (repository.folder / ".git" / "index").unlink()
    repository.git("read-tree", "HEAD")
    shutil.rmtree(repository.folder / ".git" / "logs", ignore_errors=True)
    (repository.folder / ".git" / "COMMIT_EDITMSG").unlink()
    return versions, versions[claim_at]


CONFIG = "[core]\n    remote = storage\n['remote \"storage\"']\n    url = ../../storage\n"


def make_store(
    path: Path, versions: list[Version], claimed: Version, lost: str, key: str, run_name: str, rng: random.Random
) -> dict[str, object]:
    """Fill an MLflow store and return what the questions say about it.

    Parameters
    ----------
    path
        A store that is empty and has its tables.
    versions
        The versions of the data.
    claimed
        The version after which a commit message claims to hold the data of the run asked for.
    lost
        The tag whose data is lost: no question about runs uses it.
    key
        The recorded key in which the two runs with equal parameters differ.
    run_name
        The name of the run whose data is asked for; it names a tag.
    rng
        Draws everything else.
    """
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    named = next(version for version in versions if version.tag and version.tag in run_name)
    free = [version for version in versions if version not in (named, claimed) and version.tag != lost]
    rng.shuffle(free)
    trained_on, recorded = free[:2]  # the data of the run asked for; what its git_revision names
    target = next(version for version in free[2:] if version.tag)  # the tag of the second question
    others = [version for version in versions if version != target and version.tag != lost]
    pair_data, pair_other = rng.sample(others, 2)

    usual = {name: values[0] for name, values in RECORD.items()}
    seeds = iter(rng.sample(range(1, 100), 60))

    def loss(low: float, high: float) -> float:
        return round(rng.uniform(low, high), 6)

    def run(name: str, data: Version, value: float | None, status: str = "FINISHED", **more: object) -> dict:
        commit = more.get("revision", data)
        params = more.get("params", {"learning_rate": rng.choice(["0.001", "0.01", "0.1"]), "seed": str(next(seeds))})
        accuracy = more.get("accuracy", round(rng.uniform(0.82, 0.9), 4))
        tags = {**usual, "dvc_md5": data.md5, "git_revision": commit.commit, **more.get("tags", {})}
        return {
            "name": name, "status": status, "tags": tags, "params": {**params, "epochs": "30"},
            "metrics": {"accuracy": accuracy} | ({} if value is None else {"loss": value}),
        }  # fmt: skip

    best = loss(0.23, 0.25)
    neighbour = rng.choice([version for version in others if version.tag])
    runs = [
        # the first question: its name, its git_revision and a commit message each point to another version
        run(run_name, trained_on, loss(0.3, 0.4), revision=recorded),
        # the second question
        run(f"{neighbour.tag}, third try", target, best, revision=neighbour),
        run("best so far", target, round(best + loss(0.012, 0.02), 6)),
        run("more epochs", target, round(best + loss(0.006, 0.011), 6), accuracy=0.9231),
        run("larger rate", target, loss(0.35, 0.6)),
        run("five rows only", target, loss(0.09, 0.12), "FAILED", accuracy=1.0),
        run("interrupted", target, loss(0.15, 0.18), "RUNNING"),
        run("rate 10", target, float("nan")),
        run("accuracy only", target, None, accuracy=0.9286),
        run(f"{target.tag}, final", neighbour, loss(0.18, 0.2)),
        run("code of the release", rng.choice(others), loss(0.2, 0.21), revision=target),
    ]
    # the third question
    second = {"tags": {}, "data": pair_data, "revision": pair_data}
    if key == "dvc_md5":
        second["data"] = pair_other
    elif key == "git_revision":
        second["revision"] = pair_other
    else:
        second["tags"] = {key: RECORD[key][1]}
    same = {"learning_rate": "0.01", "seed": str(next(seeds))}
    first_loss = loss(0.26, 0.28)
    runs.append(run("Ben, Monday", pair_data, first_loss, params=same, accuracy=0.8846))
    more = {"params": same, "accuracy": 0.8654, "revision": second["revision"], "tags": second["tags"]}
    runs.append(run("Chloe, Tuesday", second["data"], round(first_loss + loss(0.02, 0.04), 6), **more))
    # the crowd: some with a lower loss, on other data; their records differ in many ways
    for number in range(9):
        varied = {name: rng.choice(values) for name, values in RECORD.items()}
        runs.append(run(f"search {number + 1}", rng.choice(others), loss(0.17, 0.7), tags=varied))
    rng.shuffle(runs)

    client = MlflowClient(tracking_uri=f"sqlite:///{path.as_posix()}")
    experiment = client.create_experiment("penguins", artifact_location="mlflow-artifacts:/1")
    ids: dict[str, str] = {}
    clock = (FIRST_COMMIT + 3600 * 24 * 60) * 1000
    for entry in runs:
        clock += rng.randrange(3_000_000, 30_000_000)
        made = client.create_run(experiment, start_time=clock, tags=entry["tags"], run_name=entry["name"])
        ids[entry["name"]] = made.info.run_id
        metrics = [Metric(name, value, clock + 9000, 0) for name, value in entry["metrics"].items()]
        client.log_batch(made.info.run_id, metrics, [Param(*item) for item in entry["params"].items()])
        if entry["status"] != "RUNNING":
            client.set_terminated(made.info.run_id, entry["status"], end_time=clock + 12_000)
    return {"run": run_name, "tag": target.tag, "pair": [ids["Ben, Monday"], ids["Chloe, Tuesday"]]}


def tidy_store(path: Path) -> None:
    """Take this computer's paths and the time of day out of a store, and make the file small."""
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("UPDATE experiments SET creation_time = 0, last_update_time = 0")
    store.execute("UPDATE experiments SET artifact_location = 'mlflow-artifacts:/0' WHERE experiment_id = 0")
    store.execute("UPDATE runs SET user_id = 'team'")
    store.execute("PRAGMA journal_mode = DELETE")
    store.execute("VACUUM")
    store.close()


def make_changes(folder: Path, chosen: dict[str, str]) -> dict[str, str]:
    """Write the table before and after each change, and return the letters with their descriptions."""
    header, seasons = season_rows()
    rows = list(seasons[0])
    content = header + b"".join(rows)
    complete = next(number for number, row in enumerate(rows) if row.split(b",")[5].isdigit())
    corrected = list(rows)
    corrected[complete] = with_other_mass(rows[complete], random.Random("digit"))  # noqa: S311
    by_length = sorted(rows, key=lambda row: (row.split(b",")[2].replace(b"NA", b""), row))
    after = dict.fromkeys(UNCHANGED, content) | {
        "windows": content.replace(b"\n", b"\r\n"),
        "order": header + b"".join(by_length),
        "pandas": pd.read_csv(io.BytesIO(content)).to_csv(index=False, lineterminator="\n").encode(),
        "digit": header + b"".join(corrected),
        "empty_line": content + b"\n",
    }
    write(folder / "before" / "penguins.csv", content)
    write(folder / "before" / "penguins.csv.dvc", pointer(content))
    for letter, name in chosen.items():
        file = "penguins_copy.csv" if name == "renamed" else "penguins.csv"
        write(folder / letter / file, after[name])
        if (after[name] != content) != (name in CHANGED):
            raise RuntimeError(f"the change {name!r} does not do what is written here")
    return {letter: (UNCHANGED | CHANGED)[name] for letter, name in chosen.items()}


def draw_changes(rng: random.Random) -> list[dict[str, str]]:
    """Draw six changes for each variant: no two variants have the same answer, each has a change of bytes only."""
    drawn: list[dict[str, str]] = []
    answers: set[str] = set()
    while len(drawn) < VARIANTS:
        altering = rng.choice([2, 3, 4])
        names = rng.sample(sorted(CHANGED), altering) + rng.sample(sorted(UNCHANGED), 6 - altering)
        rng.shuffle(names)
        chosen = dict(zip("ABCDEF", names, strict=True))
        answer = "".join(letter for letter, name in chosen.items() if name in CHANGED)
        if answer not in answers and {"windows", "pandas", "empty_line"} & set(names):
            answers.add(answer)
            drawn.append(chosen)
    return drawn


def pack(folder: Path, target: Path) -> None:
    """Put a folder into a zip, sorted and with one fixed time, so that equal files give an equal zip."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_dir():
                if any(path.iterdir()):
                    continue
                archive.writestr(zipfile.ZipInfo(name + "/"), b"")
            else:
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def make_variants(seed: int, target: Path) -> None:
    """Make all variants for a seed, below `target`."""
    target.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"evidence {seed}")  # noqa: S311 (nothing secret is drawn)
    lost_tags = rng.sample(TAGS, VARIANTS)
    keys = rng.sample(KEYS, VARIANTS)
    changes = draw_changes(rng)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        empty = scratch / "empty.db"
        from mlflow import MlflowClient

        MlflowClient(tracking_uri=f"sqlite:///{empty.as_posix()}").search_experiments()
        tidy_store(empty)
        for variant, lost in enumerate(lost_tags, start=1):
            rng = random.Random(f"evidence {seed} {variant}")  # noqa: S311
            folder = scratch / str(variant)
            folder.mkdir()
            wrong_tag = rng.choice([tag for tag in TAGS if tag != lost])
            run_name = f"{rng.choice(['final model', 'candidate', 'for the paper'])} {wrong_tag}"
            versions, claimed = make_repository(folder, lost, run_name, rng)
            shutil.copy(empty, folder / "mlflow.db")
            with mock.patch("uuid.uuid4", lambda rng=rng: uuid.UUID(int=rng.getrandbits(128), version=4)):
                key = keys[variant - 1]
                case = make_store(folder / "mlflow.db", versions, claimed, lost, key, run_name, rng)
            tidy_store(folder / "mlflow.db")
            case["changes"] = make_changes(folder / "changes", changes[variant - 1])
            write(folder / "case.json", json.dumps(case, indent=2) + "\n")
            pack(folder, target / f"evidence_{variant}.zip")
            print(f"evidence_{variant}.zip: {(target / f'evidence_{variant}.zip').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the six variants of the evidence.")
    parser.add_argument("--seed", type=int, required=True, help="any number; another one makes other variants")
    parser.add_argument("--target", type=Path, default=WEEK / "start", help="where the zips go")
    options = parser.parse_args()
    make_variants(options.seed, options.target)
