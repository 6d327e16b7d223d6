"""Any course directory of nbgrader can be graded: another layout, another gradebook, other preprocessors."""

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import nbformat
import pytest

from mlops_course.errors import CourseError
from mlops_course.grading.command import grade
from mlops_course.grading.gradebook import open_engine, read_scores
from tests.grading import stubs
from tests.grading.conftest import SmallClass

LAYOUT = """
c = get_config()
c.CourseDirectory.course_id = "example"
c.CourseDirectory.directory_structure = "grading/{nbgrader_step}/{assignment_id}/by_{student_id}"
c.CourseDirectory.db_url = "sqlite:///records/points.db"
c.CourseDirectory.autograded_directory = "checked"
c.IncludeHeaderFooter.header = "header.ipynb"
"""


def nbgrader(folder, *arguments):
    program = Path(sys.executable).with_name("nbgrader")
    environment = os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run([program, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


class OtherCourse(SmallClass):
    """nbgrader's own example, in the layout above."""

    assignment = "ps1"
    students = ("bitdiddle", "hacker")

    def autograded(self, student):
        return self.folder / "grading" / "checked" / "ps1" / f"by_{student}"

    def grade(self, **options):
        return grade("ps1", self.folder, **({"sandbox": False, "engine": stubs.quick, "jobs": 2} | options))

    def scores(self):
        engine = open_engine(f"sqlite:///{self.folder / 'records' / 'points.db'}")
        with engine.connect() as connection:
            return {student: read_scores(connection, "ps1", student) for student in self.students}

    def notebooks(self):
        found = {}
        for path in self.folder.glob("grading/checked/**/*.ipynb"):
            notebook = nbformat.read(path, as_version=4)
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)
            found[str(path.relative_to(self.folder))] = (oct(path.stat().st_mode), notebook)
        return found


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The course of nbgrader's documentation, with its two submissions, generated."""
    folder = tmp_path_factory.mktemp("example") / "course"
    guide = Path(str(files("nbgrader"))) / "docs" / "source" / "user_guide"
    steps = folder / "grading"
    shutil.copytree(guide / "source" / "ps1", steps / "source" / "ps1" / "by_.")
    shutil.copyfile(guide / "source" / "header.ipynb", folder / "header.ipynb")
    for student in OtherCourse.students:
        shutil.copytree(guide / "submitted" / student / "ps1", steps / "submitted" / "ps1" / f"by_{student}")
    (folder / "records").mkdir()
    (folder / "nbgrader_config.py").write_text(LAYOUT)
    nbgrader(folder, "generate_assignment", "ps1")
    return folder


@pytest.fixture
def other_course(example, tmp_path):
    shutil.copytree(example, tmp_path / "course")
    return OtherCourse(tmp_path / "course")


def test_example_of_nbgrader_in_another_layout(other_course):
    plain = OtherCourse(other_course.folder.with_name("plain"))
    shutil.copytree(other_course.folder, plain.folder)
    nbgrader(plain.folder, "autograde", "ps1")
    outcome = other_course.grade(engine=stubs.kernels)
    assert [one.status for one in outcome.outcomes] == ["graded", "graded"]
    assert other_course.scores() == plain.scores()
    assert {student: sum(cell.points or 0 for cell in cells) for student, cells in plain.scores().items()} == {
        "bitdiddle": pytest.approx(plain_points(plain, "bitdiddle")),
        "hacker": pytest.approx(plain_points(plain, "hacker")),
    }
    ours, theirs = other_course.notebooks(), plain.notebooks()
    assert len(theirs) == 4
    assert ours == theirs
    assert not (other_course.folder / "autograded").exists()


def plain_points(course, student):
    """Read the sum as nbgrader itself computes it."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.folder / 'records' / 'points.db'}") as gradebook:
        return gradebook.find_submission("ps1", student).score


def configure(course, text):
    with (course.folder / "nbgrader_config.py").open("a") as handle:
        handle.write(text)


def test_preprocessors_before_the_execution_and_by_name(other_course):
    (other_course.folder / "own.py").write_text(
        "from nbgrader.preprocessors import NbGraderPreprocessor\n"
        "class Before(NbGraderPreprocessor):\n"
        "    def preprocess(self, nb, resources):\n"
        "        nb.cells.insert(0, __import__('nbformat').v4.new_code_cell('before = 1'))\n"
        "        return nb, resources\n"
    )
    configure(
        other_course,
        "c.Autograde.autograde_preprocessors = ['own.Before', 'nbgrader.preprocessors.Execute', "
        "'nbgrader.preprocessors.SaveAutoGrades']\nc.ExecutePreprocessor.timeout = 77\n",
    )
    seen = []

    def look(jobs):
        return stubs.Stub(jobs, lambda job: seen.append(job) or stubs.in_this_process(job))

    out = other_course.grade(engine=look)
    assert out.exit_code == 0, [(o.trouble, o.findings) for o in out.outcomes]
    assert [job.settings for job in seen] == [{"timeout": 77}] * 2
    for job in seen:
        for text in job.notebooks.values():
            assert nbformat.reads(text, as_version=4).cells[0].source == "before = 1"
    for _, notebook in other_course.notebooks().values():
        assert [cell.source for cell in notebook.cells].count("before = 1") == 1


def test_course_that_does_not_execute(other_course):
    configure(other_course, "c.Execute.enabled = False\nc.ClearOutput.enabled = False\n")
    outcome = other_course.grade(engine=lambda jobs: stubs.Stub(jobs, lambda job: pytest.fail("executed")))
    assert [one.status for one in outcome.outcomes] == ["graded", "graded"]


def test_course_without_a_configuration_file(tmp_path, example):
    folder = tmp_path / "course"
    shutil.copytree(example / "grading" / "source" / "ps1" / "by_.", folder / "source" / "ps1")
    for student in OtherCourse.students:
        shutil.copytree(
            example / "grading" / "submitted" / "ps1" / f"by_{student}", folder / "submitted" / student / "ps1"
        )
    nbgrader(folder, "generate_assignment", "ps1")
    outcome = grade("ps1", folder, sandbox=False, engine=stubs.quick)
    assert [one.status for one in outcome.outcomes] == ["graded", "graded"]
    assert (folder / "autograded" / "hacker" / "ps1" / "problem1.ipynb").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c.CourseDirectory.notebook_id = 'problem1'\n", "notebook_id"),
        ("c.SandboxedExecute.separate_tests = True\n", "no effect. Put SandboxedExecute into"),
        ("this is no Python!\n", "nbgrader_config.py: SyntaxError"),
        ("raise KeyError('missing')\n", "nbgrader_config.py: KeyError"),
        ("c.Autograde.permissions = 'all'\n", ""),
    ],
)
def test_configuration_with_a_mistake(other_course, text, message):
    configure(other_course, text)
    if not message:  # found only when the converter is made; each submission says so
        assert {one.status for one in other_course.grade().outcomes} == {"failed"}
        return
    with pytest.raises(CourseError, match=message):
        other_course.grade()


def test_a_class_over_the_sandboxed_one_has_its_settings(other_course):
    own = "from mlops_course.grading.preprocessors import SandboxedExecute\nclass Ours(SandboxedExecute): pass\n"
    settings = "c.SandboxedExecute.separate_tests = False\nc.Autograde.autograde_preprocessors = [Ours]\n"
    configure(other_course, own + settings)
    assert {one.status for one in other_course.grade().outcomes} == {"graded"}


def test_student_that_is_left_out(other_course):
    configure(other_course, "c.CourseDirectory.student_id_exclude = 'hacker'\n")
    assert [one.student for one in other_course.grade().outcomes] == ["bitdiddle"]


def test_shared_by_a_group(other_course):
    configure(other_course, "c.CourseDirectory.groupshared = True\n")
    out = other_course.grade()
    assert out.exit_code == 0, [(o.trouble, o.findings) for o in out.outcomes]
    path = other_course.autograded("hacker")
    assert oct(path.stat().st_mode & 0o7777) == "0o2775"
    assert oct((path / "problem1.ipynb").stat().st_mode & 0o777) == "0o664"
