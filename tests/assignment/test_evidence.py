"""The evidence of the short questions: one answer to each, in every variant, and traps that are really there."""

import hashlib
import json
import math
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

VARIANTS = range(1, 7)
QUESTIONS = ["training_commit", "best_on_version", "differing_key", "lost_version", "changing_md5"]
POINTER = "data/penguins.csv.dvc"


def variant_of(student_id):
    """The rule by which the notebook chooses."""
    return int(hashlib.sha256(student_id.encode(errors="replace")).hexdigest(), 16) % 6 + 1


@dataclass
class Evidence:
    """One variant, unpacked and read."""

    folder: Path
    case: dict = field(init=False)
    tags: dict = field(init=False)  # tag: commit
    pointers: dict = field(init=False)  # commit: md5, oldest commit first
    runs: dict = field(init=False)  # run id: name, status, tags, params, metrics

    def __post_init__(self):
        self.case = json.loads((self.folder / "case.json").read_text(encoding="utf-8"))
        self.tags = dict(
            line.split() for line in self.git("tag", "--format=%(refname:short) %(objectname)").splitlines()
        )
        commits = self.git("rev-list", "--reverse", "HEAD").split()
        lines = self.git("grep", "md5: ", *commits, "--", POINTER).splitlines()  # commit:path:- md5: …
        self.pointers = {line.split(":")[0]: line.split()[-1] for line in lines}
        with closing(sqlite3.connect(self.folder / "mlflow.db")) as store:
            rows = store.execute("SELECT run_uuid, name, status FROM runs").fetchall()
            self.runs = {run: {"name": name, "status": status} for run, name, status in rows}
            for table, column in (
                ("tags", "value"),
                ("params", "value"),
                ("latest_metrics", "CASE is_nan WHEN 1 THEN NULL ELSE value END"),
            ):
                for run in self.runs.values():
                    run[table] = {}
                for run, key, value in store.execute(f"SELECT run_uuid, key, {column} FROM {table}"):
                    self.runs[run][table][key] = value

    def git(self, *arguments):
        command = ["git", "-C", str(self.folder / "repository"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def first_with(self, md5):
        return next(commit for commit, named in self.pointers.items() if named == md5)

    @property
    def asked(self):
        """The run of question 4."""
        (run,) = (run for run in self.runs.values() if run["name"] == self.case["run"])
        return run

    @property
    def on_version(self):
        """The finished runs of question 5 with a loss, lowest first."""
        md5 = self.pointers[self.tags[self.case["tag"]]]
        runs = [(run["latest_metrics"].get("loss"), number) for number, run in self.runs.items()
                if run["tags"]["dvc_md5"] == md5 and run["status"] == "FINISHED"]  # fmt: skip
        return sorted((loss, number) for loss, number in runs if loss is not None)

    @property
    def differing(self):
        """The keys of question 6."""
        first, second = ({**self.runs[run]["tags"], **self.runs[run]["params"]} for run in self.case["pair"])
        keys = {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}
        return {key for key in keys if not key.startswith("mlflow.")}

    @property
    def lost(self):
        """The tags of question 7."""
        files = self.folder / "storage" / "files" / "md5"
        md5 = {tag: self.pointers[commit] for tag, commit in self.tags.items()}
        return [tag for tag in md5 if not (files / md5[tag][:2] / md5[tag][2:]).exists()]

    @property
    def altering(self):
        """The letters of question 8."""
        text = (self.folder / "changes" / "before" / "penguins.csv.dvc").read_text(encoding="utf-8")
        md5 = re.search("md5: ([0-9a-f]{32})", text).group(1)
        files = {path.parent.name: path for path in (self.folder / "changes").glob("[A-F]/*")}
        return "".join(
            letter for letter, path in sorted(files.items()) if hashlib.md5(path.read_bytes()).hexdigest() != md5
        )


@pytest.fixture(scope="module")
def week(root):
    return root / "source" / "week-09"


@pytest.fixture(scope="module")
def variants(week, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    for number in VARIANTS:
        shutil.unpack_archive(week / "start" / f"evidence_{number}.zip", folder / str(number))
    return {number: Evidence(folder / str(number)) for number in VARIANTS}


@pytest.fixture(scope="module")
def cells(week):
    notebook = nbformat.read(week / "04_conceptual_questions.ipynb", as_version=4)
    return {cell.id: cell.source for cell in notebook.cells}


@pytest.fixture
def home(week, tmp_path, monkeypatch):
    """A folder as the header leaves it, from which `checks` is imported."""
    for name in ("start", "checks"):
        shutil.copytree(week / name, tmp_path / name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "checks"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("WEEK_09", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def student_for(variant):
    return next(f"student-{n}" for n in range(1000) if variant_of(f"student-{n}") == variant)


def test_every_id_gets_a_variant(home):
    from checks import forensics

    ids = ["", "ana", "Žofie Nováková", "名前", "a" * 5000, "\ud800", *(f"student-{number}" for number in range(500))]
    drawn = [variant_of(student_id) for student_id in ids]
    assert set(drawn) == set(VARIANTS)
    assert min(map(drawn.count, VARIANTS)) > 50
    assert [forensics.variant(f" {student_id}\n") for student_id in ids] == drawn


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_commit(variants, variant):
    evidence = variants[variant]
    md5 = evidence.asked["tags"]["dvc_md5"]
    commit = evidence.first_with(md5)
    assert list(evidence.pointers.values()).count(md5) > 1, "no later commit carries the pointer on"
    (named,) = (tag for tag in evidence.tags if tag in evidence.case["run"])
    assert evidence.pointers[evidence.tags[named]] != md5, "the name is right"
    assert evidence.pointers[evidence.asked["tags"]["git_revision"]] != md5, "git_revision is right"
    claim = evidence.git("log", "--format=%H", "--fixed-strings", f"--grep={evidence.case['run']}")
    assert evidence.pointers[claim] != md5, "the commit message is right"
    assert len({commit[:7] for commit in evidence.git("rev-list", "HEAD").split()}) == len(evidence.pointers) + 1
    changes = evidence.git("log", "--reverse", "--format=%H", "--", POINTER).split()
    assert commit in changes
    assert len(changes) == len(set(evidence.pointers.values())), "a version came back: its first commit is ambiguous"


@pytest.mark.parametrize("variant", VARIANTS)
def test_best_on_version(variants, variant):
    evidence = variants[variant]
    tag = evidence.case["tag"]
    md5 = evidence.pointers[evidence.tags[tag]]
    (lowest, best), (second, _), *_ = evidence.on_version
    assert second - lowest > 0.001
    others = [run for number, run in evidence.runs.items() if number != best]

    def lower(runs):
        return [run for run in runs if (run["latest_metrics"].get("loss") or math.inf) < lowest]

    assert lower(run for run in others if run["tags"]["dvc_md5"] == md5 and run["status"] == "FAILED")
    assert lower(run for run in others if run["tags"]["dvc_md5"] == md5 and run["status"] == "RUNNING")
    assert lower(run for run in others if run["tags"]["dvc_md5"] != md5 and tag in run["name"])
    assert lower(
        run for run in others if run["tags"]["dvc_md5"] != md5 and run["tags"]["git_revision"] == evidence.tags[tag]
    )
    assert any(run["tags"]["dvc_md5"] == md5 and run["latest_metrics"].get("loss", 0) is None for run in others), (
        "no NaN"
    )
    assert any(run["tags"]["dvc_md5"] == md5 and "loss" not in run["latest_metrics"] for run in others)
    on_data = [run for run in evidence.runs.values() if run["tags"]["dvc_md5"] == md5 and run["status"] == "FINISHED"]
    assert max(on_data, key=lambda run: run["latest_metrics"]["accuracy"])["name"] != evidence.runs[best]["name"]
    assert tag not in evidence.runs[best]["name"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_differing_key(variants, variant):
    evidence = variants[variant]
    assert len(evidence.differing) == 1
    first, second = (evidence.runs[run] for run in evidence.case["pair"])
    assert first["params"] == second["params"]
    assert first["latest_metrics"]["loss"] != second["latest_metrics"]["loss"]
    assert first["status"] == second["status"] == "FINISHED"


@pytest.mark.parametrize("variant", VARIANTS)
def test_lost_version(variants, variant, tmp_path):
    """DVC itself restores every tag but one, with the settings that the start cell writes."""
    import dvc.api

    evidence = variants[variant]
    assert len(evidence.lost) == 1
    shutil.copytree(evidence.folder, tmp_path / "a folder")
    repository = tmp_path / "a folder" / "repository"
    address = (tmp_path / "a folder" / "storage").as_posix()
    (repository / ".dvc" / "config.local").write_text(f'[\'remote "storage"\']\n    url = "{address}"\n')
    for tag in evidence.tags:
        if tag in evidence.lost:
            with pytest.raises(Exception, match=re.escape("data/penguins.csv")):
                dvc.api.read("data/penguins.csv", repo=str(repository), rev=tag)
        else:
            content = dvc.api.read("data/penguins.csv", repo=str(repository), rev=tag, mode="rb")
            assert hashlib.md5(content).hexdigest() == evidence.pointers[evidence.tags[tag]]
    claims = evidence.git("log", "--format=%D %s", "--fixed-strings", "--grep=dvc push")
    assert claims, "no commit message points to the wrong tag"
    assert evidence.lost[0] not in claims


@pytest.mark.parametrize("variant", VARIANTS)
def test_changing_md5(variants, variant):
    evidence = variants[variant]
    assert sorted(evidence.case["changes"]) == list("ABCDEF")
    assert 2 <= len(evidence.altering) <= 4


def test_answers_differ_between_variants(variants):
    all_of = list(variants.values())
    assert len({evidence.first_with(evidence.asked["tags"]["dvc_md5"]) for evidence in all_of}) == 6
    assert len({evidence.on_version[0][1] for evidence in all_of}) == 6
    assert len({key for evidence in all_of for key in evidence.differing}) >= 4
    assert len({tag for evidence in all_of for tag in evidence.lost}) >= 4
    assert len({evidence.altering for evidence in all_of}) == 6


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_path_and_no_name(week, variants, variant):
    archive = week / "start" / f"evidence_{variant}.zip"
    assert archive.stat().st_size < 150_000
    path_like = re.compile(rb"(?<![\w.])(?:/tmp|/home|/root|/work|/Users|/var)/|[A-Z]:\\")
    for path in variants[variant].folder.rglob("*"):
        assert path.is_dir() or not path_like.search(path.read_bytes()), path
    assert (
        variants[variant].git("log", "--format=%an %ae %cn %ce").splitlines()[0]
        == "Ana ana@example.org Ana ana@example.org"
    )
    with closing(sqlite3.connect(variants[variant].folder / "mlflow.db")) as store:
        places = [
            row[0]
            for row in store.execute("SELECT artifact_location FROM experiments UNION SELECT artifact_uri FROM runs")
        ]
    assert all(place.startswith("mlflow-artifacts:/") for place in places)


@pytest.mark.parametrize("variant", VARIANTS)
def test_solution_in_every_variant(cells, home, variants, variant, capsys):
    """The start cell, the solutions and the tests agree with what is computed here."""
    names = {"STUDENT_ID": f" {student_for(variant)} "}
    for question in QUESTIONS:
        for _ in range(2):  # a start cell can run again
            exec(cells[f"start_{question}"], names)
        assert names["evidence"].name == f"{question}_{variant}"
        assert Path.cwd() == names["repository"]
        exec(cells[question], names)
        exec(cells[f"{question}_found"], names)
    printed = capsys.readouterr().out
    assert all(text in printed for text in [*names["case"]["pair"], names["case"]["run"], names["case"]["tag"]])
    evidence = variants[variant]
    assert names["answer_training_commit"] == evidence.first_with(evidence.asked["tags"]["dvc_md5"])
    assert names["answer_best_on_version"] == evidence.on_version[0][1]
    assert {names["answer_differing_key"]} == evidence.differing
    assert [names["answer_lost_version"]] == evidence.lost
    assert names["answer_changing_md5"] == evidence.altering


def is_right(cells, question, answer, variant):
    names = {"STUDENT_ID": student_for(variant), f"answer_{question}": answer}
    try:
        exec(cells[f"{question}_found"], names)
    except AssertionError as error:
        message = str(error)
    else:
        return True
    assert message.startswith(f"answer_{question}")
    return False


@pytest.mark.parametrize("variant", [1, *(pytest.param(number, marks=pytest.mark.slow) for number in range(2, 7))])
def test_exactly_one_answer_is_right(cells, home, variants, variant):
    """Every commit, tag, run and key of the evidence is tried."""
    evidence = variants[variant]
    right = evidence.first_with(evidence.asked["tags"]["dvc_md5"])
    names = [*evidence.git("rev-list", "HEAD").split(), *evidence.tags, "main", "HEAD"]
    accepted = [name for name in names if is_right(cells, "training_commit", name, variant)]
    assert accepted == [right, *(tag for tag, commit in evidence.tags.items() if commit == right)]
    accepted = [run for run in evidence.runs if is_right(cells, "best_on_version", run, variant)]
    assert accepted == [evidence.on_version[0][1]]
    first = evidence.runs[evidence.case["pair"][0]]
    keys = [*first["tags"], *first["params"], *first["latest_metrics"]]
    assert {key for key in keys if is_right(cells, "differing_key", key, variant)} == evidence.differing
    assert [tag for tag in evidence.tags if is_right(cells, "lost_version", tag, variant)] == evidence.lost
    sets = ["".join(letter for bit, letter in enumerate("ABCDEF") if number >> bit & 1) for number in range(64)]
    assert [letters for letters in sets if is_right(cells, "changing_md5", letters, variant)] == [evidence.altering]


@pytest.mark.parametrize("form", ["{0}", " {0}\n", "{1}", "{2}"])
def test_forms_of_a_hash(cells, home, variants, form):
    right = variants[1].first_with(variants[1].asked["tags"]["dvc_md5"])
    assert is_right(cells, "training_commit", form.format(right, right[:7], right.upper()), 1)
    assert not is_right(cells, "training_commit", right[:6], 1)
    assert not is_right(cells, "training_commit", f"{right[:7]} Correct a body mass", 1)
    assert not is_right(cells, "training_commit", [right], 1)


def test_forms_of_letters(cells, home, variants):
    right = variants[1].altering
    forms = [right, right.lower(), ", ".join(right), " ".join(reversed(right)), list(right), set(right), tuple(right)]
    forms += [f"{{{', '.join(map(repr, right))}}}", dict.fromkeys(right).keys()]
    assert all(is_right(cells, "changing_md5", form, 1) for form in forms)
    wrong = ["", [], None, 3, dict.fromkeys(right, True), f"{right} and G", " and ".join(right), "ABCDEF", b"AB"]
    assert not any(is_right(cells, "changing_md5", form, 1) for form in wrong)


def test_changed_evidence_hurts_nobody(cells, home, variants):
    """A student may break the unpacked evidence; the start cell never raises, and the tests use a copy of their own."""
    names = {"STUDENT_ID": student_for(2)}
    exec(cells["start_lost_version"], names)
    shutil.rmtree(names["repository"] / ".git")
    names["evidence"].joinpath("mlflow.db").write_bytes(b"")
    assert is_right(cells, "lost_version", variants[2].lost[0], 2)
    exec(cells["start_lost_version"], names)
    assert names["evidence"].joinpath("mlflow.db").stat().st_size > 0
    (home / "start" / "evidence_2.zip").unlink()
    exec(cells["start_lost_version"], names)


@pytest.mark.slow
def test_another_seed_works(root, week, tmp_path):
    """Rotating the variants needs no other change: another seed passes the same checks."""
    command = [sys.executable, str(root / "source" / "prepare_evidence.py"), "--seed", "7", "--target", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    evidence = {}
    for number in VARIANTS:
        shutil.unpack_archive(tmp_path / f"evidence_{number}.zip", tmp_path / str(number))
        evidence[number] = Evidence(tmp_path / str(number))
        test_training_commit(evidence, number)
        test_best_on_version(evidence, number)
        test_differing_key(evidence, number)
        assert len(evidence[number].lost) == 1
        test_changing_md5(evidence, number)
    test_answers_differ_between_variants(evidence)
