"""An assignment in another language is refused by both commands; what an editor writes into a submission costs nobody."""

import json
import sqlite3

import nbformat
import pytest

from mlops_course.errors import CourseError
from mlops_course.grading.hand_in import other_language
from tests.assignment.course_copy import ASSIGNMENT, CourseCopy
from tests.grading.test_errors import outcomes

SANDBOX = pytest.mark.needs("sandbox")


def autograde(small_class, class_template, student):
    """Run nbgrader's own command."""
    course = CourseCopy.__new__(CourseCopy)
    course.__dict__ |= vars(class_template) | {"folder": small_class.folder}
    return course.nbgrader("autograde", ASSIGNMENT, "--student", student)


def say_kernel(path, **metadata):
    """Save a notebook as an editor does that writes this."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = nbformat.from_dict(metadata)
    nbformat.write(notebook, path)


def make_other_language(small_class):
    """Let the assignment be in R."""
    spec = json.dumps({"name": "ir", "display_name": "R", "language": "R"})
    with sqlite3.connect(small_class.folder / "gradebook.db") as connection:
        connection.execute("UPDATE notebook SET kernelspec = ? WHERE name = 'one'", (spec,))


@SANDBOX
def test_another_language_is_refused_by_nbgrader_autograde(small_class, class_template):
    make_other_language(small_class)
    done = autograde(small_class, class_template, "all_right")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if "one.ipynb is for the kernel 'ir' (r)" in line]
    assert len(said) == 1
    assert "Traceback" not in done.stderr
    assert not small_class.autograded("all_right").exists()
    assert not [grade for grade in small_class.content()["grades"] if grade[3] is not None]


def test_another_language_is_refused_by_course_grade(small_class):
    make_other_language(small_class)
    with pytest.raises(CourseError, match=r"one\.ipynb is for the kernel 'ir' \(r\)"):
        small_class.grade()


@pytest.mark.parametrize("command", ["course grade", pytest.param("nbgrader autograde", marks=SANDBOX)])
def test_the_name_of_a_students_kernel_does_not_matter(small_class, class_template, command):
    path = small_class.submitted("all_right") / "one.ipynb"
    say_kernel(path, kernelspec={"name": "mlops-env", "display_name": "My environment", "language": "python"})
    say_kernel(path.with_name("two.ipynb"))
    if command == "course grade":
        assert outcomes(small_class.grade())["all_right"].findings == ()
    else:
        done = autograde(small_class, class_template, "all_right")
        assert done.returncode == 0, done.stderr
    auto = {grade[2]: grade[3] for grade in small_class.content()["grades"] if grade[0] == "all_right"}
    assert auto.items() >= {"doubles": 3, "triples": 2, "is_four": 1}.items()


def test_a_submission_in_another_language_is_named(small_class):
    """It is graded all the same: an editor may have chosen that kernel, and the code may be Python."""
    path = small_class.submitted("all_right") / "one.ipynb"
    say_kernel(path, kernelspec={"name": "ir", "display_name": "R", "language": "R"})
    found = outcomes(small_class.grade())
    said = [finding.message for finding in found["all_right"].findings]
    assert said == ["one.ipynb was saved as a notebook in 'R'; it is executed with Python"]
    assert {cell.points for cell in found["all_right"].cells if cell.notebook == "one"} == {3, 2}


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, None),
        ({"kernelspec": {"name": "x", "display_name": "x"}}, None),
        ({"kernelspec": {"name": "x", "display_name": "x", "language": "Python"}}, None),
        ({"language_info": {"name": "ipython"}}, None),
        ({"language_info": {"name": "julia"}}, "julia"),
    ],
)
def test_which_language_a_notebook_names(tmp_path, metadata, language):
    nbformat.write(nbformat.v4.new_notebook(metadata=metadata), tmp_path / "one.ipynb")
    assert other_language(tmp_path / "one.ipynb") == language
