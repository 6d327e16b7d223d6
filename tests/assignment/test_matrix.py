"""The answer matrix: every wrong answer loses exactly what it should, every right one keeps everything."""

import shutil

import pytest
from nbgrader.api import Gradebook

from tests.assignment.course_copy import ASSIGNMENT, NOTEBOOKS, CourseCopy
from tests.assignment.matrix import ANSWERS, Answer, mix, read_answer, read_answers, unseen_pairs
from tests.assignment.secret_lines import shown_in_feedback
from tests.corpora import some

AS_STUDENTS = ("solution",)  # validated in kernels that start afresh, and twice in the same folder
WRONG, RIGHT = 5, 2  # at least: four wrong answers and the empty one, two right ones that are not the solution


def test_files_are_read_and_bad_ones_refused(tmp_path):
    folder = tmp_path / "restore"
    folder.mkdir()
    path = folder / "loses_restored_by_hand.py"
    path.write_text("# loses: restored, other\n# why: because\nx = 1\n")
    assert read_answer(path) == Answer("restore", path.stem, "x = 1\n", frozenset({"restored", "other"}))
    for head in (
        "# loses: other\n# why: named after another cell\n",
        "# why: a\n# loses: b\n",
        "# loses: nothing\n# why: c\n",
        "x = 1\ny = 2\n",
    ):
        path.write_text(head + "x = 1\n")
        with pytest.raises(AssertionError):
            read_answer(path)


def test_each_answer_is_used_and_meets_right_neighbours():
    answers = {task: [Answer(task, f"wrong{n}", "", frozenset({task})) for n in range(4)] for task in "abc"}
    answers["c"].append(Answer("c", "right", "", frozenset()))
    submissions = mix(answers, {"a": "1", "b": "2", "c": "3"})
    used = {answer.task + answer.name for submission in submissions for answer in submission}
    assert used == {f"{task}wrong{n}" for task in "abc" for n in range(4)} | {
        "asolution",
        "bsolution",
        "csolution",
        "cright",
    }
    assert all([answer.task for answer in submission] == ["a", "b", "c"] for submission in submissions)
    assert unseen_pairs(submissions) == []
    both = [[Answer("a", "x", "", frozenset("a")), Answer("b", "x", "", frozenset("b"))]]
    assert unseen_pairs(both) == [("a", "b"), ("b", "a")]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_task_has_enough_answers(notebook, tmp_path):
    course = CourseCopy(tmp_path, (notebook,))
    grade_cells = course.grade_cells(notebook)
    code = [cell for cell in course.read("source", notebook).cells if cell.cell_type == "code"]
    tasks = {cell.id for cell in code if cell.metadata.get("nbgrader", {}).get("solution")}
    answers = read_answers(notebook)
    assert set(answers) == tasks
    for task, group in answers.items():
        wrong = [answer for answer in group if answer.loses]
        assert len(wrong) >= WRONG, task
        assert any(answer.name == "loses_all_empty" for answer in wrong), task
        assert len(group) - len(wrong) >= RIGHT, task
        assert len({answer.text for answer in group}) == len(group), f"{task}: two answers are the same"
        for answer in group:
            assert answer.loses <= grade_cells.keys(), answer.name
    lost = set().union(*(answer.loses for group in answers.values() for answer in group))
    tests = {name for name, cell in grade_cells.items() if cell.cell_type == "code"}
    assert lost == tests, "each grade cell is seen failing"
    assert unseen_pairs(mix(answers, dict.fromkeys(tasks, ""))) == []


def test_no_answer_belongs_to_nothing():
    assert {path.name for path in ANSWERS.iterdir() if path.is_dir()} == set(NOTEBOOKS)


def graded(notebook, folder):
    """Grade the matrix of a notebook, its solution and the untouched release."""
    course = CourseCopy(folder / "course", (notebook,))
    course.generate()
    tests = {name: cell for name, cell in course.grade_cells(notebook).items() if cell.cell_type == "code"}
    solutions = {
        task: text for task, text in course.solutions(notebook).items() if (ANSWERS / notebook / task).is_dir()
    }
    mixed = {f"mix{n:02}": chosen for n, chosen in enumerate(mix(read_answers(notebook), solutions))}
    submissions = {student: mixed[student] for student in some(notebook, mixed)}
    submissions["solution"] = [Answer(task, "solution", text, frozenset()) for task, text in solutions.items()]
    course.hand_in("untouched", {notebook: course.fill(notebook, {})})
    for student, chosen in submissions.items():
        texts = {answer.task: answer.text for answer in chosen}
        course.hand_in(student, {notebook: course.fill(notebook, texts, student)})
    report = course.grade("--jobs", "2")
    seen = [
        finding
        for one in report["outcomes"]
        for finding in one["findings"]
        if "which belongs to what grades" in finding["message"]
    ]
    assert seen == [], "honest work is noted"
    return course, tests, submissions


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_matrix(notebook, tmp_path):
    """Exact points for each grade cell, as plain nbgrader gives them; Validate agrees, also a second time in one folder."""
    course, tests, submissions = graded(notebook, tmp_path)
    points = {name: float(cell.metadata.nbgrader.points) for name, cell in tests.items()}
    hidden = {name for name, cell in tests.items() if "BEGIN HIDDEN TESTS" in cell.source}
    assert course.points("solution") == points
    assert course.points("untouched") == dict.fromkeys(points, 0.0)
    assert no_response(course, "untouched") == set(course.solutions(notebook))
    wrong = []
    for student, chosen in submissions.items():
        got = course.points(student)
        complaints = []
        afresh = student in AS_STUDENTS
        for number in range(2 if afresh else 1):
            home = tmp_path / "my laptop" / student  # a path that must be quoted
            if number == 0:
                shutil.copytree(course.folder / "submitted" / student / "week-09", home)
            complaints.append(course.validate(home, notebook, forked=not afresh))
        for name, most in points.items():
            by = [answer for answer in chosen if name in answer.loses]
            names = ", ".join(f"{answer.task}/{answer.name}" for answer in by or chosen)
            expected = 0.0 if by else most
            if got[name] != expected:
                wrong.append(f"{student}: {name} got {got[name]}, expected {expected}: {names}")
            if any((name in said) != (name in complaints[0]) for said in complaints):
                wrong.append(f"{student}: {name}: a second Validate in the same folder says something else: {names}")
            if name in complaints[0] and got[name] == most:
                wrong.append(f"{student}: {name}: Validate complains, autograde gives every point: {names}")
            if name not in complaints[0] and got[name] != most and name not in hidden:
                wrong.append(f"{student}: {name}: Validate is content, autograde is not: {names}")
    assert wrong == [], "\n".join(wrong)
    assert shown_in_feedback(course, notebook) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course", "my laptop"]


def no_response(course, student):
    """Name the answers that the gradebook marks as not given; nobody has to grade anything of such a submission."""
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, student)
        assert submission.score == 0
        assert not submission.needs_manual_grade
        return {
            comment.name
            for notebook in submission.notebooks
            for comment in notebook.comments
            if comment.auto_comment == "No response."
        }
