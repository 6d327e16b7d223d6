"""Nothing that a student displays covers, hides or changes another part of the pages of feedback and formgrader."""

from pathlib import Path

import nbformat
import nbgrader
import pytest
from jinja2 import DictLoader
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from traitlets.config import Config

from mlops_course.grading.feedback import PageStyle
from mlops_course.grading.scripts import DisarmScripts

FORMGRADER = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
COVER = "background: white; color: red; width: 3000px; height: 3000px"
FIXED = f'<div style="position: fixed; top: 0; left: 0; z-index: 9999; {COVER}">Score: 100 / 100</div>'

COVERING = {
    "fixed": FIXED,
    "absolute": FIXED.replace("fixed", "absolute").replace("top: 0", "top: -1000px"),
    "margin": f'<div style="position: relative; margin: -2000px; {COVER}">x</div>',
    "overflow": f'<div style="height: 0"><div style="position: relative; {COVER}">x</div></div>',
    "class of Bootstrap": '<div class="modal-backdrop">x</div>',
    "style sheet": "<style>body { display: none }</style>",
    "style sheet of a table": "<style>#T_1, body { display: none }</style>",
    "style sheet beside a table": "<style>.dataframe ~ *, body:not(.dataframe) { display: none }</style>",
    "end tags": f"</div></div></div></div></div></div>{FIXED}",
    "end tags of items": f"<ul><li><div><li>x</li></div></li></ul></div></div></div>{FIXED}",
    "items in items": "<ul>" + "<li><div><li></li></div></li>" * 9 + f"</ul>{FIXED}",
}
# nbconvert itself ends these where the box ends.
OPEN = {
    "hidden": '<div style="display: none">' * 9,
    "table": '<table style="display: none"><tr><td>',
    "details": "<details><summary>more</summary>" * 9,
    "formatting": '<font color="white"><s>',
}

# What is not right about the score, which is above what the student displays, and about the text below.
CHANGED = """() => [...document.querySelectorAll("h4, #marker")].flatMap(marker => {
  marker.scrollIntoView({block: "center"})
  const place = marker.getBoundingClientRect(), style = getComputedStyle(marker)
  const seen = document.elementFromPoint(place.x + 3, place.y + place.height / 2)
  return Object.entries({
    hidden: !place.height, covered: !seen || !marker.contains(seen), formatted: marker.closest("s, font"),
  }).filter(([, wrong]) => wrong).map(([name]) => `${marker.tagName} ${name}`)
})"""


def page_of(name, *preprocessors):
    """Give a function that makes nbgrader's page of a notebook."""
    config = Config()
    config.Exporter.default_preprocessors = []
    config.HTMLExporter.template_name = name
    config.HTMLExporter.extra_template_basedirs = [str(FORMGRADER / "templates")]
    exporter = HTMLExporter(config=config)
    sheet = next(FORMGRADER.rglob("bootstrap/dist/css/bootstrap.min.css")).read_text(encoding="utf-8")
    exporter.extra_loaders = [DictLoader({"bootstrap.min.css": sheet, "formgrade_macros.html.j2": ""})]
    for preprocessor in preprocessors:
        exporter.register_preprocessor(preprocessor(), enabled=True)

    def make(*cells):
        marker = nbformat.v4.new_markdown_cell('<p id="marker" style="color: black">Comments of the grader</p>')
        notebook = nbformat.v4.new_notebook(cells=[*cells, marker])
        names = {"notebook": "one", "student": "ana", "score": 0, "max_score": 1, "late_penalty": 0}
        return exporter.from_notebook_node(notebook, resources={"nbgrader": names})[0]

    return make


def shown(way, fragment):
    """Make a cell that shows HTML."""
    if way == "markdown cell":
        return nbformat.v4.new_markdown_cell(fragment)
    kind = "text/html" if way == "html" else "text/markdown"
    output = nbformat.v4.new_output("display_data", data={kind: fragment})
    return nbformat.v4.new_code_cell("show()", outputs=[output], execution_count=1)


def look(page, file, make, way):
    """Return which samples change what on the page."""
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    found = {}
    for name, fragment in {"nothing": "<b>x</b>", **COVERING, **OPEN}.items():
        file.write_text(make(shown(way, fragment)), encoding="utf-8")
        page.goto(file.as_uri(), wait_until="domcontentloaded")
        if changed := page.evaluate(CHANGED):
            found[name] = changed
    return found


@pytest.mark.parametrize("way", ["html", "markdown cell", "markdown output"])
def test_feedback_is_covered_by_nothing(page, way, tmp_path):
    assert look(page, tmp_path / "page.html", page_of("feedback", DisarmScripts, PageStyle), way) == {}


def test_the_samples_cover_an_unprotected_page(page, tmp_path):
    found = look(page, tmp_path / "page.html", page_of("feedback", CSSHTMLHeaderPreprocessor), "html")
    assert set(found) >= set(COVERING)
