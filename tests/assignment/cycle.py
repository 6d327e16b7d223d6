"""Everything that happens to an assignment in a semester, with nbgrader's own commands and two fictional students."""

import csv
import re
import shutil
import subprocess
import sys
import time
import zipfile
from html import unescape

import nbformat
from nbgrader.api import Gradebook

from tests.assignment.course_copy import ASSIGNMENT


class Student:
    """A folder in which a student works, with a home of its own."""

    def __init__(self, course, name):
        self.course, self.name = course, name
        self.home = course.folder.parent / f"home of {name}"
        self.home.mkdir()
        shutil.copyfile(course.folder / "nbgrader_config.py", self.home / "nbgrader_config.py")
        self.work = self.home / ASSIGNMENT

    def nbgrader(self, *arguments):
        exchange = self.course.folder / "exchange"
        return self.course.nbgrader(*arguments, cwd=self.home, HOME=str(self.home), NBGRADER_EXCHANGE=str(exchange))

    def answer(self, answers):
        for name, given in answers.items():
            nbformat.write(self.course.fill(name, given, self.name), self.work / f"{name}.ipynb")

    def feedback(self):
        """Fetch feedback; return the newest pages as text, by notebook."""
        shutil.rmtree(self.work / "feedback", ignore_errors=True)
        done = self.nbgrader("fetch_feedback", ASSIGNMENT, "--student", self.name)
        assert done.returncode == 0, done.stderr
        newest = max((self.work / "feedback").iterdir(), key=lambda path: path.name)
        return {
            page.stem: unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))
            for page in newest.glob("*.html")
        }


def succeed(done, said=None):
    """Require that a command ended well, and that it said something."""
    assert done.returncode == 0, done.stderr[-3000:]
    if said:
        assert said in done.stdout + done.stderr
    return done


def points_of_tests(course):
    """Give what each test is worth, by its id."""
    return {
        name: float(cell.metadata.nbgrader.points)
        for notebook in course.notebooks
        for name, cell in course.grade_cells(notebook).items()
        if cell.cell_type == "code"
    }


def total(course, student):
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        return gradebook.find_submission(ASSIGNMENT, student).score


def grade_by_hand(course, student, notebook, cell, points, comment):
    """Do what formgrader does when a person types points and a comment."""
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade(cell, notebook, ASSIGNMENT, student)
        assert grade.needs_manual_grade, f"{cell} should be waiting for a person"
        grade.manual_score = points
        grade.needs_manual_grade = False
        gradebook.find_comment(cell, notebook, ASSIGNMENT, student).manual_comment = comment
        gradebook.db.commit()


def waiting(course, student):
    """Name the cells that wait for a person."""
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, student)
        return {
            grade.name for notebook in submission.notebooks for grade in notebook.grades if grade.needs_manual_grade
        }


def run(course, *, good, bad, by_hand, costs, repair):
    """Go through the whole cycle.

    Parameters
    ----------
    course : CourseCopy
        Not generated yet.
    good, bad : dict of str to dict of str to str
        Answers by notebook and solution cell. Ana hands in `bad` first and `good` after; Ben hands in `bad`.
    by_hand : tuple of str, str
        Notebook and cell of an answer that a person grades.
    costs : dict of str to float
        What `bad` gets, by grade cell, where it is not everything.
    repair : tuple of str, str, str, dict of str to float
        Notebook, text in a hidden test and its replacement, and what `bad` gets where the repair changes it.
    """
    everything = points_of_tests(course)
    written = {
        cell.metadata.nbgrader.grade_id
        for notebook in course.notebooks
        for cell in course.read("source", notebook).cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.metadata.nbgrader.solution
    }

    # The instructor releases. A version for students is there already, as in a clone of the course.
    (course.folder / "release" / ASSIGNMENT).mkdir(parents=True)
    (course.folder / "release" / ASSIGNMENT / "of_last_year.ipynb").write_text("{}")
    succeed(course.nbgrader("generate_assignment", ASSIGNMENT, "--force"))
    assert not (course.folder / "release" / ASSIGNMENT / "of_last_year.ipynb").exists()
    succeed(course.nbgrader("release_assignment", ASSIGNMENT))
    succeed(course.nbgrader("list"), ASSIGNMENT)

    # Two students fetch, work, validate and submit.
    ana, ben = Student(course, "ana"), Student(course, "ben")
    for student in (ana, ben):
        succeed(student.nbgrader("fetch_assignment", ASSIGNMENT))
        student.answer(bad)
        (student.work / "work").mkdir()
        (student.work / "work" / "scratch.bin").write_bytes(b"scratch")
    said = succeed(ana.nbgrader("validate", str(ana.work / f"{repair[0]}.ipynb"))).stdout
    assert "VALIDATION FAILED" in said
    for student in (ana, ben):
        succeed(student.nbgrader("submit", ASSIGNMENT, "--student", student.name))

    # The instructor collects and grades.
    succeed(course.nbgrader("collect", ASSIGNMENT))
    collected = course.folder / "submitted" / "ana" / ASSIGNMENT
    assert not (collected / "work").exists(), "scratch folders are not handed in"
    succeed(course.autograde())
    for name in ("ana", "ben"):
        assert course.points(name) == everything | costs
        assert waiting(course, name) == written
        grade_by_hand(course, name, *by_hand, 3.5, "Name the run that you mean.")
        assert waiting(course, name) == written - {by_hand[1]}
        assert total(course, name) == sum((everything | costs).values()) + 3.5

    # Feedback reaches both, and shows no hidden test.
    succeed(course.nbgrader("generate_feedback", ASSIGNMENT))
    succeed(course.nbgrader("release_feedback", ASSIGNMENT))
    pages = ana.feedback()
    assert set(pages) == set(course.notebooks)
    assert "Name the run that you mean." in pages[by_hand[0]]
    assert not any(repair[1] in page for page in pages.values())

    # Ana hands in again; what was graded by hand stays, and waits to be looked at once more.
    time.sleep(1)  # submissions are told apart by the second
    ana.answer(good)
    said = succeed(ana.nbgrader("validate", str(ana.work / f"{repair[0]}.ipynb"))).stdout
    assert "Success" in said, said
    succeed(ana.nbgrader("submit", ASSIGNMENT, "--student", "ana"))
    succeed(course.nbgrader("collect", ASSIGNMENT, "--update"))
    assert not (collected / "feedback").exists(), "fetched feedback is not handed in"
    succeed(course.autograde())
    assert course.points("ana") == everything
    assert total(course, "ana") == sum(everything.values()) + 3.5
    assert by_hand[1] in waiting(course, "ana")

    # A hidden test was wrong. The instructor repairs it and grades everybody again.
    notebook, wrong, right, after = repair
    path = course.folder / "source" / ASSIGNMENT / f"{notebook}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert text.count(wrong) == 1
    path.write_text(text.replace(wrong, right), encoding="utf-8")
    shutil.copyfile(course.folder / "gradebook.db", course.folder / "before.db")
    before = {name: total(course, name) for name in ("ana", "ben")}
    succeed(course.nbgrader("generate_assignment", ASSIGNMENT, "--force"))
    succeed(course.autograde("--force"))
    assert course.points("ben") == everything | costs | after
    for name in ("ana", "ben"):
        with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
            assert gradebook.find_grade(by_hand[1], by_hand[0], ASSIGNMENT, name).manual_score == 3.5
    report = subprocess.run(
        [sys.executable, "-m", "mlops_course.cli", "changes", ASSIGNMENT, "--before", "before.db"],
        cwd=course.folder,
        capture_output=True,
        text=True,
    )
    succeed(report)
    listed = set(re.findall(r"│ (\w+) +│ (\w+) +│ (\w+) +│ +([\d.]+) │ +([\d.]+) │", report.stdout))
    expected = {("ben", notebook, cell, f"{costs[cell]:g}", f"{points:g}") for cell, points in after.items()}
    assert listed == expected, report.stdout

    # Feedback once more, and grades out.
    succeed(course.nbgrader("generate_feedback", ASSIGNMENT, "--force"))
    succeed(course.nbgrader("release_feedback", ASSIGNMENT))
    assert "Name the run that you mean." in ben.feedback()[by_hand[0]]
    succeed(course.nbgrader("export", "--to", "grades.csv"))
    with (course.folder / "grades.csv").open(newline="") as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert exported == {"ana": before["ana"], "ben": before["ben"] + sum(after[cell] - costs[cell] for cell in after)}


def zip_route(course, answers, points):
    """Hand in by a learning management system: zips with the names it makes, collected and graded."""
    course.generate()
    archive = course.folder / "downloaded" / ASSIGNMENT / "archive"
    archive.mkdir(parents=True)
    moodle = {
        "ana": "Ana Lovelace_4711_assignsubmission_file_week-09_ana.zip",
        "ben.b": "Ben O'Brien_4712_assignsubmission_file_/week-09_ben.b.zip",
        "cem": "turingcem_98765_54321_week-09_cem.zip",
        "dua_d": "Dua D_4713_assignsubmission_file_week-09_dua_d (1).zip",
    }
    for student, name in moodle.items():
        (archive / name).parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(archive / name, "w") as packed:
            inner = {"cem": f"{ASSIGNMENT}/", "dua_d": f"Desktop/{ASSIGNMENT}/"}.get(student, "")
            packed.writestr(f"__MACOSX/{inner}._requirements.txt", "what macOS adds")
            for notebook, given in answers.items():
                packed.writestr(f"{inner}{notebook}.ipynb", nbformat.writes(course.fill(notebook, given, student)))
            packed.writestr(f"{inner}requirements.txt", "pandas==3.1.1\n")
    done = succeed(course.nbgrader("zip_collect", ASSIGNMENT))
    skipped = [line for line in done.stderr.splitlines() if "Skipped" in line]
    assert all("__MACOSX" in line for line in skipped), skipped
    succeed(course.autograde())
    for student in moodle:
        assert (course.folder / "submitted" / student / ASSIGNMENT / "requirements.txt").is_file()
        assert course.points(student) == points
