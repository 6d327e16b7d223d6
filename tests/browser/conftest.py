"""A browser, and JupyterLab on a copy of the course."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser import lab as labs
from tests.needs import find_chromium

# As root, in a container and without a network to other computers.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
WIDTH, HEIGHT = 1280, 900

expect.set_options(timeout=60_000)  # five seconds, its own, are too few on a busy computer


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for all tests of a process."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        yield started
        started.close()


@pytest.fixture
def new_page(browser, request):
    """Give a function that opens pages, each in a browser profile of its own; look at them where a test fails.

    With the variable SCREENSHOTS, pictures of every test's last pages are kept in that folder.
    """
    contexts = []

    def new(**options):
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context.new_page()

    yield new
    folder = os.environ.get("SCREENSHOTS")
    for number, context in enumerate(contexts):
        for page in context.pages if folder else []:
            name = re.sub(r"[^\w.-]+", "-", request.node.name)
            page.screenshot(path=Path(folder) / f"{name}-{number}-{context.pages.index(page)}.png")
        context.close()


@pytest.fixture
def page(new_page):
    """One page."""
    return new_page()


@pytest.fixture(scope="module")
def lab(module_path):
    """JupyterLab as `jupyter lab` opens it in the course's folder; all tests of a module share it."""
    with labs.serve(labs.copy_course(module_path / "course"), module_path / "home") as started:
        yield started
