"""What a student has and does: the course without the instructor's half, and the steps in JupyterLab."""

import json
import re
import shutil
import time

from playwright.sync_api import expect

from tests.browser import lab as labs

# What a student's copy of the course does not have.
INSTRUCTORS = ("source", "tests", "benchmarks", "autograded", ".ci", ".github")


def student_copy(folder):
    """Copy the course as a student has it."""
    labs.copy_course(folder)
    for name in INSTRUCTORS:
        shutil.rmtree(folder / name, ignore_errors=True)
    return folder


def nothing_in_the_way(page):
    """No dialog and no toast is shown."""
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".Toastify__toast")).to_have_count(0)


def open_launcher(page):
    """Open the launcher, as the + beside the tabs does."""
    page.get_by_title("New Launcher").first.click()
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()


def tile(page, title):
    """Give a tile of the launcher."""
    return page.locator(".jp-LauncherCard").filter(has_text=re.compile(rf"^{title}$"))


def dark(page):
    """Choose JupyterLab's dark theme, by its menu."""
    page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("JupyterLab Dark", exact=True).click()
    expect(page.locator("body[data-jp-theme-light=false]")).to_have_count(1)


def foreign_requests(page, lab):
    """Give a list that fills with what the page asks of any other server."""
    asked = []
    ours = (lab.address, "data:", "blob:", lab.address.replace("http", "ws", 1))
    page.on("request", lambda request: None if request.url.startswith(ours) else asked.append(request.url))
    return asked


def contents(page, lab, path=""):
    """Names in a folder, as the file browser lists them."""
    answer = page.request.get(f"{lab.url(f'api/contents/{path}')}")
    assert answer.ok, answer.status
    return {entry["name"] for entry in json.loads(answer.body())["content"]}


def until(condition, what, seconds=60):
    """Wait for something that no page shows."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
