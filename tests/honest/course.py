"""A course whose notebooks are the cases, with one student who hands in all of them."""

import shutil

import nbformat
from nbgrader.api import Gradebook

from mlops_course.grading.command import grade
from mlops_course.grading.solution import grade_solution
from tests.attacks.course import nbgrader

ASSIGNMENT = "ps1"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
METADATA = {
    "locked": {"locked": True},
    "task": {"solution": True},
    "test": {"grade": True, "locked": True},
}


SETTINGS = {
    "together": "",
    "separately": """
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute

from mlops_course.grading.preprocessors import SandboxedExecute

c.SandboxedExecute.separate_tests = True
c.Autograde.autograde_preprocessors = [
    SandboxedExecute if one is Execute else one
    for one in Autograde.class_traits()["autograde_preprocessors"].default()
]
""",
}


def notebook(case, *, handed_in):
    """Make the notebook of a case: the instructor's, or the student's."""
    cells = []
    for one in case.cells:
        if one.kind == "added" and not handed_in:
            continue
        source = one.handed_in if handed_in and one.handed_in is not None else one.source
        metadata = {}
        if one.kind in METADATA:
            basis = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
            metadata["nbgrader"] = basis | {"grade_id": one.name} | METADATA[one.kind]
            if one.kind == "test":
                metadata["nbgrader"]["points"] = one.points
        cells.append(nbformat.v4.new_code_cell(source, id=one.name, metadata=metadata))
    return nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)


def build(folder, cases, files):
    """Lay out the course, generate the assignment, hand in."""
    rooms = (folder / "source" / ASSIGNMENT, folder / "submitted" / "honest" / ASSIGNMENT)
    for room in rooms:
        room.mkdir(parents=True)
        for name, text in files.items():
            (room / name).write_text(text)
        for case in cases:
            nbformat.write(notebook(case, handed_in=room is rooms[1]), room / f"{case.name}.ipynb")
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'honest'\n")
    nbgrader(folder, "generate_assignment", ASSIGNMENT)
    return folder


def copied(folder, name, setting):
    """Copy the course, with a setting more."""
    copy = folder.with_name(name)
    shutil.copytree(folder, copy)
    with (copy / "nbgrader_config.py").open("a") as config:
        config.write(f"{setting}\n")
    return copy


def points(folder):
    """Grade what was handed in; give the points, and what needs a look."""
    (outcome,) = grade(ASSIGNMENT, folder).outcomes
    assert outcome.status == "graded", outcome.trouble
    seen = [finding for finding in outcome.findings if finding.kind != "note"]
    return by_case(outcome.cells), seen


def unsolved(folder):
    """Give the cases of which `--solution` names a test."""
    return {finding.notebook for finding in grade_solution(ASSIGNMENT, folder).lost}


def plain_points(folder):
    """Grade with plain nbgrader; give the points."""
    nbgrader(folder, "autograde", ASSIGNMENT)
    found = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for one in gradebook.find_submission(ASSIGNMENT, "honest").notebooks:
            found[one.name] = {grade.name: grade.auto_score for grade in one.grades}
    return found


def by_case(cells):
    found = {}
    for cell in cells:
        found.setdefault(cell.notebook, {})[cell.cell] = cell.points
    return found
