"""Notebooks are committed clean: no outputs, a kernelspec, stable ids, no machine's paths, links that exist."""

import copy
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from mlops_course.reproduce.contract import TAG

MACHINE = re.compile(r"(/(home|Users|root|work|tmp)/|[A-Z]:\\\\)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def notebooks(root):
    """All notebooks that are committed, or would be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.ipynb"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return [root / name for name in names if (root / name).exists()]


def problems(notebook, folder):
    """Say what is not clean about a notebook."""
    found = []
    kernel = notebook["metadata"].get("kernelspec", {}).get("name")
    if kernel != "python3":
        found.append(f"kernelspec {kernel}")
    ids = [cell.get("id") for cell in notebook["cells"]]
    if None in ids or len(set(ids)) != len(ids):
        found.append("cell ids are missing or not unique")
    if any(not re.fullmatch(r"[a-z0-9][a-z0-9_-]{1,63}", identifier or "") for identifier in ids):
        found.append("a cell id is not readable")
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell.get("outputs") or cell.get("execution_count"):
            found.append(f"{cell.get('id')}: outputs")
        if MACHINE.search(source):
            found.append(f"{cell.get('id')}: a path of one machine: {MACHINE.search(source).group()}")
        if cell["cell_type"] == "markdown":
            found += [f"{cell.get('id')}: no such file: {link}" for link in broken_links(source, folder)]
    return found


def broken_links(text, folder):
    """List relative links to files that are not there."""
    links = [unquote(link.split("#")[0]) for link in LINK.findall(text)]
    local = [link for link in links if link and not link.startswith(("http:", "https:", "mailto:", "attachment:"))]
    return [link for link in local if not (folder / link).exists()]


def headings(notebook):
    """The levels of a notebook's headings in order."""
    levels = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"```.*?```", "", "".join(cell["source"]), flags=re.DOTALL)
            levels += [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]
    return levels


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_there_are_notebooks(root):
    assert len(notebooks(root)) >= 6


def test_every_notebook_is_clean(root):
    found = {path.relative_to(root).as_posix(): problems(read(path), path.parent) for path in notebooks(root)}
    assert {name: one for name, one in found.items() if one} == {}


def test_every_notebook_is_valid(root):
    for path in notebooks(root):
        nbformat.validate(read(path))


CODE = {"cell_type": "code", "id": "train", "source": ["x = 1"], "outputs": [], "execution_count": None, "metadata": {}}
TEXT = {"cell_type": "markdown", "id": "goals", "source": ["See [this](test_clean.py)."], "metadata": {}}
CLEAN = {
    "cells": [CODE, TEXT],
    "metadata": {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda one: one["cells"][0].update(outputs=[{"output_type": "stream"}]), "outputs"),
        (lambda one: one["cells"][0].update(execution_count=3), "outputs"),
        (lambda one: one["metadata"].clear(), "kernelspec"),
        (lambda one: one["cells"][1].update(id="train"), "unique"),
        (lambda one: one["cells"][1].pop("id"), "missing"),
        (lambda one: one["cells"][1].update(id="A1B2 C3"), "readable"),
        (lambda one: one["cells"][0].update(source=["open('/home/ana/x.csv')"]), "machine"),
        (lambda one: one["cells"][1].update(source=["[gone](gone.md)"]), "no such file"),
    ],
)
def test_a_notebook_that_is_not_clean_is_noticed(change, complaint):
    folder = Path(__file__).parent
    assert problems(CLEAN, folder) == []
    dirty = copy.deepcopy(CLEAN)
    change(dirty)
    assert any(complaint in problem for problem in problems(dirty, folder))


def test_headings_come_in_order(root):
    for path in (root / "notebooks").glob("*.ipynb"):
        levels = headings(read(path))
        assert levels[0] == 1, path.name
        assert levels.count(1) == 1, path.name
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), path.name


def test_lessons_say_how_long_they_take_and_what_for(root):
    for path in sorted((root / "notebooks").glob("lesson_*.ipynb")):
        text = "\n".join("".join(cell["source"]) for cell in read(path)["cells"][:4])
        assert re.search(r"\d+ minutes", text), f"{path.name}: no minutes at the top"
        assert "you can" in text, f"{path.name}: no goals at the top"


OURS = re.compile(r"^\s*(import|from) mlops_course\b", flags=re.MULTILINE)


def test_lessons_import_nothing_of_the_course(root):
    """What a student learns must work on Monday, without this repository."""
    for path in (root / "notebooks").glob("*.ipynb"):
        code = "\n".join("".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "code")
        assert not OURS.search(code), path.name


@pytest.mark.parametrize("line", ["import mlops_course", "    from mlops_course.grading import export"])
def test_an_import_of_the_course_is_noticed(line):
    assert OURS.search(f"x = 1\n{line}\n")
    assert not OURS.search("from lesson_tools import empty_folder")


def test_lessons_that_log_can_be_checked(root):
    for name in (
        "experiment",
        "lesson_02_mlflow_tracking",
        "lesson_03_reproducibility",
        "lesson_04_is_it_better",
        "lesson_05_pipelines_and_lineage",
    ):
        tags = [
            tag
            for cell in read(root / "notebooks" / f"{name}.ipynb")["cells"]
            for tag in cell["metadata"].get("tags", [])
        ]
        assert TAG in tags, name


def test_documents_link_to_what_exists(root):
    names = subprocess.run(["git", "ls-files", "*.md"], cwd=root, capture_output=True, text=True).stdout.splitlines()
    assert "README.md" in names
    found = {name: broken_links((root / name).read_text(encoding="utf-8"), (root / name).parent) for name in names}
    assert {name: links for name, links in found.items() if links} == {}


def ruff(*arguments, root):
    return subprocess.run([sys.executable, "-m", "ruff", *arguments], cwd=root, capture_output=True, text=True)


def test_code_and_notebooks_are_formatted_and_linted(root):
    checked = ruff("check", "--no-cache", ".", root=root)
    assert checked.returncode == 0, checked.stdout
    formatted = ruff("format", "--no-cache", "--check", ".", root=root)
    assert formatted.returncode == 0, formatted.stdout


def test_a_badly_written_notebook_is_noticed(root, tmp_path):
    bad = copy.deepcopy(CLEAN)
    bad["cells"][0]["source"] = ["import os, sys\n", "x=  1"]
    (tmp_path / "bad.ipynb").write_text(json.dumps(bad), encoding="utf-8")
    config = ("--config", str(root / "pyproject.toml"))
    assert ruff("check", "--no-cache", *config, str(tmp_path), root=root).returncode == 1
    assert ruff("format", "--no-cache", "--check", *config, str(tmp_path), root=root).returncode == 1
