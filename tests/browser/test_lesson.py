"""Working on a lesson in the browser: by keyboard alone, to its figure, and to its run in MLflow.

The picture in the README is what these tests see: `WRITE_PICTURE=1 pytest -n 0 -m slow tests/browser/test_lesson.py`.
"""

import io
import os
import re
from pathlib import Path

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser import lab as labs
from tests.browser.student import foreign_requests, nothing_in_the_way, student_copy

PICTURE = labs.ROOT / "resources" / "course.png"
SIZE = (1280, 900)
CLOSE = 5  # a line more or less moves the lines below it


@pytest.fixture(scope="module")
def student(module_path):
    with labs.serve(student_copy(module_path / "course"), module_path / "home") as started:
        yield started


def colours(picture: bytes) -> int:
    """Count the colours that a picture's middle has; a blank page has one, a page of text few that are not grey."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    width, height = image.size
    middle = image.crop((width // 4, height // 6, width * 9 // 10, height * 9 // 10))
    counted = middle.getcolors(maxcolors=1 << 24)
    return sum(1 for count, (r, g, b) in counted if count > 20 and max(r, g, b) - min(r, g, b) > 40)


def distance(one: bytes, other: bytes) -> float:
    """Say how far two pictures are apart, seen from far away: 0 for the same, 255 for black beside white."""
    small = [Image.open(io.BytesIO(picture)).convert("L").resize((64, 45)).tobytes() for picture in (one, other)]
    return sum(abs(a - b) for a, b in zip(*small, strict=True)) / (64 * 45)


def test_a_blank_picture_is_seen():
    blank, text = io.BytesIO(), io.BytesIO()
    Image.new("RGB", SIZE, "white").save(blank, "PNG")
    image = Image.new("RGB", SIZE, "white")
    image.paste("black", (400, 300, 500, 320))
    image.save(text, "PNG")
    assert colours(blank.getvalue()) == colours(text.getvalue()) == 0
    assert distance(blank.getvalue(), PICTURE.read_bytes()) > 2 * CLOSE
    assert distance(PICTURE.read_bytes(), PICTURE.read_bytes()) == 0


def test_the_picture_of_the_readme_shows_a_figure():
    content = PICTURE.read_bytes()
    assert Image.open(io.BytesIO(content)).size == SIZE
    assert colours(content) >= 5
    assert len(content) < 400_000
    assert "resources/course.png" in (labs.ROOT / "README.md").read_text(encoding="utf-8")


def choose(page, command):
    """Choose a command of JupyterLab's command palette, by keyboard."""
    page.keyboard.press("Control+Shift+c")
    expect(page.locator(".lm-CommandPalette-input:focus")).to_have_count(1)
    page.keyboard.type(command)
    expect(page.locator(".lm-CommandPalette-item.lm-mod-active").first).to_contain_text(command)
    page.keyboard.press("Enter")


def test_a_lesson_is_opened_and_run_by_keyboard(page, student):
    page.goto(student.url("lab"))
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()
    choose(page, "Open from Path…")
    expect(page.locator(".jp-Dialog input:focus")).to_have_count(1)
    page.keyboard.type("notebooks/lesson_00_start_here.ipynb")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Lesson 00 · Start here"))).to_be_visible()
    expect(page.get_by_text("| Idle")).to_be_visible()
    nothing_in_the_way(page)
    cells = nbformat.read(labs.ROOT / "notebooks" / "lesson_00_start_here.ipynb", as_version=4).cells
    last = max(place for place, cell in enumerate(cells) if "All is ready." in cell.source and cell.cell_type == "code")
    for _ in range(last + 1):
        page.keyboard.press("Shift+Enter")
    expect(page.get_by_text("All is ready.", exact=True)).to_be_visible(timeout=120_000)


@pytest.mark.slow
def test_lesson_02_shows_its_figure_and_opens_its_run(page, student):
    asked = foreign_requests(page, student)
    page.goto(student.url("lab/tree/notebooks/lesson_02_mlflow_tracking.ipynb"))
    expect(page.get_by_text("| Idle")).to_be_visible()
    page.locator(".lm-MenuBar-itemLabel").get_by_text("Run", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
    link = page.get_by_role("link", name="Open the first run in MLflow's UI")
    expect(link).to_have_count(1, timeout=300_000)
    expect(page.get_by_text("| Idle")).to_be_visible(timeout=300_000)

    figure = page.locator(".jp-RenderedImage img").nth(1)
    figure.scroll_into_view_if_needed()
    expect(figure).to_be_in_viewport(ratio=0.95)
    picture = page.screenshot()
    assert colours(picture) >= 5
    if os.environ.get("WRITE_PICTURE"):
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        image.quantize(256).save(PICTURE, optimize=True)
    assert distance(picture, PICTURE.read_bytes()) < CLOSE, "the README's picture is old: write it anew, as said above"
    for folder in filter(None, [os.environ.get("SCREENSHOTS")]):
        (Path(folder) / "lesson_02.png").write_bytes(picture)

    link.scroll_into_view_if_needed()
    with page.context.expect_page() as opened:
        link.click()
    run = opened.value
    expect(run.get_by_text("Run ID")).to_be_visible(timeout=120_000)
    expect(run.get_by_role("link", name="lesson_02").first).to_be_visible()
    if folder := os.environ.get("SCREENSHOTS"):
        run.screenshot(path=Path(folder) / "lesson_02_run.png")
    assert asked == []
