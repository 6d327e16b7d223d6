"""The lessons as they stand on a screen of 1280 px: nothing needs scrolling sideways, answers open by keyboard."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser import lab as labs

pytestmark = pytest.mark.slow  # the machine may be busy, and the width in characters is tested in tests/notebooks

LESSONS = ["lesson_00_start_here", "lesson_01_dvc_basics", "lesson_02_mlflow_tracking", "lesson_03_reproducibility",
           "lesson_04_is_it_better", "lesson_05_pipelines_and_lineage"]  # fmt: skip
# What is wider than its place: code, and rendered text with its tables.
TOO_WIDE = """() => [...document.querySelectorAll('.jp-Notebook .cm-scroller, .jp-Notebook .jp-RenderedHTMLCommon')]
    .filter(place => place.offsetParent && place.scrollWidth > place.clientWidth + 1)
    .map(place => place.innerText.slice(0, 60))"""


@pytest.fixture(scope="module")
def dark(module_path):
    """JupyterLab in its dark theme, which draws a notebook's cells all at once, so that all can be measured."""
    home, folder = module_path / "home", labs.copy_course(module_path / "course")
    settings = home / ".jupyter" / "lab" / "user-settings" / "@jupyterlab"
    for extension, name, values in (
        ("apputils-extension", "themes", {"theme": "JupyterLab Dark"}),
        ("notebook-extension", "tracker", {"windowingMode": "none"}),
    ):
        (settings / extension).mkdir(parents=True)
        (settings / extension / f"{name}.jupyterlab-settings").write_text(json.dumps(values), encoding="utf-8")
    wide = json.loads((folder / "notebooks" / f"{LESSONS[0]}.ipynb").read_text(encoding="utf-8"))
    wide["cells"][1:] = [
        {"id": "wide", "cell_type": "code", "source": ["x = '" + "w" * 105 + "'"], "outputs": [],
         "execution_count": None, "metadata": {}},
        {"id": "table", "cell_type": "markdown", "source": ["| a |\n|---|\n| " + "w" * 200 + " |"], "metadata": {}},
    ]  # fmt: skip
    (folder / "notebooks" / "wide.ipynb").write_text(json.dumps(wide), encoding="utf-8")
    with labs.serve(folder, home) as started:
        yield started


def open_notebook(page, lab, name):
    """Open a notebook and wait until all its cells are there."""
    cells = json.loads((lab.folder / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    page.goto(lab.url(f"lab/tree/notebooks/{name}.ipynb?reset"))
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    expect(notebook.locator(".jp-Cell")).to_have_count(len(cells))
    texts = [cell for cell in cells if cell["cell_type"] == "markdown"]
    expect(notebook.locator(".jp-MarkdownOutput:has(*)")).to_have_count(len(texts))
    code = [cell for cell in cells if cell["cell_type"] == "code" and not cell["metadata"].get("jupyter")]
    expect(notebook.locator(".jp-CodeCell .cm-content:has(.cm-line)").nth(len(code) - 1)).to_be_attached()
    return notebook


def test_nothing_is_wider_than_the_screen(dark, page):
    found = {}
    for name in LESSONS:
        open_notebook(page, dark, name)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        if too_wide := page.evaluate(TOO_WIDE):
            found[name] = too_wide
    assert found == {}


def test_what_is_too_wide_is_noticed(dark, page):
    open_notebook(page, dark, "wide")
    assert len(page.evaluate(TOO_WIDE)) == 2


def test_answers_open_by_keyboard(dark, page):
    notebook = open_notebook(page, dark, LESSONS[0])
    answer = notebook.locator("details").first
    answer.locator("summary").scroll_into_view_if_needed()
    answer.locator("summary").focus()
    page.keyboard.press("Space")
    expect(answer).to_have_attribute("open", "")
