"""What goes wrong with one submission is reported, and the others are graded."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from sqlalchemy.exc import OperationalError

from mlops_course.errors import CourseError
from mlops_course.execution.bubblewrap import find_bubblewrap
from mlops_course.execution.engine import SandboxError
from mlops_course.execution.job import decode_result, encode
from mlops_course.grading import command, course_directory, files, gradebook, submission
from tests.assignment.course_copy import ROOT
from tests.grading import stubs
from tests.grading.conftest import STUDENTS, SmallClass, hand_in
from tests.grading.test_resume import check_nothing_half


def outcomes(outcome):
    return {one.student: one for one in outcome.outcomes}


def check_only(outcome, student, *words):
    """One submission failed, with these words; all others are graded."""
    found = outcomes(outcome)
    assert {name for name, one in found.items() if one.status == "failed"} == {student}
    assert outcome.exit_code == 1
    for word in words:
        assert word in found[student].trouble
    assert {one.status for name, one in found.items() if name != student} == {"graded"}
    return found[student]


def test_nothing_wrong(small_class):
    """Without trouble the checks of this module find none."""
    outcome = small_class.grade()
    assert outcome.exit_code == 0
    with pytest.raises(AssertionError):
        check_only(outcome, "half")


def test_a_byte_order_mark_costs_nothing(small_class):
    """Nor where the course says nothing about it: nbgrader itself cannot read such a notebook."""
    with (small_class.folder / "nbgrader_config.py").open("a") as config:
        config.write("\ndel c.Autograde.exporter_class\ndel c.Autograde.pre_convert_hook\n")
    before = outcomes(small_class.grade())["half"]
    path = small_class.folder / "submitted" / "half" / "week-09" / "one.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    after = outcomes(small_class.grade(force=True))["half"]
    assert (after.status, after.cells) == ("graded", before.cells)


# ---------------------------------------------------------------- Workers


def test_worker_that_vanishes_once(small_class):
    outcome = small_class.grade(engine=stubs.Vanishing("half", 1))
    assert outcome.exit_code == 0
    assert any(kind == "message" and student == "half" for kind, student, _ in small_class.events)


def test_worker_that_vanishes_twice(small_class):
    outcome = small_class.grade(engine=stubs.Vanishing("half", 2))
    check_only(outcome, "half", "worker ended twice", "run the same command again")
    assert not small_class.autograded("half").exists()
    assert outcomes(small_class.grade())["half"].status == "graded"


def test_broken_executor_is_replaced(small_class):
    made = []

    class Breaks(stubs.Stub):
        """Like a pool of processes: after one has died it takes nothing more."""

        broken = False

        def submit(self, function, job):
            if self.broken:
                raise BrokenExecutor("a process ended")
            return super().submit(function, job)

    def work(job):
        if job.student == "half" and len(made) == 1:
            made[0].broken = True
            raise BrokenExecutor("a process ended")
        return stubs.in_this_process(job)

    def engine(jobs):
        made.append(Breaks(jobs, work))
        return made[-1]

    assert small_class.grade(engine=engine).exit_code == 0
    assert len(made) == 2


def test_no_sandbox_is_said_once(small_class):
    def refuse(job):
        raise SandboxError("there is no bubblewrap; install it")

    with pytest.raises(CourseError, match="there is no bubblewrap"):
        small_class.grade(engine=lambda jobs: stubs.Stub(jobs, refuse))
    assert small_class.grade().exit_code == 0


def test_few_submissions_at_a_time(small_class):
    """The first are only executed when enough are waiting; more must not come."""
    counts, most, lock, enough = [], [], threading.Lock(), threading.Event()

    class Counting(stubs.Stub):
        def submit(self, function, job):
            with lock:
                counts.append(job)
                most.append(len(counts))
            if len(counts) > 2:
                enough.set()
            future = super().submit(function, job)
            future.add_done_callback(lambda _: counts.remove(job))
            return future

    def slow(job):
        time.sleep(0.4)
        return stubs.in_this_process(job)

    small_class.grade(jobs=1, engine=lambda jobs: Counting(jobs, slow))
    assert max(most) <= 2
    most.clear()

    def patient(job):
        enough.wait(30)
        return stubs.in_this_process(job)

    small_class.grade(jobs=6, force=True, engine=lambda jobs: Counting(jobs, patient))
    assert max(most) > 2, "with more workers, more are waiting"


# ---------------------------------------------------------------- Answers that cannot be believed


def other_cells(job, result):
    notebooks = dict(job.notebooks)
    notebook = nbformat.reads(notebooks["one"], as_version=4)
    del notebook.cells[3]
    return encode(replace(decode_result(result), notebooks=notebooks | {"one": nbformat.writes(notebook)}))


def change_notebook(result, change):
    found = decode_result(result)
    notebook = nbformat.reads(found.notebooks["one"], as_version=4)
    change(notebook)
    return encode(replace(found, notebooks=found.notebooks | {"one": nbformat.writes(notebook)}))


def broken_output(result):
    found = decode_result(result)
    text = found.notebooks["one"].replace('"outputs": []', '"outputs": [{"output_type": "execute_result", "data": 7}]')
    return encode(replace(found, notebooks=found.notebooks | {"one": text}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda job, result: b"not JSON", "cannot be read"),
        (lambda job, result: b"[]", "not the result of an execution"),
        (other_cells, "not what was sent"),
        (lambda job, result: encode(replace(decode_result(result), notebooks={})), "not what was sent"),
        (lambda job, result: broken_output(result), "not what was sent"),
    ],
    ids=["not_json", "not_a_result", "other_cells", "no_notebooks", "broken_output"],
)
def test_answer_that_does_not_fit(small_class, change, words):
    def only_half(job, result):
        return change(job, result) if job.student == "half" else result

    check_only(small_class.grade(engine=stubs.changed(only_half)), "half", words)


def test_sources_and_points_are_those_of_the_grader(small_class, graded_content):
    """An answer that gives itself more points and other tests changes nothing."""

    def cheat(notebook):
        for cell in notebook.cells:
            cell.source = "pass"
            if "nbgrader" in cell.metadata and "points" in cell.metadata.nbgrader:
                cell.metadata.nbgrader["points"] = 1000

    small_class.grade(engine=stubs.changed(lambda job, result: change_notebook(result, cheat)))
    assert (small_class.content(), small_class.tree()) == graded_content


def test_tests_that_did_not_run_give_no_points(small_class):
    """nbgrader gives full marks to a cell without outputs."""

    def not_run(notebook):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None

    outcome = small_class.grade(engine=stubs.changed(lambda job, result: change_notebook(result, not_run)))
    assert outcome.exit_code == 1
    found = outcomes(outcome)["all_right"]
    assert {cell.cell for cell in found.pending} == {"doubles", "triples"}, "a person decides"
    with small_class.gradebook() as book:
        grades = [book.find_grade(name, "one", "week-09", "all_right") for name in ("doubles", "triples")]
        assert [grade.score for grade in grades] == [0, 0]
    assert [f.cell for f in found.findings if f.kind == "problem"] == ["doubles", "triples"]


def test_tag_that_skips_a_test(small_class):
    """The tag would keep nbclient from executing the cell."""
    path = small_class.submitted("untouched") / "one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution"]
    nbformat.write(notebook, path)
    found = outcomes(small_class.grade(engine=stubs.kernels, students=("untouched",)))["untouched"]
    assert {cell.cell for cell in found.pending} == {"doubles", "triples"}, "a person decides"
    with small_class.gradebook() as book:
        grades = [book.find_grade(name, "one", "week-09", "untouched") for name in ("doubles", "triples")]
        assert [grade.score for grade in grades] == [0, 0]


# ---------------------------------------------------------------- The gradebook


@pytest.fixture
def impatient(monkeypatch):
    """Do not wait long for a lock."""
    monkeypatch.setattr(gradebook, "PAUSES", (0.05, 0.05))
    monkeypatch.setattr(
        course_directory, "open_engine", lambda url: gradebook.create_engine(url, connect_args={"timeout": 0.05})
    )


def test_locked_gradebook_is_waited_for(small_class, impatient):
    other = sqlite3.connect(small_class.folder / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    small_class.events = Listener(lambda kind, student: kind == "message" and other.rollback())
    outcome = small_class.grade()
    other.close()
    assert outcome.exit_code == 0
    assert "locked by another program" in next(detail for kind, _, detail in small_class.events if kind == "message")


def test_gradebook_locked_too_long(small_class, impatient, graded_content):
    other = sqlite3.connect(small_class.folder / "gradebook.db", isolation_level=None)

    def lock(kind, student):
        if (kind, student) == ("executed", "half"):
            other.execute("BEGIN EXCLUSIVE")
        elif (kind, student) == ("failed", "half"):
            other.rollback()

    small_class.events = Listener(lock)
    check_only(small_class.grade(), "half", "locked by another program", "run the same command again")
    other.close()
    assert not small_class.autograded("half").exists()
    again = small_class.grade(engine=lambda jobs: stubs.Stub(jobs, lambda job: pytest.fail("executed again")))
    assert again.exit_code == 0
    assert (small_class.content(), small_class.tree()) == graded_content


def test_locked_while_a_submission_is_sanitised_before_its_turn(small_class, monkeypatch):
    """Nothing is lost, and the ones after it are not tried meanwhile: each would wait for the lock."""
    prepare, tried = command.prepare, []
    locked = OperationalError("INSERT", None, sqlite3.OperationalError("database is locked"))

    def prepare_unless_locked(course, student, folder):
        tried.append(student)
        if student == "late" and tried.count(student) == 1:
            raise locked
        return prepare(course, student, folder)

    monkeypatch.setattr(command, "prepare", prepare_unless_locked)
    monkeypatch.setenv("EXECUTION_SECONDS", "1")
    assert small_class.grade(jobs=1).exit_code == 0
    assert [student for student in tried if student in ("late", "untouched")] == ["late", "late", "untouched"]


def test_locked_for_the_first_submission(small_class, impatient):
    """nbgrader turns what the database says into an error of its own while it adds students."""
    other = sqlite3.connect(small_class.folder / "gradebook.db", isolation_level=None)

    def lock(kind, student):
        if kind == "total":
            other.execute("BEGIN IMMEDIATE")
        elif kind == "failed":
            other.rollback()

    small_class.events = Listener(lock)
    check_only(small_class.grade(), "all_right", "locked by another program")
    other.close()


def test_locked_from_the_beginning(small_class, impatient):
    other = sqlite3.connect(small_class.folder / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CourseError, match="locked by another program"):
        small_class.grade()
    other.close()


class Listener(list):
    """Takes events and does something when they come."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    def append(self, event):
        super().append(event)
        self.act(*event[:2])


# ---------------------------------------------------------------- The disk


def test_full_disk(small_class, monkeypatch, graded_content):
    original = submission.write_to_disk
    left = ["half"]

    def full(place):
        if left and (place / "notes").exists():  # only half has handed in notes
            raise OSError(28, "No space left on device", str(place))
        original(place)

    monkeypatch.setattr(submission, "write_to_disk", full)
    check_only(small_class.grade(), "half", "the disk is full", "free some space")
    left.clear()
    assert outcomes(small_class.grade())["half"].status == "graded"
    assert (small_class.content(), small_class.tree()) == graded_content


def test_result_that_finds_no_place(small_class, monkeypatch):
    from mlops_course.grading.journal import Executed

    def full(self, name, result):
        if b'"one"' in result and not full.failed:
            full.failed = True
            raise OSError(28, "No space left on device", name)

    full.failed = False
    monkeypatch.setattr(Executed, "keep", full)
    outcome = small_class.grade(jobs=1)
    assert [one.status for one in outcome.outcomes].count("failed") == 1


def test_folder_that_cannot_be_written(small_class, monkeypatch):
    original = submission.put_in_place

    def refuse(new, final):
        if "half" in final.parts:
            raise PermissionError(13, "Permission denied", str(final))
        original(new, final)

    monkeypatch.setattr(submission, "put_in_place", refuse)
    check_only(small_class.grade(), "half", "Permission denied", "mend that")


# ---------------------------------------------------------------- Submissions


def test_links_are_not_followed(small_class):
    folder = small_class.submitted("half")
    (folder / "link.txt").symlink_to(small_class.folder / "nbgrader_config.py")
    (folder / "links").symlink_to(small_class.folder / "source")
    (folder / "two.ipynb").unlink()
    (folder / "two.ipynb").symlink_to(small_class.submitted("all_right") / "two.ipynb")
    seen = []
    outcome = small_class.grade(engine=stubs.changed(lambda job, result: seen.append(job) or result))
    found = outcomes(outcome)["half"]
    assert found.status == "graded"
    messages = " ".join(finding.message for finding in found.findings)
    assert "'link.txt' is a link" in messages
    assert "'links' is a link" in messages
    assert "'two.ipynb' is a link" in messages
    [job] = [job for job in seen if job.student == "half"]
    assert not {name for name in job.files if "link" in name}
    assert list(job.notebooks) == ["one"]
    assert not list(small_class.autograded("half").rglob("*link*"))


@pytest.mark.skipif(os.name == "nt", reason="pipes have names on POSIX only")
@pytest.mark.parametrize("name", ["pipe", "timestamp.txt", "one.ipynb"])
def test_pipe_does_not_block(small_class, name):
    path = small_class.submitted("all_right") / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    found = outcomes(small_class.grade())["all_right"]
    if name == "timestamp.txt":
        assert "timestamp.txt does not hold" in found.trouble
    else:
        assert any("not an ordinary file" in finding.message for finding in found.findings)


@pytest.mark.parametrize("name", [b"new\nline.txt", b"\xff\xfe.txt", b"esc\x1b[2J.txt"])
def test_names_that_cannot_be_shown(small_class, name):
    (small_class.submitted("all_right") / os.fsdecode(name)).write_text("x")
    found = outcomes(small_class.grade())["all_right"]
    assert found.status == "graded"
    assert any("not every computer can read" in finding.message for finding in found.findings)
    assert all(finding.message.isprintable() for finding in found.findings)


def test_too_large(small_class, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 1_000_000)
    (small_class.submitted("half") / "film.bin").write_bytes(b"0" * 1_000_000)
    check_only(small_class.grade(), "half", "1 MB", "remove what is not needed")


def test_too_many_cells(small_class):
    path = small_class.submitted("half") / "one.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"] += [{"cell_type": "raw", "metadata": {}, "source": "", "id": f"c{n}"} for n in range(5000)]
    path.write_text(json.dumps(notebook))
    check_only(small_class.grade(), "half", "one.ipynb has 50", "cells")


def test_too_large_a_notebook(small_class, monkeypatch):
    monkeypatch.setattr(submission, "MOST_NOTEBOOK_BYTES", 100_000)
    path = small_class.submitted("half") / "one.ipynb"
    path.write_text(path.read_text() + " " * 100_000)
    check_only(small_class.grade(), "half", "one.ipynb has 0 MB")


def test_deeply_nested(small_class):
    path = small_class.submitted("half") / "one.ipynb"
    nested = "[" * 50_000 + "]" * 50_000
    path.write_text(path.read_text().replace('"metadata": {', f'"metadata": {{"x": {nested},', 1).replace(",}", "}"))
    found = outcomes(small_class.grade())
    assert "one.ipynb is nested too deeply" in found["half"].trouble
    assert {one.status for name, one in found.items() if name != "half"} == {"graded"}


@pytest.mark.parametrize("moment", ["yesterday", "\x00", "9999999999999999-01-01"])
def test_timestamp_that_is_none(small_class, moment):
    (small_class.submitted("half") / "timestamp.txt").write_text(moment)
    check_only(small_class.grade(), "half", "timestamp.txt does not hold a date and time")


def test_empty_timestamp_is_none(small_class):
    (small_class.submitted("half") / "timestamp.txt").write_text("\n")
    assert small_class.grade().exit_code == 0


def test_no_notebook(small_class):
    for path in small_class.submitted("half").glob("*.ipynb"):
        path.unlink()
    check_only(small_class.grade(), "half", "there is no notebook")


def test_unreadable_notebook_is_left_out(small_class):
    (small_class.submitted("half") / "two.ipynb").write_text("<html>not found</html>")
    found = outcomes(small_class.grade())["half"]
    assert found.status == "graded"
    assert [finding.message for finding in found.findings if finding.kind == "problem"] == [
        "two.ipynb cannot be graded: it is not a notebook (its text is not JSON); ask for it again, downloaded from "
        "JupyterLab"
    ]


def test_only_unreadable_notebooks(small_class):
    for path in small_class.submitted("half").glob("*.ipynb"):
        path.write_text("{}")
    failed = check_only(small_class.grade(), "half", "one.ipynb cannot be graded", "and 1 more")
    assert "generate_assignment" not in failed.trouble


def test_notebook_that_makes_nbgrader_raise(small_class):
    """Without the course's own repairs, a copy of a grade cell is more than nbgrader can take."""
    with (small_class.folder / "nbgrader_config.py").open("a") as handle:
        handle.write("\nc.Autograde.sanitize_preprocessors = [ClearOutput, OverwriteCells, CheckCellMetadata]\n")
    path = small_class.submitted("half") / "one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(notebook.cells[-1])
    nbformat.write(notebook, path)
    check_only(small_class.grade(), "half", "metadata")


def test_folder_where_the_assignment_has_a_file(small_class):
    path = small_class.submitted("half") / "data.csv"
    path.unlink()
    path.mkdir()
    (path / "inside.txt").write_text("x")
    check_only(small_class.grade(), "half", "data.csv")


@pytest.mark.parametrize(
    ("name", "before", "after"), [("one.ipynb", "3 * number", "4 * number"), ("data.csv", "changed", "rewritten")]
)
def test_changed_while_it_is_graded(small_class, name, before, after):
    def act(kind, student):
        if (kind, student) == ("executed", "half"):
            path = small_class.submitted("half") / name
            if before in path.read_text():
                path.write_text(path.read_text().replace(before, after))

    small_class.events = Listener(act)
    check_only(small_class.grade(), "half", "changed while it was graded")
    assert outcomes(small_class.grade())["half"].status == "graded"


def test_changed_before_a_worker_takes_it(small_class, monkeypatch):
    """It was sanitised already, beside the two that are with the only worker."""
    prepare, seen = command.prepare, []

    def prepare_and_change(course, student, folder):
        prepared = prepare(course, student, folder)
        if student == "late" and student not in seen:
            (folder / "plan.txt").write_text("a plan")
        seen.append(student)
        return prepared

    monkeypatch.setattr(command, "prepare", prepare_and_change)
    found = outcomes(small_class.grade(jobs=1))
    assert seen.index("late") == 2
    assert seen.count("late") == 2
    assert {one.status for one in found.values()} == {"graded"}
    assert (small_class.autograded("late") / "plan.txt").read_text() == "a plan"


def test_edited_tests_are_noted_and_honest_ones_are_not(small_class):
    path = small_class.submitted("half") / "one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "doubles").source = ""
    nbformat.write(notebook, path)
    found = outcomes(small_class.grade())
    assert [(one.kind, one.cell) for one in found["half"].findings if "was changed" in one.message] == [
        ("note", "doubles")
    ]
    assert found["all_right"].findings == ()


def test_all_fail_the_same_way(small_class):
    def broken(job):
        raise RuntimeError("the network is gone")

    outcome = small_class.grade(engine=lambda jobs: stubs.Stub(jobs, broken))
    assert {one.status for one in outcome.outcomes} == {"failed"}
    assert len(outcome.outcomes) == len(STUDENTS)
    assert small_class.grade().exit_code == 0


def test_many_handed_in_names(small_class, class_template):
    """Names that a pattern or a path could take for something else."""
    class_template_folder = class_template.folder
    class_template.folder = small_class.folder
    try:
        for name in ("a[b]c", "x y", "Zoë", "-dash", "100"):
            hand_in(class_template, name)
    finally:
        class_template.folder = class_template_folder
    outcome = small_class.grade()
    assert outcome.exit_code == 0
    assert {"a[b]c", "x y", "Zoë", "-dash", "100"} <= {one.student for one in outcome.outcomes}
    for name in ("a[b]c", "x y", "Zoë", "-dash", "100"):
        assert (small_class.autograded(name) / "one.ipynb").exists()


@pytest.mark.slow
@pytest.mark.needs("sandbox")
@pytest.mark.parametrize("free", [40_000, 120_000, 200_000])
def test_disk_that_is_really_full(small_class, tmp_path, graded_content, free):
    """On a disk of its own, with little left: no traceback, nothing half; with space again the same command ends it."""
    size = 2_000_000 + sum(path.stat().st_size for path in small_class.folder.rglob("*"))
    command = (
        f"{sys.executable} -m mlops_course.cli grade week-09 --course-dir /mnt/course --jobs 1 --no-sandbox"
        " --engine tests.grading.stubs:quick"
    )
    script = f"""
        cp -a {small_class.folder} /mnt/course
        head -c $(( $(df --output=avail -B1 /mnt | tail -1) - {free} )) /dev/zero > /mnt/ballast
        {command} > {tmp_path}/first 2>&1; echo $? > {tmp_path}/code
        cp -a /mnt/course {tmp_path}/full
        rm /mnt/ballast
        {command} > {tmp_path}/second 2>&1 || exit 1
        cp -a /mnt/course {tmp_path}/done
    """
    arguments = [find_bubblewrap(), "--dev-bind", "/", "/", "--size", str(size), "--tmpfs", "/mnt", "sh", "-c", script]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=120)
    first = (tmp_path / "first").read_text()
    assert done.returncode == 0, done.stderr + first + (tmp_path / "second").read_text()
    assert "Traceback" not in first
    assert (tmp_path / "code").read_text().strip() in ("1", "2")
    assert "disk is full" in first or "No space left" in first
    assert "nbgrader cannot grade" not in first
    check_nothing_half(SmallClass(tmp_path / "full"), *graded_content)
    after = SmallClass(tmp_path / "done")
    assert (after.content(), after.tree()) == graded_content


def test_graded_folder_on_another_disk(small_class, graded_content):
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(small_class.folder).st_dev:
        pytest.skip("there is no second disk")
    with TemporaryDirectory(dir="/dev/shm") as elsewhere:
        (small_class.folder / "autograded").symlink_to(elsewhere)
        for force in (False, True):
            assert small_class.grade(force=force).exit_code == 0
            assert small_class.content() == graded_content[0]
            found = {str(path.relative_to(elsewhere)) for path in Path(elsewhere).rglob("*")}
            assert {f"autograded/{name}" for name in found} == set(graded_content[1])


def test_hooks_are_called(small_class):
    (small_class.folder / "own_hooks.py").write_text(
        "from pathlib import Path\n"
        "def note(word):\n"
        "    def hook(assignment, student, notebooks):\n"
        "        there = Path('autograded', student, assignment, 'one.ipynb').exists()\n"
        "        with open('hooks.txt', 'a') as file:\n"
        "            file.write(f'{word} {student} {len(notebooks)} {there}\\n')\n"
        "    return hook\n"
        "before, after = note('before'), note('after')\n"
    )
    with (small_class.folder / "nbgrader_config.py").open("a") as config:
        config.write(
            "\nc.Autograde.pre_convert_hook = 'own_hooks.before'\nc.Autograde.post_convert_hook = 'own_hooks.after'\n"
        )
    small_class.grade(students=("half",))
    assert (small_class.folder / "hooks.txt").read_text() == "before half 2 False\nafter half 2 True\n"
