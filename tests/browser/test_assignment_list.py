"""An assignment from fetch to feedback, by mouse; the instructor's half is done by commands.

Validate names the task that fails and why, and the server answers while it runs.
"""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.assignment.course_copy import ASSIGNMENT, ROOT
from tests.browser import lab as labs
from tests.browser.student import student_copy, until
from tests.grading.conftest import code

STUB = "def {0}(number):\n    ### BEGIN SOLUTION\n    return {1}\n    ### END SOLUTION"
TEST = "assert {0}(2) == {1}, f'{0}(2) should be {1}. Found: {{{0}(2)}}.'"


def small_notebook():
    """Make an assignment of two tasks."""
    cells = [
        nbformat.v4.new_markdown_cell("### Task 1 · Twice (3 points)", id="task_twice"),
        code("twice", STUB.format("twice", "2 * number"), solution=True),
        code("twice_right", TEST.format("twice", 4), grade=True, locked=True, points=3),
        nbformat.v4.new_markdown_cell("### Task 2 · Thrice (2 points)", id="task_thrice"),
        code("thrice", STUB.format("thrice", "3 * number"), solution=True),
        code("thrice_right", TEST.format("thrice", 6), grade=True, locked=True, points=2),
    ]
    for cell in cells:
        cell.metadata["tags"] = ["raises-exception"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return notebook


class Instructor:
    """The instructor's folder, and the commands that are typed there."""

    def __init__(self, folder, exchange):
        self.folder, self.exchange = folder, exchange
        (folder / "source" / ASSIGNMENT).mkdir(parents=True)
        exchange.mkdir()
        exchange.chmod(0o777)
        shutil.copyfile(ROOT / "nbgrader_config.py", folder / "nbgrader_config.py")
        shutil.copyfile(ROOT / "source" / "header.ipynb", folder / "source" / "header.ipynb")
        nbformat.write(small_notebook(), folder / "source" / ASSIGNMENT / "small.ipynb")

    def types(self, *command):
        program = Path(sys.prefix) / "bin" / command[0]
        variables = labs.variables(self.folder, NBGRADER_EXCHANGE=str(self.exchange))
        done = subprocess.run(
            [program, *command[1:]], cwd=self.folder, env=variables, capture_output=True, text=True, timeout=300
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def instructor(module_path):
    made = Instructor(module_path / "instructor", module_path / "exchange")
    made.types("nbgrader", "generate_assignment", ASSIGNMENT)
    made.types("nbgrader", "release_assignment", ASSIGNMENT)
    return made


@pytest.fixture(scope="module")
def student(module_path, instructor):
    folder = student_copy(module_path / "course")
    variables = {"NBGRADER_EXCHANGE": str(instructor.exchange)}
    with labs.serve(folder, module_path / "home", **variables) as started:
        yield started


def open_list(page):
    """Choose Nbgrader, Assignment List."""
    page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Assignment List", exact=True).click()
    expect(page.locator("#nbgrader-assignment-list")).to_be_visible()


def press_validate(page):
    """Press Validate above the open notebook."""
    page.locator("jp-button:visible, button:visible").filter(has_text=re.compile(r"^\s*Validate\s*$")).first.click()


def validate(page):
    """Press Validate above the open notebook; give the dialog."""
    press_validate(page)
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_be_visible(timeout=120_000)
    return dialog


def write(page, cell, text):
    """Click into the notebook's cell that contains a text, and replace all of it."""
    editor = page.locator(".jp-CodeCell:visible").filter(has_text=cell).first.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_from_fetch_to_feedback_by_mouse(page, student, instructor):
    page.goto(student.url("lab"))
    open_list(page)
    released = page.locator("#released_assignments_list")
    fetched = page.locator("#fetched_assignments_list")
    submitted = page.locator("#submitted_assignments_list")
    expect(released).to_contain_text("week-09")
    released.get_by_role("button", name="Fetch").click()
    fetched.get_by_text("week-09", exact=True).click()
    fetched.get_by_text("small", exact=True).click()
    expect(page.get_by_role("heading", name="Task 1 · Twice (3 points)")).to_be_visible()
    expect(page.get_by_text("| Idle")).to_be_visible()
    expect(page.locator(".jp-Dialog")).to_have_count(0)

    write(page, "def twice", "def twice(number):\n    return number")
    dialog = validate(page)
    expect(dialog).to_contain_text("Task 1 · Twice (3 points)")
    expect(dialog).to_contain_text("Test twice_right (3 points): twice(2) should be 4. Found: 2.")
    expect(dialog).to_contain_text("Task 2 · Thrice (2 points)")
    expect(dialog).to_contain_text("Nothing is written in the answer yet.")
    expect(dialog).to_contain_text("Test thrice_right (2 points) waits for it.")
    assert "Traceback" not in dialog.inner_text()
    keep(page, "validate_fails")
    dialog.get_by_role("button", name="OK").click()

    write(page, "def twice", "def twice(number):\n    return 2 * number")
    write(page, "def thrice", "def thrice(number):\n    return 3 * number")
    dialog = validate(page)
    expect(dialog).to_contain_text("Success! Your notebook passes all the tests.")
    dialog.get_by_role("button", name="OK").click()

    page.get_by_role("tab", name="Assignments").click()
    fetched.get_by_role("button", name="Submit").click()
    expect(submitted).to_contain_text("week-09")
    keep(page, "submitted")

    instructor.types("nbgrader", "collect", ASSIGNMENT)
    instructor.types("course", "grade", ASSIGNMENT)
    instructor.types("nbgrader", "generate_feedback", ASSIGNMENT)
    instructor.types("nbgrader", "release_feedback", ASSIGNMENT)

    page.get_by_title("Refresh assignments list").click()
    expect(submitted).to_contain_text("feedback available to fetch")
    submitted.get_by_role("button", name="Fetch Feedback").click()
    until(lambda: list(student.folder.glob("week-09/feedback/*/small.html")), "the feedback was not fetched")
    submitted.get_by_text("(view feedback)").click()
    page.locator(".jp-DirListing-itemText").get_by_text("small.html").dblclick()
    feedback = page.frame_locator(".jp-HTMLViewer iframe")
    expect(feedback.get_by_text(re.compile(r"Score: 5\.0 / 5\.0")).first).to_be_visible()
    keep(page, "feedback")


def keep(page, name):
    """Keep a picture of a step where pictures are asked for."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def open_new(page, student, name, first, answer=None):
    """Open a small notebook of its own, that begins with the code `first`; give its folder."""
    folder = student.folder / name
    folder.mkdir()
    notebook = small_notebook()
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first, id="wait"))
    if answer:
        notebook.cells[2].source = answer
    nbformat.write(notebook, folder / f"{name}.ipynb")
    page.goto(student.url(f"lab/tree/{name}/{name}.ipynb?reset"))  # without the tabs of the test before
    expect(page.get_by_text("| Idle")).to_be_visible()
    return folder


def test_the_server_answers_while_validate_runs(page, student):
    wait = "import time\nfrom pathlib import Path\nwhile not Path('go').exists():\n    time.sleep(0.1)"
    folder = open_new(page, student, "slow", wait)
    press_validate(page)
    expect(page.get_by_text("Validating...")).to_be_visible()
    for _ in range(3):
        with urllib.request.urlopen(student.url("api/contents/notebooks"), timeout=30) as answer:
            assert answer.status == 200
    expect(page.get_by_text("Validating...")).to_be_visible()
    (folder / "go").touch()
    expect(page.locator(".jp-Dialog")).to_contain_text("Success!", timeout=120_000)


@pytest.mark.slow
def test_validate_of_a_notebook_that_takes_more_than_a_minute(page, student):
    open_new(page, student, "minute", "import time\ntime.sleep(65)", answer="def twice(number):\n    return 5")
    dialog = validate(page)
    expect(dialog).to_contain_text("Test twice_right (3 points): twice(2) should be 4. Found: 5.")


def test_a_closed_page_stops_validate(new_page, student):
    wait = "import os, time\nfrom pathlib import Path\nPath('kernel').write_text(str(os.getpid()))\ntime.sleep(600)"
    page = new_page()
    folder = open_new(page, student, "endless", wait)
    press_validate(page)
    until((folder / "kernel").exists, "Validate did not start the notebook")
    until((folder / "kernel").read_text, "the kernel's number was not written")
    kernel = Path("/proc") / (folder / "kernel").read_text()
    assert kernel.exists()
    page.close()
    until(lambda: not kernel.exists(), "the kernel still runs")
