"""A run that is killed loses nothing, and nothing half-graded counts as graded."""

import shutil
import signal

import pytest

from mlops_course.grading import submission
from tests.grading.conftest import STUDENTS, SmallClass
from tests.grading.killed import in_child, points


def by_student(tree, student):
    return {path: content for path, content in tree.items() if path.split("/")[1] == student}


def grades_of(content, student):
    return [row for part in ("grades", "comments", "notebooks") for row in content[part] if row[0] == student]


def check_nothing_half(a_class, content, tree):
    """Whatever counts as graded is graded to the end."""
    now, here = a_class.content(), a_class.tree()
    for student in STUDENTS:
        if a_class.autograded(student).exists():
            assert by_student(here, student) == by_student(tree, student), f"{student}: files"
            assert grades_of(now, student) == grades_of(content, student), f"{student}: grades"


def executed_by(a_class, log, **options):
    """Grade in a child process; return the students whose submissions were executed."""
    log.unlink(missing_ok=True)
    assert in_child(lambda: a_class.grade(**options))[0] == 0
    return log.read_text().split() if log.exists() else []


def count_done(a_class):
    kept = a_class.folder / ".course-grade" / "week-09" / "executed"
    stored = len([path for path in kept.glob("*") if path.suffix != ".part"]) if kept.exists() else 0
    graded = sum(a_class.autograded(student).exists() for student in STUDENTS)
    return stored, graded


def kill_and_go_on(a_class, log, steps, content, tree):
    """Kill a run after so many steps, look at what is there, go on, and compare with the undisturbed run."""
    code, _ = in_child(a_class.grade, steps=steps)
    assert code == -signal.SIGKILL
    check_nothing_half(a_class, content, tree)
    stored, graded = count_done(a_class)
    executed = executed_by(a_class, log)
    assert len(set(executed)) == len(executed)
    # A result can be stored for one whose folder is in its place already: killed between the last two steps.
    assert len(STUDENTS) - stored - graded <= len(executed) <= len(STUDENTS) - max(stored, graded)
    assert a_class.content() == content
    assert a_class.tree() == tree


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "executions"
    monkeypatch.setenv("EXECUTION_LOG", str(path))
    return path


@pytest.fixture(scope="session")
def steps_of_a_run(tmp_path_factory, class_template):
    folder = tmp_path_factory.mktemp("steps") / "course"
    shutil.copytree(class_template.folder, folder, symlinks=True)
    code, steps = in_child(SmallClass(folder).grade)
    assert code == 0
    assert steps > 500
    return steps


@pytest.mark.parametrize("part", range(5))
def test_killed_at_random_points(small_class, log, graded_content, steps_of_a_run, part):
    kill_and_go_on(small_class, log, points(1, 5, steps_of_a_run * 0.97)[part], *graded_content)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(30))
def test_killed_at_thirty_random_points(small_class, log, graded_content, steps_of_a_run, part):
    kill_and_go_on(small_class, log, points(2, 30, steps_of_a_run * 0.97)[part], *graded_content)


def test_killed_again_and_again(small_class, log, graded_content, steps_of_a_run):
    for _ in range(4):
        in_child(small_class.grade, steps=steps_of_a_run // 3)
        check_nothing_half(small_class, *graded_content)
    executed_by(small_class, log)
    assert (small_class.content(), small_class.tree()) == graded_content


def spoil(a_class):
    """Make every grade another one than a new run will find."""
    with a_class.gradebook() as gradebook:
        for one in gradebook.find_assignment("week-09").submissions:
            for book in one.notebooks:
                for grade in book.grades:
                    grade.auto_score = 0.25
        gradebook.db.commit()


@pytest.mark.parametrize(("share", "force_again"), [(0.3, True), (0.6, False), (0.8, True)])
def test_forced_run_goes_on(small_class, log, graded_content, steps_of_a_run, share, force_again):
    small_class.grade()
    spoil(small_class)
    log.unlink()
    code, _ = in_child(lambda: small_class.grade(force=True), steps=int(steps_of_a_run * share))
    assert code == -signal.SIGKILL
    before = log.read_text().split()
    executed = executed_by(small_class, log, force=force_again)
    assert (small_class.content(), small_class.tree()) == graded_content
    # At most those that were being executed when it was killed are executed again.
    assert len(set(before) & set(executed)) <= 4
    assert set(before) | set(executed) == set(STUDENTS)
    assert executed_by(small_class, log) == []
    assert sorted(executed_by(small_class, log, force=True)) == sorted(STUDENTS), "a new run does everything"


def test_forced_run_begins_anew_when_the_tests_changed(small_class, log, steps_of_a_run):
    small_class.grade()
    in_child(lambda: small_class.grade(force=True), steps=int(steps_of_a_run * 0.8))
    (small_class.folder / "source" / "week-09" / "data.csv").write_text("a,b\n3,4\n")
    assert sorted(executed_by(small_class, log, force=True)) == sorted(STUDENTS)


def test_forced_run_grades_again_what_changed_meanwhile(small_class, log, steps_of_a_run):
    small_class.grade()
    in_child(lambda: small_class.grade(force=True), steps=int(steps_of_a_run * 0.8))
    (small_class.submitted("all_right") / "more.txt").write_text("handed in later")
    assert "all_right" in executed_by(small_class, log, force=True)
    assert (small_class.autograded("all_right") / "more.txt").exists()


def test_failed_part_of_a_forced_run_is_tried_again(small_class, log, monkeypatch):
    small_class.grade()
    spoil(small_class)
    with monkeypatch.context() as patch:
        patch.setattr(submission, "put_in_place", fail_for("half", submission.put_in_place))
        outcome = small_class.grade(force=True)
    assert [one.status for one in outcome.outcomes if one.student == "half"] == ["failed"]
    assert [one.student for one in small_class.grade().outcomes if one.status == "graded"] == ["half"]
    assert {one.status for one in small_class.grade().outcomes} == {"kept"}


def fail_for(student, function):
    def wrapper(new, final):
        if student in final.parts:
            raise PermissionError(13, "Permission denied", str(final))
        return function(new, final)

    return wrapper


def test_unfinished_work_would_be_noticed(small_class, graded_content):
    """The checks above see a folder that is not complete, and grades that are not those of the folder."""
    small_class.grade()
    spoil(small_class)
    with pytest.raises(AssertionError, match="grades"):
        check_nothing_half(small_class, *graded_content)
    (small_class.autograded("all_right") / "two.ipynb").unlink()
    with pytest.raises(AssertionError, match="all_right: files"):
        check_nothing_half(small_class, *graded_content)


def test_wrong_order_would_be_noticed(small_class, graded_content, monkeypatch):
    """The checks above see a folder that came to its place before the gradebook was written."""
    original = submission.write_to_disk

    def early(place):
        original(place)
        shutil.copytree(place, small_class.autograded("all_right"))
        raise RuntimeError("as if killed here")

    monkeypatch.setattr(submission, "write_to_disk", early)
    small_class.grade(students=("all_right",))
    with pytest.raises(AssertionError, match="grades"):
        check_nothing_half(small_class, *graded_content)
