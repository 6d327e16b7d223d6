"""Every state that a student's folder can be in is told from the others."""

import json
import os
import shutil
import time

import nbformat
import pytest

from mlops_course.check.check import check
from mlops_course.check.model import Status
from tests.check.states import ALL, FIRST, FOURTH, RELEASE, ROOT, SECOND, THIRD, Work, error, repository

THERE, WRONG, STALE, NOT_RUN = Status.THERE, Status.WRONG, Status.STALE, Status.NOT_RUN
UNTOUCHED, UNFINISHED, MISSING, UNREADABLE = (
    Status.NOT_ATTEMPTED,
    Status.UNFINISHED,
    Status.MISSING,
    Status.UNREADABLE,
)


def test_untouched(work, rows):
    found = rows(work)
    assert {one.status for one in found.values()} == {UNTOUCHED}
    assert all(one.next_step for one in found.values())


def test_untouched_but_run_is_still_not_attempted(work, rows):
    work.run(FIRST, failing={"dataset_tracked": "no folder .git", "csv_not_in_git": "no folder .git"}, student="")
    assert rows(work)["dvc"].status is not WRONG
    first = [test for test in rows(work)["dvc"].tests if test.task == "track_v1"]
    assert {test.status for test in first} == {UNTOUCHED}


def test_done(work, rows):
    work.finish()
    found = rows(work)
    assert {name: one.status for name, one in found.items()} == dict.fromkeys(found, THERE)
    assert check(work.folder, ROOT).complete
    assert check(work.folder, ROOT).student == "ana"


def test_done_where_the_assignment_was_released(tmp_path, work, rows):
    work.finish()
    root = tmp_path / "course"
    (root / "release").mkdir(parents=True)
    shutil.move(work.folder, root / "release" / "week-09")
    work.folder = root / "release" / "week-09"
    assert {one.status for one in rows(work, root).values()} == {THERE}
    # Nothing tells here how it was released, but the list of the tests.
    work.change(FIRST, lambda cells, notebook: notebook.cells.remove(cells["dataset_tracked"]))
    assert rows(work, root)["dvc"].status is MISSING


def test_half_done(work, rows):
    work.sign()
    work.answer(FIRST, {"track_v1", "untrack"})
    work.run(FIRST, failing={"remote_serves_both_versions": "no remote", "second_version_rows": "no tag v2008"})
    found = rows(work)["dvc"]
    assert found.status is UNFINISHED
    states = {test.name: test.status for test in found.tests}
    assert states["dataset_tracked"] is THERE
    assert states["remote_serves_both_versions"] is UNTOUCHED
    assert "Task" in found.next_step


def test_wrong(work, rows):
    work.finish()
    work.run(FIRST, failing={"dataset_tracked": "\x1b[31mthere is no tag v2007\x1b[0m; tags found: []. (lesson 01)"})
    found = rows(work)["dvc"]
    assert found.status is WRONG
    assert "Task 1" in found.next_step
    (failed,) = [test for test in found.tests if test.status is WRONG]
    assert failed.message == "there is no tag v2007; tags found: []. (lesson 01)"
    assert rows(work)["repeat"].status is THERE


def test_not_run(work, rows):
    work.finish()
    work.change(
        SECOND,
        lambda cells, _: [
            cell.update(execution_count=None, outputs=[]) for cell in cells.values() if cell.cell_type == "code"
        ],
    )
    found = rows(work)["mlflow"]
    assert found.status is NOT_RUN
    assert "after it was last saved" not in found.next_step


def test_run_but_not_saved(work, rows):
    work.finish()
    work.change(
        FIRST,
        lambda cells, _: [
            cell.update(execution_count=None, outputs=[]) for cell in cells.values() if cell.cell_type == "code"
        ],
    )
    later = time.time() + 600
    os.utime(work.folder / "work" / "track_v1", (later, later))
    found = rows(work)["dvc"]
    assert found.status is NOT_RUN
    assert "after it was last saved" in found.next_step


def test_comments_are_no_answer(work, rows):
    work.finish()
    work.change(FIRST, lambda cells, _: cells["push"].update(source="# I do not know how to push"))
    work.run(FIRST, failing={"remote_serves_both_versions": "no remote"})
    for root in (ROOT, None):
        assert rows(work, root)["dvc"].status is UNFINISHED
    work.change(FIRST, lambda cells, _: cells["push"].update(source="# now I do\n!dvc push"))
    assert rows(work)["dvc"].status is WRONG


def test_one_test_not_run(work, rows):
    work.finish()
    work.change(THIRD, lambda cells, _: cells["same_seed_compared"].update(execution_count=None))
    assert rows(work)["repeat"].status is NOT_RUN


def test_answer_run_after_its_test(work, rows):
    work.finish()
    work.change(SECOND, lambda cells, _: cells["best_run"].update(execution_count=99))
    found = rows(work)["mlflow"]
    assert found.status is STALE
    assert {test.name for test in found.tests if test.status is STALE} == {
        "best_run_by_validation_loss",
        "best_run_ignores_traps",
    }


def test_answer_never_run(work, rows):
    work.finish()
    work.change(SECOND, lambda cells, _: cells["log_run"].update(execution_count=None))
    assert rows(work)["mlflow"].status is STALE


def test_times_of_cells_count_more_than_their_numbers(work, rows):
    work.finish()

    def edit(cells, _):
        for name, when in (("best_run", "2030-01-01T10:00:05"), ("best_run_by_validation_loss", "2030-01-01T10:00:00")):
            cells[name].metadata["execution"] = {"iopub.execute_input": f"{when}.000000Z"}

    work.change(SECOND, edit)
    assert rows(work)["mlflow"].status is STALE


def test_run_for_another_id(work, rows):
    work.finish()
    work.run(THIRD, student="ben")
    found = rows(work)
    assert found["repeat"].status is STALE
    assert "'ben'" in found["repeat"].tests[0].message
    assert found["dvc"].status is THERE


def test_written_file_is_older_than_its_cell(work, rows):
    work.finish()
    work.change(THIRD, lambda cells, _: cells["repair"].update(source=cells["repair"].source + "\nimport csv"))
    assert rows(work)["repeat"].status is STALE


@pytest.mark.parametrize("gone", [True, False])
def test_tests_passed_but_the_file_is_another_now(work, rows, gone):
    work.finish()
    path = work.folder / "requirements.txt"
    path.unlink() if gone else path.write_text("numpy\n")
    found = rows(work)["freeze"]
    assert found.status is STALE
    assert ("no requirements.txt" in found.found) if gone else ("name==version" in found.found)


def test_data_differs_from_its_pointer(work, rows):
    work.finish()
    (work.folder / "work" / "track_v1" / "penguins" / "data" / "penguins.csv").write_text("other")
    assert rows(work)["dvc"].status is STALE


def test_scratch_folder_deleted_costs_nothing(work, rows):
    work.finish()
    shutil.rmtree(work.folder / "work")
    assert {one.status for one in rows(work).values()} == {THERE}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b'{"cells": [', "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[]", "no JSON"),
        (b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "no cells"),
        (b'{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "not a valid"),
    ],
)
def test_broken_notebook(work, rows, content, said):
    work.finish()
    work.path(FIRST).write_bytes(content)
    found = rows(work)
    assert found["dvc"].status is UNREADABLE
    assert said in found["dvc"].found
    assert "Checkpoint" in found["dvc"].next_step
    assert found["id"].status is THERE


def test_missing_notebook(work, rows):
    work.finish()
    work.path(FOURTH).unlink()
    found = rows(work)["questions"]
    assert found.status is MISSING
    assert "fresh copy" in found.next_step


@pytest.mark.parametrize("name", ["01_dvc_basics-Copy1", "my homework"])
def test_renamed_notebook(work, rows, name):
    work.finish()
    work.path(FIRST).rename(work.path(name))
    found = rows(work)["dvc"]
    assert found.status is MISSING
    assert found.next_step.startswith(f"Rename {name}.ipynb to {FIRST}.ipynb")
    assert "is not part" not in " ".join(check(work.folder, ROOT).warnings)  # said already


def test_notebook_of_one_s_own(work):
    work.finish()
    shutil.copyfile(work.path(FIRST), work.path("notes"))
    report = check(work.folder, ROOT)
    assert report.complete
    assert "notes.ipynb is not part" in " ".join(report.warnings)


def test_another_notebook_under_this_name(work, rows):
    work.finish()
    lesson = nbformat.read(ROOT / "notebooks" / "lesson_01_dvc_basics.ipynb", as_version=4)
    nbformat.write(lesson, work.path(FIRST))
    found = rows(work)["dvc"]
    assert found.status is MISSING
    assert "none of the tasks" in found.found


def test_folder_instead_of_a_notebook(work, rows):
    work.path(FIRST).unlink()
    work.path(FIRST).mkdir()
    assert rows(work)["dvc"].status is MISSING


def test_deleted_answer(work, rows):
    work.finish()
    work.change(FOURTH, lambda cells, notebook: notebook.cells.remove(cells["why_version_data"]))
    assert rows(work)["questions"].status is MISSING


@pytest.mark.parametrize("text", ["YOUR ANSWER HERE", "", "  \n"])
def test_question_without_an_answer(work, rows, text):
    work.finish()
    work.change(FOURTH, lambda cells, _: cells["tracking_for_a_team"].update(source=text))
    found = rows(work)["questions"]
    assert found.status is UNFINISHED
    assert "2 of 3 answers" in found.found
    assert "Question 3" in found.next_step


def test_editor_that_drops_metadata(work, rows):
    work.finish()
    work.change(FIRST, lambda cells, _: [cell.metadata.clear() for cell in cells.values()])
    assert rows(work)["dvc"].status is THERE
    work.change(FIRST, lambda cells, _: cells["push"].update(source="# YOUR CODE HERE"))
    work.run(FIRST, failing={"remote_serves_both_versions": "no remote"})
    assert rows(work)["dvc"].status is UNFINISHED
    # The same where nothing tells how it was released
    assert rows(work, None)["dvc"].status is UNFINISHED


def test_editor_that_drops_metadata_and_ids(work, rows):
    """Colab drops the cells' own ids, too. Grading finds the cells again, so this does."""
    work.finish()
    notebook = work.read(FIRST)
    for cell in notebook.cells:
        cell.metadata.clear()
        cell.pop("id")
    notebook.nbformat_minor = 0
    nbformat.write(notebook, work.path(FIRST))
    assert rows(work)["dvc"].status is THERE
    assert "another notebook" not in str(rows(work, None)["dvc"])


@pytest.mark.parametrize("root", [ROOT, None])
def test_a_task_whose_answer_is_gone_is_called_by_its_own_name(work, rows, root):
    work.finish()
    work.change(FIRST, lambda cells, notebook: notebook.cells.remove(cells["track_v1"]))
    found = rows(work, root)["dvc"]
    assert found.status is MISSING
    assert "cells of Task 1 are gone" in found.next_step


@pytest.fixture
def worked_in_release(tmp_path, work):
    """Make a course in whose released folder a student has worked: nothing shows how that was released."""
    root = tmp_path / "course"
    (root / "release").mkdir(parents=True)
    (root / "nbgrader_config.py").touch()
    work.finish()
    shutil.copytree(work.folder, root / "release" / "week-09")
    return root


def test_done_in_the_released_folder_and_copied(worked_in_release, work, rows):
    found = rows(work, worked_in_release)
    assert {name: one.status for name, one in found.items()} == dict.fromkeys(found, THERE)


def test_untouched_beside_a_released_folder_that_was_worked_in(worked_in_release, tmp_path, rows):
    fresh = Work(tmp_path / "fresh")
    assert {one.status for one in rows(fresh, worked_in_release).values()} == {UNTOUCHED}
    fresh.run(FIRST, failing={"dataset_tracked": "no folder .git", "csv_not_in_git": "no folder .git"}, student="")
    assert {test.status for test in rows(fresh, worked_in_release)["dvc"].tests if test.task == "track_v1"} == {
        UNTOUCHED
    }


def test_byte_order_mark(work, rows):
    work.finish()
    work.path(FIRST).write_bytes(b"\xef\xbb\xbf" + work.path(FIRST).read_bytes())
    assert rows(work)["dvc"].status is THERE


def test_other_capitals_in_a_name(work):
    """Grading takes it for the released one."""
    work.finish()
    name = FIRST.replace("dvc", "DVC")
    work.path(FIRST).rename(work.path(name))
    for root in (ROOT, None):
        report = check(work.folder, root)
        assert report.complete
        assert f"Rename {name}.ipynb to {FIRST}.ipynb" in " ".join(report.warnings)
        assert "is not part" not in " ".join(report.warnings)


def test_split_cell_is_named(work):
    work.finish()

    def split(cells, notebook):
        again = nbformat.from_dict(cells["push"] | {"id": "again"})
        notebook.cells.insert(notebook.cells.index(cells["push"]) + 1, again)

    work.change(FIRST, split)
    said = " ".join(check(work.folder, ROOT).warnings)
    assert "push is there twice" in said
    assert "Merge" in said


def test_changed_test_says_nothing(work, rows):
    work.finish()
    work.change(FIRST, lambda cells, _: cells["version_restored"].update(source="assert True"))
    for root in (ROOT, None):
        found = rows(work, root)["dvc"]
        assert found.status is NOT_RUN
        assert "was changed" in " ".join(test.message for test in found.tests)


def test_hidden_tests_are_never_repeated(work, rows):
    """Even a notebook that holds them, with their messages in its outputs, does not make the command say them."""
    work.finish()
    hidden = nbformat.read(ROOT / "source" / "week-09" / f"{THIRD}.ipynb", as_version=4)
    (cell,) = [cell for cell in hidden.cells if cell.id == "spread_deviation"]
    assert "BEGIN HIDDEN TESTS" in cell.source

    def edit(cells, _):
        cells["spread_deviation"].update(source=cell.source, outputs=[error("it is the standard error of the mean")])
        cells["spread_deviation"].metadata.nbgrader.pop("checksum")

    work.change(THIRD, edit)
    for root in (ROOT, None):
        report = check(work.folder, root)
        assert "standard error" not in str(report)
        assert rows(work, root)["repeat"].status is NOT_RUN


def test_ids(work, rows):
    work.finish()
    work.sign("ben", [SECOND])
    work.run(SECOND, student="ben")
    found = rows(work)["id"]
    assert found.status is WRONG
    assert "'ana', 'ben'" in found.found
    assert check(work.folder, ROOT).student == ""
    work.sign("", [SECOND])
    work.run(SECOND, student="")
    assert rows(work)["id"].status is UNFINISHED
    work.change(SECOND, lambda cells, _: cells["student"].update(source="import os\nSTUDENT_ID = os.name"))
    assert rows(work)["id"].status is WRONG
    assert check(work.folder, ROOT, "ana").student == "ana"


def test_student_who_is_somebody_else(work):
    work.finish()
    assert check(work.folder, ROOT, "ana").complete
    report = check(work.folder, ROOT, "chloe")
    assert not report.complete
    assert "'chloe'" in report.deliverables[0].found


def test_order_of_the_cells_is_named_but_costs_nothing(work):
    work.finish()
    work.change(FOURTH, lambda cells, _: cells["try_lost_version"].update(execution_count=999))
    report = check(work.folder, ROOT)
    assert report.complete
    assert FOURTH in " ".join(report.warnings)


def test_assignment_without_a_list_of_its_own(tmp_path, work):
    """A new week needs no change here: each notebook is a deliverable."""
    work.finish()
    folder = work.folder.rename(tmp_path / "week-10")
    report = check(folder, None)
    assert report.complete
    assert [one.name for one in report.deliverables[1:]] == [f"{name}.ipynb" for name in ALL]
    work.folder = folder
    work.run(FIRST, failing={"version_restored": "no remote"})
    assert [one.status for one in check(folder, None).deliverables[1:]] == [WRONG, THERE, THERE, THERE]


def test_nothing_is_changed(work, rows):
    work.finish()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in work.folder.rglob("*") if path.is_file()}
    rows(work)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in work.folder.rglob("*") if path.is_file()}
    assert before == after


def test_released_notebooks_have_the_tests_of_the_list():
    from mlops_course.check.deliverables import WEEK_09
    from mlops_course.check.notebook import read, tasks_of

    released = {path.stem: tasks_of(read(path).cells) for path in RELEASE.glob("*.ipynb")}
    listed = {}
    for one in WEEK_09:
        listed.setdefault(one.notebook, {}).update(one.tasks)
    assert {name: dict(sorted(tasks.items())) for name, tasks in listed.items()} == {
        name: dict(sorted(tasks.items())) for name, tasks in released.items()
    }


def test_repository_is_looked_at_in_all_its_faults(tmp_path):
    from mlops_course.check.evidence import dataset

    def status(name, **options):
        place = tmp_path / name
        repository(place / "work" / "track_v1" / "penguins", **options)
        return dataset(place)

    assert dataset(tmp_path).status is None
    assert status("fine").status is THERE
    assert "does not keep" in status("forgotten", tracked=()).text
    assert "itself" in status("both", tracked=("data/penguins.csv.dvc", "data/penguins.csv")).text
    assert "not what its pointer" in status("other", content=b"other").text
    place = tmp_path / "fine"
    (place / "work" / "track_v1" / "penguins" / "data" / "penguins.csv.dvc").write_text("outs: [")
    assert "cannot be read" in dataset(place).text
    (place / "work" / "track_v1" / "penguins" / "data" / "penguins.csv.dvc").unlink()
    assert dataset(place).status is MISSING


def test_json_is_plain(work):
    from mlops_course.check.report import to_json

    content = json.loads(to_json(check(work.folder, ROOT)))
    assert content["complete"] is False
    assert {one["status"] for one in content["deliverables"]} == {"not attempted"}
