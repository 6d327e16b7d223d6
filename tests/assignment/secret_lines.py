"""What students must not see: lines of solutions, hidden tests and mark schemes, and where they show nevertheless."""

import re
from html import unescape

import nbformat

from mlops_course.bundle.secrets import find_secrets
from mlops_course.bundle.tree import File
from mlops_course.grading.feedback import GUTTER, split_regions
from tests.assignment.course_copy import ASSIGNMENT
from tests.assignment.matrix import read_answers


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def settings(cell):
    return cell.metadata.get("nbgrader", {})


def files_below(folder, name):
    """Read all files below a folder, as they would be in a commit, without what a notebook makes when it runs."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path: path.relative_to(folder) for path in paths}
    left = {"work", "__pycache__", ".ipynb_checkpoints"}
    return {
        f"{name}/{below.as_posix()}": File(path.read_bytes())
        for path, below in names.items()
        if not left & set(below.parts)
    }


def secrets(folder):
    """Collect every telling line inside a solution, a hidden test or a mark scheme that does not stand outside, too."""
    found = find_secrets(files_below(folder, f"source/{ASSIGNMENT}")).telling_lines()
    where = {line: re.fullmatch(r".*/(.+)\.ipynb, cell (.+)", region.place) for line, region in found.items()}
    return {line: f"{place[1]}, {place[2]}: {found[line].kind}" for line, place in where.items()}


def shown_in_feedback(course, notebook):
    """List lines of hidden tests and mark schemes that the feedback pages of a graded course show."""
    done = course.nbgrader("generate_feedback", ASSIGNMENT, "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    hidden = {
        line
        for line, where in secrets(course.folder / "source" / ASSIGNMENT).items()
        if where.startswith(f"{notebook},") and not where.endswith("solution")
    }
    own = "\n".join(answer.text for group in read_answers(notebook).values() for answer in group)
    own += "\n".join(course.solutions(notebook).values())
    hidden = {line for line in hidden if line not in own}  # what students write themselves they may see
    graded = "\n".join(
        cell.source
        for path in (course.folder / "autograded").rglob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
    )
    assert hidden
    assert all(line in graded for line in hidden), "the instructor should see every hidden line"
    outside = split_regions(graded, "BEGIN HIDDEN TESTS", "END HIDDEN TESTS", "")[0]
    visible = {line.strip() for line in outside.split("\n")}
    found = []
    for page in sorted((course.folder / "feedback").rglob("*.html")):
        text = unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))
        # A visible line may contain a hidden one: `for x in (1, 2):` contains `for x in (`.
        lines = {GUTTER.sub("", line).strip() for line in text.split("\n")} - visible
        found += [
            f"{page.parent.parent.name}: {line}" for line in sorted(lines) if any(part in line for part in hidden)
        ]
    return found
