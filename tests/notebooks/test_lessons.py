"""Every lesson runs top to bottom, twice in the same place and in a fresh one, without a word on stderr."""

import subprocess
import sys

import nbformat
import pytest

LESSONS = ["lesson_00_start_here", "lesson_01_dvc_basics", "lesson_02_mlflow_tracking", "lesson_03_reproducibility",
           "lesson_04_is_it_better", "lesson_05_pipelines_and_lineage", "experiment"]  # fmt: skip
OPTIONAL = "lesson_05_pipelines_and_lineage"


def complaints(notebook):
    """List what a reader would stumble over: warnings, errors, terminal escape codes."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"{cell.id}: stderr: {output.text[:200]}")
            if output.output_type == "error":
                found.append(f"{cell.id}: {output.ename}: {output.evalue[:200]}")
            if output.output_type == "stream" and "\x1b[" in output.text:
                found.append(f"{cell.id}: terminal escape codes")
    return found


def state(folder):
    """What Git and DVC say of a work tree, and what lies beside it."""
    status = subprocess.run(["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True).stdout
    head = subprocess.run(["git", "log", "--format=%H %D"], cwd=folder, capture_output=True, text=True).stdout
    files = sorted((path.relative_to(folder).as_posix(), path.stat().st_size) for path in (folder / ".dvc").rglob("*")
                   if path.is_file() and "tmp" not in path.parts)  # fmt: skip
    beside = sorted(path.name for near in folder.parents[:2] for path in near.iterdir())
    return status, head, files, beside


# A lesson takes one minute or two. `pytest` executes each that is not optional once, `pytest -m slow` all, and twice.
ONCE = [pytest.param(name, ("first",), id=f"{name}-once") for name in LESSONS if name != OPTIONAL]
TWICE = [pytest.param(name, ("first", "again"), id=f"{name}-twice", marks=pytest.mark.slow) for name in LESSONS]


@pytest.mark.parametrize(("name", "labels"), [*ONCE, *TWICE])
def test_a_lesson_runs_in_a_fresh_place_and_again_in_the_same(course_copy, execute, name, labels):
    before = state(course_copy)
    notebook = course_copy / "notebooks" / f"{name}.ipynb"
    for label in labels:
        executed, _ = execute(notebook, label)
        assert complaints(executed) == []
    assert state(course_copy) == before


def test_dvc_cannot_write_a_path_with_other_letters(tmp_path):
    """When this fails, DVC can: then lesson 00 need not look at the path, nor lesson 01 and the README speak of it."""
    command = [sys.executable, "-m", "dvc"]
    subprocess.run([*command, "init", "--quiet", "--no-scm"], cwd=tmp_path, check=True)
    add = [*command, "remote", "add", "storage", str(tmp_path / "Kurs ä")]
    done = subprocess.run(add, cwd=tmp_path, capture_output=True, text=True)
    assert "'ascii' codec can't encode character" in done.stderr


def test_all_lessons_are_tested(root):
    assert {path.stem for path in (root / "notebooks").glob("*.ipynb")} == set(LESSONS)


@pytest.mark.parametrize(
    "source",
    [
        "import sys; print('careful', file=sys.stderr)",
        "import warnings; warnings.warn('careful', stacklevel=1)",
        "print('\\x1b[31mred\\x1b[0m')",
    ],
)
def test_a_lesson_that_complains_is_noticed(tmp_path, execute, source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "careless.ipynb"
    nbformat.write(notebook, path)
    executed, _ = execute(path, "once")
    assert complaints(executed)


def test_a_lesson_that_touches_the_course_is_noticed(course_copy):
    before = state(course_copy)
    (course_copy / "data" / "new.csv").write_text("x\n", encoding="utf-8")
    assert state(course_copy) != before
    (course_copy / "data" / "new.csv").unlink()
    assert state(course_copy) == before
    (course_copy.parents[1] / "my%20laptop").mkdir()
    assert state(course_copy) != before
    (course_copy.parents[1] / "my%20laptop").rmdir()
    (course_copy / ".dvc" / "config").write_text("[core]\n", encoding="utf-8")
    assert state(course_copy) != before
