"""The students' copy works: unpacked outside Git in a new home, from set-up to a grade."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import nbformat
import pytest
from nbgrader.utils import is_solution

from mlops_course.bundle.command import FOLDER
from tests.assignment.course_copy import ASSIGNMENT, NOTEBOOKS, CourseCopy
from tests.bundle.conftest import bundle
from tests.env.test_setup import outside_path

LESSONS = ("lesson_00_start_here", "lesson_01_dvc_basics", "lesson_02_mlflow_tracking")
GRADED = (NOTEBOOKS[0], NOTEBOOKS[3])  # two of the four that are handed in: the others take minutes, on a busy computer


class Student:
    """Somebody with a new computer: an empty home, no Git repository, and the zip."""

    def __init__(self, packed, place):
        self.home = place / "home"
        self.home.mkdir()
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(place / "My Course")
        self.folder = place / "My Course" / FOLDER
        kept = {name: value for name, value in os.environ.items() if re.match(r"LANG|LC_|TZ|TMPDIR|SSL_|PIP_", name)}
        self.variables = kept | {"HOME": str(self.home), "PATH": outside_path()} | network()

    def run(self, *command, within="", code=0):
        """Do what a student types into a terminal."""
        script = str(self.folder / "env" / "setup.sh")
        done = subprocess.run(
            ["bash", script, *command],
            cwd=self.folder / within,
            env=self.variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-3000:]
        return done


def network():
    """Where packages come from on this computer, and what it has downloaded: the only things a new home may share."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    )
    index = asked.stdout.strip()
    cache = os.environ.get("UV_CACHE_DIR") or subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True)
    shared = {"UV_CACHE_DIR": cache if isinstance(cache, str) else cache.stdout.strip()}
    return shared | ({"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index} if index else {})


def write_answers(folder, solutions, student):
    """Fill in the assignment as a student has it."""
    for notebook, answers in solutions.items():
        path = folder / f"{notebook}.ipynb"
        filled = nbformat.read(path, as_version=4)
        for cell in filled.cells:
            if is_solution(cell):
                cell.source = answers[cell.metadata.nbgrader.grade_id]
            elif cell.id == "student":
                cell.source = cell.source.replace('STUDENT_ID = ""', f'STUDENT_ID = "{student}"')
        nbformat.write(filled, path)


@pytest.mark.slow
def test_from_the_zip_to_a_grade(committed, tmp_path):
    packed = tmp_path / "w09-students.zip"
    made = bundle(committed, "--output", str(packed))
    assert made.returncode == 0, made.stderr
    student = Student(packed, tmp_path)
    outside = subprocess.run(["git", "rev-parse"], cwd=student.folder, capture_output=True, env=student.variables)
    assert outside.returncode != 0, "this test needs a temporary folder outside every Git repository"

    # Set up. The data comes out of the remote that travels along, and comes back when it is lost.
    student.run("true")
    assert "pytest" not in student.run().stdout
    csv = student.folder / "data" / "penguins.csv"
    assert hashlib.md5(csv.read_bytes()).hexdigest() in csv.with_name("penguins.csv.dvc").read_text(encoding="utf-8")
    csv.unlink()
    student.run("dvc", "checkout", "--force", "data/penguins.csv.dvc")
    assert csv.exists()
    assert "up to date" in student.run("dvc", "status").stdout

    # Lessons: the table of lesson 00 finds everything, and nothing goes wrong in the others.
    for lesson in LESSONS:
        done = f"work/{lesson}.done.ipynb"
        (student.folder / "notebooks" / "work").mkdir(exist_ok=True)
        student.run("papermill", "--no-progress-bar", f"{lesson}.ipynb", done, within="notebooks")
        if lesson == LESSONS[0]:
            table = (student.folder / "notebooks" / done).read_text(encoding="utf-8")
            assert "**All is ready.**" in table
            assert "**to do**" not in table
    said = student.run("course", "reproduce", "notebooks/experiment.ipynb", "--no-other-seed").stdout
    assert "identical" in said, said

    # The assignment: worked on in a copy, validated, packed.
    work = student.folder / ASSIGNMENT
    shutil.copytree(student.folder / "release" / ASSIGNMENT, work)
    whole = CourseCopy(tmp_path / "whole", source=committed / "source")
    write_answers(work, {name: whole.solutions(name) for name in NOTEBOOKS}, "ana")
    assert "Success" in student.run("nbgrader", "validate", f"{ASSIGNMENT}/{NOTEBOOKS[0]}.ipynb").stdout
    student.run("course", "check", "--zip", code=1)  # the other three have not been run
    handed_in = student.folder / f"{ASSIGNMENT}_ana.zip"
    with zipfile.ZipFile(handed_in) as archive:
        assert not [name for name in archive.namelist() if "work" in PurePosixPath(name).parts]

    # What comes back from Moodle is taken in and graded.
    instructor = CourseCopy(tmp_path / "instructor", GRADED, source=committed / "source")
    instructor.generate()
    archive = instructor.folder / "downloaded" / ASSIGNMENT / "archive"
    archive.mkdir(parents=True)
    shutil.copyfile(handed_in, archive / f"Ana Lovelace_4711_assignsubmission_file_{handed_in.name}")
    collected = instructor.nbgrader("zip_collect", ASSIGNMENT)
    assert collected.returncode == 0, collected.stderr
    instructor.grade()
    expected = {
        cell: float(source.metadata.nbgrader.points)
        for name in GRADED
        for cell, source in instructor.grade_cells(name).items()
        if source.cell_type == "code"
    }
    assert instructor.points("ana") == expected
    assert not list(Path(student.home).glob("*.zip"))
