"""What says "lesson 03, section 6" leads there: in documents, lessons, the assignment and its tests' messages."""

import re
import subprocess

from tests.notebooks.test_clean import read

SECTIONS = r"sections? \d+(?:\.\d+)?(?:(?:, | and | to )\d+(?:\.\d+)?)*"
REFERENCE = re.compile(rf"[Ll]esson (\d\d)(?:,? \(?({SECTIONS})\b)?")
FOLDERS = ("notebooks/", "source/", "release/", "mlops_course/", "tests/answers/", "data/", "resources/")


def headings(root):
    """Give the numbers of each lesson's sections, such as 3 and 3.4."""
    found = {}
    for path in sorted((root / "notebooks").glob("lesson_*.ipynb")):
        text = "\n".join("".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "markdown")
        found[path.stem.split("_")[1]] = set(re.findall(r"^#+ (\d+(?:\.\d+)?) ", text, re.MULTILINE))
    return found


def lost(text, lessons):
    """Name the references of a text that lead nowhere."""
    return [
        reference.group()
        for reference in REFERENCE.finditer(text)
        if reference[1] not in lessons
        or not set(re.findall(r"\d+(?:\.\d+)?", reference[2] or "")) <= lessons[reference[1]]
    ]


def texts(root):
    """Give the committed files that speak to students and instructors."""
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if name.endswith((".md", ".py", ".ipynb", ".html")) and ("/" not in name or name.startswith(FOLDERS)):
            yield name, (root / name).read_text(encoding="utf-8")


def test_references_to_lessons_lead_somewhere(root):
    lessons = headings(root)
    assert {name: found for name, text in texts(root) if (found := lost(text, lessons))} == {}


def test_there_are_references_in_messages_of_tests(root):
    names = {name for name, text in texts(root) for reference in REFERENCE.finditer(text) if reference[2]}
    assert {
        "source/week-09/03_reproducibility_test.ipynb",
        "source/header.ipynb",
        "mlops_course/check/locate.py",
    } <= names


def test_a_reference_that_leads_nowhere_is_noticed():
    lessons = {"03": {"1", "3", "3.2", "3.3"}}
    assert lost("lesson 03; lesson 03 (section 1); Lesson 03, sections 3.2 and 3.3, help", lessons) == []
    assert lost("(lesson 03, section 7)", lessons) == ["lesson 03, section 7"]
    assert lost("lesson 03, sections 3.2 and 3.4", lessons) == ["lesson 03, sections 3.2 and 3.4"]
    assert lost("lesson 06 shows it", lessons) == ["lesson 06"]
