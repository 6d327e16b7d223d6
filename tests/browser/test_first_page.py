"""`jupyter lab` opens the course on its first lesson, and nothing stands in the way."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser import lab as labs
from tests.browser.student import contents, dark, nothing_in_the_way, open_launcher, student_copy, tile, until

STUDENTS_SEE = {"CHECKLIST.md", "README.md", "data", "notebooks", "release", "resources", "week-09", "env_of_mine"}


@pytest.fixture(scope="module")
def student(module_path):
    """JupyterLab of a student who has fetched the assignment, and once exported and installed things."""
    folder = student_copy(module_path / "course")
    for name in ("week-09", "course.egg-info", "exchange", "env_of_mine"):
        (folder / name).mkdir()
    with labs.serve(folder, module_path / "home") as started:
        yield started


def test_the_first_lesson_is_open(page, student):
    page.goto(student.url(""))
    expect(page.locator(".jp-RenderedMarkdown h1").first).to_have_text("Lesson 00 · Start here¶")
    expect(page.get_by_title("Switch kernel").first).to_contain_text("Python 3")
    expect(page.get_by_text("| Idle")).to_be_visible()  # all that could pop up has had its time
    nothing_in_the_way(page)
    assert (
        page.evaluate("document.querySelectorAll('.jp-mod-notificationsUnread, .jp-Notification-List li').length") == 0
    )


def test_a_lesson_is_readable_in_the_dark(page, student):
    page.goto(student.url(""))
    expect(page.get_by_text("| Idle")).to_be_visible()
    dark(page)
    text = page.locator(".jp-RenderedMarkdown p").first
    assert contrast(text.evaluate("e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]"))
    nothing_in_the_way(page)


def contrast(colours):
    """Tell whether text and ground differ enough to be read (WCAG: 4.5)."""

    def luminance(colour):
        parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dim, bright = sorted(map(luminance, colours))
    return (bright + 0.05) / (dim + 0.05) >= 4.5


def test_contrast_is_measured():
    assert contrast(["rgb(0, 0, 0)", "rgb(255, 255, 255)"])
    assert not contrast(["rgba(130, 130, 130, 0.87)", "rgb(255, 255, 255)"])


def test_the_file_browser_shows_what_a_student_needs(page, student):
    page.goto(student.url(""))
    assert contents(page, student) == STUDENTS_SEE
    assert all("mplstyle" not in name for name in contents(page, student, "notebooks"))
    expect(page.locator(".jp-DirListing-itemText").get_by_text("lesson_00_start_here.ipynb")).to_be_visible()
    expect(
        page.get_by_text("| Idle")
    ).to_be_visible()  # until then JupyterLab itself goes to the open notebook's folder
    page.locator(".jp-BreadCrumbs-home").click()
    folders_first = sorted(STUDENTS_SEE, key=lambda name: (name.endswith(".md"), name))
    expect(page.locator(".jp-DirListing-itemText")).to_have_text(folders_first)


def test_the_instructor_sees_everything(page, module_path):
    folder = labs.copy_course(module_path / "instructor")
    (folder / "course.egg-info").mkdir()
    with labs.serve(folder, module_path / "instructors_home") as lab:
        seen = contents(page, lab)
    assert {"source", "release", "tests", "mlops_course", "env", "nbgrader_config.py"} <= seen
    assert "course.egg-info" not in seen


def test_markdown_files_open_rendered(page, student):
    page.goto(student.url("lab/tree/CHECKLIST.md"))
    expect(page.locator(".jp-MarkdownViewer table").first).to_be_visible()
    settings = json.loads((labs.ROOT / "env/jupyter/share/jupyter/lab/settings/overrides.json").read_text("utf-8"))
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_a_terminal_finds_the_commands(page, student):
    page.goto(student.url("lab?reset"))
    open_launcher(page)
    tile(page, "Terminal").click()
    found = student.folder / "found"

    def answers():
        # Typed anew each time: while a slow page is still opening the terminal, what is typed can go elsewhere.
        page.locator(".jp-Terminal .xterm-helper-textarea").focus()
        page.keyboard.type(f"command -v course dvc mlflow > {found}\n")
        page.wait_for_timeout(3000)
        return found.exists() and found.read_text().count("\n") == 3

    until(answers, "the terminal does not find the commands")
