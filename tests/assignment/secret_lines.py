"""What students must not see: lines of solutions, hidden tests and mark schemes, and where they show nevertheless."""

import re
from html import unescape

import nbformat

from course.grading.feedback import GUTTER, split_regions
from tests.assignment.course_copy import ASSIGNMENT
from tests.assignment.matrix import read_answers

REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
LONG_ENOUGH = 12  # shorter lines, such as `return rows`, are in many places


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def settings(cell):
    return cell.metadata.get("nbgrader", {})


def secrets(folder):
    """Collect every telling line inside a solution, a hidden test or a mark scheme that does not stand outside, too."""
    inside, outside = {}, set()
    for path in sorted(folder.glob("*.ipynb")):
        for cell in cells_of(path):
            whole = settings(cell).get("solution") and "BEGIN SOLUTION" not in cell.source
            region = "SOLUTION" if whole else None
            for line in cell.source.split("\n"):
                began = [name for name in REGIONS if f"BEGIN {name}" in line]
                if began:
                    region = began[0]
                elif any(f"END {name}" in line for name in REGIONS):
                    region = None
                elif region:
                    inside.setdefault(line.strip(), f"{path.stem}, {cell.id}: {region.lower()}")
                else:
                    outside.add(line.strip())
    for path in (folder / "start").glob("*.py"):  # given to students: a solution may keep what was right in it
        outside.update(line.strip() for line in path.read_text(encoding="utf-8").split("\n"))
    return {line: where for line, where in inside.items() if len(line) >= LONG_ENOUGH and line not in outside}


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
