"""The data is what its card says, and a fresh clone gets it without a network."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml


@pytest.fixture(scope="module")
def card(root):
    return (root / "data" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def content(root):
    return (root / "data" / "penguins.csv").read_bytes()


def season(content, year):
    """The bytes of the version that ends with a season."""
    head, *lines = content.splitlines(keepends=True)
    return head + b"".join(line for line in lines if int(line.rsplit(b",", 1)[1]) <= year)


def table(card, first_column):
    """Read one of the card's tables."""
    lines = card.split(f"| {first_column} |", 1)[1].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def card_problems(card, content):
    """Compare a card with the bytes it describes."""
    problems = []
    data = pd.read_csv(pd.io.common.BytesIO(content))
    rows = table(card, "column")
    if [row[0] for row in rows] != list(data.columns):
        problems.append("the columns are others")
    for name, _, unit, extent, missing in rows:
        if name in data and data[name].isna().sum() != int(missing):
            problems.append(f"{name}: {missing} missing values on the card")
        if unit in {"mm", "g", "year"}:
            low, high = map(float, extent.split(" to "))
            if (low, high) != (data[name].min(), data[name].max()):
                problems.append(f"{name}: another range")
    for year, count, adelie, chinstrap, gentoo, size, md5 in table(card, "version"):
        version = season(content, int(year))
        read = pd.read_csv(pd.io.common.BytesIO(version))
        species = [int((read["species"] == name).sum()) for name in ("Adelie", "Chinstrap", "Gentoo")]
        here = [len(read), *species, len(version), hashlib.md5(version).hexdigest()]
        if here != [int(count), int(adelie), int(chinstrap), int(gentoo), int(size), md5]:
            problems.append(f"version {year}: {here}")
    return problems


def test_the_card_tells_the_truth(card, content):
    assert card_problems(card, content) == []
    assert "333 rows are complete" in card
    assert len(pd.read_csv(pd.io.common.BytesIO(content)).dropna()) == 333


@pytest.mark.parametrize(
    ("wrong", "right", "complaint"),
    [
        ("32.1 to 59.6", "32.1 to 59.7", "another range"),
        ("| 11 |", "| 12 |", "missing values"),
        ("| 110 |", "| 111 |", "version 2007"),
        ("`island`", "`isle`", "columns"),
    ],
)
def test_a_card_that_errs_is_noticed(card, content, wrong, right, complaint):
    assert wrong in card
    assert any(complaint in problem for problem in card_problems(card.replace(wrong, right, 1), content))


def test_the_pointer_names_the_bytes(root, content):
    pointer = yaml.safe_load((root / "data" / "penguins.csv.dvc").read_text(encoding="utf-8"))["outs"][0]
    assert pointer["md5"] == hashlib.md5(content).hexdigest()
    assert pointer["size"] == len(content)


def broken_objects(remote):
    """Name the objects of a remote whose bytes are not what their name says."""
    files = [path for path in (remote / "files" / "md5").glob("*/*") if path.is_file()]
    assert files
    return [path for path in files if hashlib.md5(path.read_bytes()).hexdigest() != path.parent.name + path.name]


def test_the_remote_holds_every_season_unaltered(root, content, tmp_path):
    remote = root / "data" / "remote"
    assert broken_objects(remote) == []
    for year in (2007, 2008, 2009):
        md5 = hashlib.md5(season(content, year)).hexdigest()
        assert (remote / "files" / "md5" / md5[:2] / md5[2:]).is_file()
    copy = shutil.copytree(remote, tmp_path / "remote")
    victim = next(path for path in (copy / "files" / "md5").glob("*/*") if path.is_file())
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes().replace(b"\n", b"\r\n"))
    assert broken_objects(copy) == [victim]


def test_git_never_converts_the_remote(root):
    """Windows checks text out with other line endings; an object of the remote must not be text."""
    name = next(path for path in (root / "data" / "remote" / "files" / "md5").glob("*/*")).relative_to(root).as_posix()
    answer = subprocess.run(
        ["git", "check-attr", "text", "diff", "--", name], cwd=root, capture_output=True, text=True
    ).stdout
    assert re.findall(r": (\w+): (\w+)$", answer, flags=re.MULTILINE) == [("text", "unset"), ("diff", "unset")]


def test_the_csv_is_not_in_git(root):
    tracked = subprocess.run(["git", "ls-files", "data"], cwd=root, capture_output=True, text=True).stdout.split()
    assert "data/penguins.csv.dvc" in tracked
    assert "data/penguins.csv" not in tracked


def dvc(*arguments, cwd, home):
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "GIT_"))}
    variables |= {"HOME": str(home), "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(home / "cache"),
                  "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}  # fmt: skip
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True)


def test_a_fresh_clone_gets_the_data_from_its_own_remote(root, content, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(root), str(clone)], check=True)
    assert not (clone / "data" / "penguins.csv").exists()
    pulled = dvc("pull", cwd=clone, home=home)
    assert pulled.returncode == 0, pulled.stderr
    assert (clone / "data" / "penguins.csv").read_bytes() == content
    assert "up to date" in dvc("status", cwd=clone, home=home).stdout
    assert subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True).stdout == ""


def test_dvc_status_is_clean(root, tmp_path):
    status = dvc("status", cwd=root, home=tmp_path)
    assert status.returncode == 0
    assert "up to date" in status.stdout
