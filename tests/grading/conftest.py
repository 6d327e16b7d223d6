"""A small assignment of two notebooks, so that nbgrader's commands take seconds; and a class of four students."""

import copy
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

from mlops_course.grading.command import grade
from tests.assignment.course_copy import ASSIGNMENT, ROOT, CourseCopy
from tests.grading import stubs

HIDDEN = "hidden_limit = 41 + 1"
RIGHT = {
    "one": {
        "double": "def double(number):\n    return number + number",
        "triple": "def triple(number):\n    return 3 * number",
    },
    "two": {"why": "Because bytes change, and the run of 3 May proves it.", "four": "four = 2 + 2"},
}
STUDENTS = ("all_right", "half", "untouched", "late")
TIMES = {"late": "2026-03-02 10:00:00 UTC", "half": "2026-02-27 10:00:00 UTC"}


def metadata(name, **settings):
    """Make what nbgrader writes into a cell."""
    base = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3, "grade_id": name}
    return {"nbgrader": base | settings}


def code(name, source, **settings):
    return nbformat.v4.new_code_cell(source, id=name, metadata=metadata(name, **settings))


def text(name, source, **settings):
    return nbformat.v4.new_markdown_cell(source, id=name, metadata=metadata(name, **settings))


def doubling():
    """Make a notebook with two tasks for code; each has one grade cell."""
    stub = "def {0}(number):\n    ### BEGIN SOLUTION\n    return {1}\n    ### END SOLUTION"
    return [
        nbformat.v4.new_markdown_cell("# One", id="title_one"),
        code("start_double", "ready = True", locked=True),
        code("double", stub.format("double", "2 * number"), solution=True),
        code(
            "doubles",
            "assert ready\nassert double(2) == 4, 'double(2) should be 4'\n### BEGIN HIDDEN TESTS\n"
            f"{HIDDEN}\nassert double(21) == hidden_limit, f'double(21) should be another number than {{double(21)}}'\n"
            "### END HIDDEN TESTS",
            grade=True,
            locked=True,
            points=3,
        ),
        code("triple", stub.format("triple", "3 * number"), solution=True),
        code("triples", "assert triple(2) == 6, 'triple(2) should be 6'", grade=True, locked=True, points=2),
    ]


def written():
    """Make a notebook with a question, its mark scheme, and an answer graded by hand."""
    return [
        nbformat.v4.new_markdown_cell("# Two", id="title_two"),
        text(
            "why_question",
            "Why?\n\n=== BEGIN MARK SCHEME ===\nOne point for the secret reason.\n=== END MARK SCHEME ===",
            locked=True,
            task=True,
            points=0,
        ),
        text("why", "Because of the model answer.", grade=True, solution=True, points=5),
        code("four", "### BEGIN SOLUTION\nfour = 4\n### END SOLUTION", solution=True),
        code("is_four", "assert four == 4, 'four should be 4'", grade=True, locked=True, points=1),
    ]


@pytest.fixture(scope="session")
def small_source(tmp_path_factory):
    """Folder like `source/`, with a small assignment and the course's own header."""
    folder = tmp_path_factory.mktemp("small") / "source"
    (folder / ASSIGNMENT).mkdir(parents=True)
    shutil.copyfile(ROOT / "source" / "header.ipynb", folder / "header.ipynb")
    for name, cells in (("one", doubling()), ("two", written())):
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / ASSIGNMENT / f"{name}.ipynb")
    return folder


@pytest.fixture
def small_course(tmp_path, small_source):
    """A course with the small assignment, generated."""
    course = CourseCopy(tmp_path / "course", ("one", "two"), source=small_source)
    course.generate()
    return course


@pytest.fixture(scope="module")
def right_answers():
    """Answers that earn every point."""
    return copy.deepcopy(RIGHT)


def hand_in(course, student, *, without=(), notebooks=("one", "two"), **more):
    """Hand in the right answers, except those to the tasks in `without`."""
    answers = {book: {k: v for k, v in RIGHT[book].items() if k not in without} for book in notebooks}
    for book in answers:
        answers[book] |= {task: text for task, text in more.items() if task in RIGHT[book]}
    return course.hand_in(student, {book: course.fill(book, given, student) for book, given in answers.items()})


@pytest.fixture(scope="session")
def class_template(tmp_path_factory):
    """The course folder of a class of four, generated and handed in; nothing is graded. Copied by each test."""
    base = tmp_path_factory.mktemp("class")
    (base / "source" / ASSIGNMENT).mkdir(parents=True)
    # Not the course's own header: it changes the process that it runs in.
    header = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('STUDENT_ID = ""', id="student")])
    nbformat.write(header, base / "source" / "header.ipynb")
    for name, cells in (("one", doubling()), ("two", written())):
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, base / "source" / ASSIGNMENT / f"{name}.ipynb")
    (base / "source" / ASSIGNMENT / "data.csv").write_text("a,b\n1,2\n")
    course = CourseCopy(base / "course", ("one", "two"), source=base / "source")
    with (course.folder / "nbgrader_config.py").open("a") as config:
        config.write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    course.generate()
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2026-03-01 00:00:00 UTC")
    hand_in(course, "all_right", four="four = 4\nopen('made.txt', 'w').close()")
    hand_in(course, "half", without=("double", "four", "why"))
    hand_in(course, "untouched", without=("double", "triple", "why", "four"))
    hand_in(
        course,
        "late",
        without=("why", "four"),
        double="def double(number):\n    print('called', number)\n    return number",
    )
    for student, moment in TIMES.items():
        (course.folder / "submitted" / student / ASSIGNMENT / "timestamp.txt").write_text(moment)
    (course.folder / "submitted" / "half" / ASSIGNMENT / "data.csv").write_text("changed by a student")
    extra = course.folder / "submitted" / "half" / ASSIGNMENT / "notes" / "plan.txt"
    extra.parent.mkdir()
    extra.write_text("a plan")
    return course


def course_of_one_notebook(base, cells):
    """Make a course whose assignment is a notebook of these cells, and generate it."""
    source = base / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), base / "source" / "header.ipynb")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source / "one.ipynb")
    course = CourseCopy(base / "course", ("one",), source=base / "source")
    course.generate()
    return course


def edit(course, room, notebook, grade_id, old, new):
    """Change the text of a cell."""
    path = course.folder / room / ASSIGNMENT / f"{notebook}.ipynb"
    content = nbformat.read(path, as_version=4)
    cell = next(cell for cell in content.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    nbformat.write(content, path)


class SmallClass:
    """A course directory with submissions, and what a test does with it."""

    def __init__(self, folder):
        self.folder = folder
        self.events = []

    def grade(self, **options):
        """Grade in this process."""
        options = {"sandbox": False, "engine": stubs.quick, "jobs": 2} | options
        return grade(ASSIGNMENT, self.folder, on_event=lambda *event: self.events.append(event), **options)

    def command(self, *options, engine="quick", jobs=("--jobs", "2"), **variables):
        """Start the command as a user does; return the process."""
        command = [sys.executable, "-m", "mlops_course.cli", "grade", ASSIGNMENT, "--course-dir", self.folder, *jobs]
        command += ["--no-sandbox", "--engine", f"tests.grading.stubs:{engine}", *options]
        environment = os.environ | {"COLUMNS": "200", "PYTHONPATH": str(ROOT)} | variables
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *options, **variables):
        """Run the command to its end; return exit code, stdout and stderr."""
        process = self.command(*options, **variables)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def submitted(self, student):
        return self.folder / "submitted" / student / ASSIGNMENT

    def generate(self):
        """Make the version for students anew."""
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", ASSIGNMENT, "--force"]
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | {"HOME": str(self.folder)}, capture_output=True
        )
        assert done.returncode == 0, done.stderr

    def autograded(self, student):
        return self.folder / "autograded" / student / ASSIGNMENT

    def gradebook(self):
        return Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}")

    def content(self):
        """Everything in the gradebook that means something: no ids that the database makes up."""
        with self.gradebook() as gradebook:
            return {
                "students": sorted(student.id for student in gradebook.students),
                "submissions": sorted(
                    (one.student.id, str(one.timestamp), one.total_seconds_late) for one in gradebook.find_assignment(ASSIGNMENT).submissions
                ),
                "notebooks": sorted(
                    (book.student.id, book.name, book.late_submission_penalty)
                    for one in gradebook.find_assignment(ASSIGNMENT).submissions
                    for book in one.notebooks
                ),
                "grades": sorted(
                    (
                        book.student.id, book.name, grade.name, grade.auto_score, grade.manual_score,
                        grade.extra_credit, grade.needs_manual_grade,
                    )
                    for one in gradebook.find_assignment(ASSIGNMENT).submissions
                    for book in one.notebooks
                    for grade in book.grades
                ),
                "comments": sorted(
                    (book.student.id, book.name, comment.name, comment.auto_comment or "", comment.manual_comment or "")
                    for one in gradebook.find_assignment(ASSIGNMENT).submissions
                    for book in one.notebooks
                    for comment in book.comments
                ),
            }  # fmt: skip

    def tree(self):
        """Everything in `autograded/`: path → permissions and content, without the times of execution."""
        found = {}
        for path in sorted((self.folder / "autograded").rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                if path.suffix == ".ipynb":
                    notebook = nbformat.reads(content.decode(), as_version=4)
                    for cell in notebook.cells:
                        cell.metadata.pop("execution", None)
                    content = nbformat.writes(notebook).encode()
            else:
                content = b""
            found[str(path.relative_to(self.folder))] = (oct(path.stat().st_mode), content)
        return found


@pytest.fixture
def small_class(tmp_path, class_template):
    """A class of four, nothing graded yet."""
    shutil.copytree(class_template.folder, tmp_path / "course", symlinks=True)
    return SmallClass(tmp_path / "course")


@pytest.fixture(scope="session")
def graded_content(tmp_path_factory, class_template):
    """Gradebook and autograded folder after a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(class_template.folder, folder, symlinks=True)
    undisturbed = SmallClass(folder)
    assert undisturbed.grade().exit_code == 0
    return undisturbed.content(), undisturbed.tree()
