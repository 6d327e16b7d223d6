"""`jupyter lab` opens the course on its first lesson, and nothing stands in the way."""

from playwright.sync_api import expect


def test_the_first_lesson_is_open(page, lab):
    page.goto(lab.url(""))
    expect(page.locator(".jp-RenderedMarkdown h1").first).to_be_visible()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".Toastify__toast")).to_have_count(0)
    expect(page.get_by_title("Switch kernel").first).to_contain_text("Python 3")
