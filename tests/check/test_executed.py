"""Real runs: the solution, and a submission that fails nothing but hidden tests."""

import shutil
import subprocess
import sys
from dataclasses import replace

import nbformat
import pytest

from mlops_course.check.check import check
from mlops_course.check.model import Status
from mlops_course.check.report import to_json
from tests.check.states import ALL, FOURTH, ROOT, Work

SOURCE = ROOT / "source" / "week-09"
TASK = "lost_version"
RIGHT = nbformat.read(SOURCE / f"{FOURTH}.ipynb", as_version=4)


def execute(folder, *names):
    """Run notebooks in place, as Run All Cells and Save do."""
    files = [f"{name}.ipynb" for name in names]
    command = [sys.executable, "-m", "jupyter", "execute", "--inplace", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]


def solutions(name):
    """Give the instructor's answers by the task's id."""
    cells = nbformat.read(SOURCE / f"{name}.ipynb", as_version=4).cells
    return {cell.id: cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("solution")}


def one_question(place, answer, *, hidden):
    """Run one question of the fourth notebook with an answer, and with or without the hidden tests."""
    work = Work(place)
    work.sign()
    test = next(cell.source for cell in RIGHT.cells if cell.id == f"{TASK}_found")

    def edit(cells, notebook):
        cells[TASK].source = answer
        if hidden:
            cells[f"{TASK}_found"].source = test
        keep = {"student", "set_up", f"start_{TASK}", TASK, f"{TASK}_found"}  # the others cost time
        notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "markdown" or cell.id in keep]

    work.change(FOURTH, edit)
    execute(work.folder, FOURTH)
    return work


def what_the_student_reads(work):
    return to_json(replace(check(work.folder, ROOT), folder=""))


def test_hidden_tests_make_no_difference(tmp_path):
    """Two submissions that differ in the hidden tests only get the same answer, to the last letter."""
    wrong = f'answer_{TASK} = "v2007.1"'
    graded = one_question(tmp_path / "graded", wrong, hidden=True)
    cell = next(cell for cell in graded.read(FOURTH).cells if cell.id == f"{TASK}_found")
    assert cell.outputs, "this answer must fail the hidden tests, or the comparison proves nothing"
    assert "can be restored" in cell.outputs[-1].evalue
    # Nor does the command repeat what such a notebook says
    assert "can be restored" not in what_the_student_reads(graded)
    answers = [
        one_question(tmp_path / "right", solutions(FOURTH)[TASK], hidden=False),
        one_question(tmp_path / "wrong", wrong, hidden=False),
    ]
    said = [what_the_student_reads(work) for work in answers]
    assert said[0] == said[1]
    states = [
        test.status for work in answers for row in check(work.folder, ROOT).deliverables for test in row.tests
        if test.name == f"{TASK}_found"
    ]  # fmt: skip
    assert states == [Status.THERE, Status.THERE]


@pytest.mark.slow
def test_solution_is_complete_and_every_part_of_it_matters(tmp_path):
    """The instructor's solution, really run: everything is there; then parts are taken away."""
    work = Work(tmp_path)
    work.sign()
    for name in ALL:
        answers = solutions(name)

        def edit(cells, _, answers=answers):
            for task, answer in answers.items():
                cells[task].source = answer

        work.change(name, edit)
    execute(work.folder, *ALL)
    report = check(work.folder, ROOT)
    assert report.complete, to_json(report)
    assert (report.warnings, report.environment, report.frozen) == ((), (), ())
    found = " ".join(one.found for one in report.deliverables)
    for words in ("penguins.csv.dvc", "complete run", "repaired.py", "packages", "3 of 3 answers"):
        assert words in found

    (store,) = (work.folder / "work").glob("store_*")
    shutil.rmtree(store)
    store.mkdir()
    (store / "mlflow.db").write_bytes(b"")
    assert check(work.folder, ROOT).complete, "a store that cannot be read is no proof of anything"
    (work.folder / "requirements.txt").unlink()
    assert [one.status for one in check(work.folder, ROOT).deliverables].count(Status.STALE) == 1
    (work.folder / "work" / "track_v1" / "penguins" / "data" / "penguins.csv.dvc").unlink()
    assert [one.status for one in check(work.folder, ROOT).deliverables].count(Status.STALE) == 2
