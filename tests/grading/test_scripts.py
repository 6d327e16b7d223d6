"""What a student wrote runs nothing in formgrader and in feedback, and honest work looks as it did."""

import base64
import copy
import functools
import os
import re
import time
from html.parser import HTMLParser

import nbformat
import nbgrader
import pytest
from jinja2 import DictLoader
from nbconvert.exporters import HTMLExporter
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

from mlops_course.grading import feedback, scripts
from mlops_course.grading.marking import MarkingView
from mlops_course.grading.scripts import DisarmScripts, harmless, harmless_markdown

PIXEL = base64.b64encode(b"GIF89a").decode()
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
ALERT = "alert(1)"
EXTENSIONS = os.path.join(os.path.dirname(nbgrader.__file__), "server_extensions")


def output(kind, content, metadata=None):
    """Make a cell of code that displayed something."""
    data = nbformat.v4.new_output("display_data", data={kind: content, "text/plain": "plain"}, metadata=metadata or {})
    return nbformat.v4.new_code_cell("show()", outputs=[data], execution_count=1)


def html(content):
    return output("text/html", content)


def markdown(text, **more):
    return nbformat.v4.new_markdown_cell(text, **more)


HOSTILE = {
    "javascript": output("application/javascript", ALERT),
    "script": html(f"<b>kept</b><script>{ALERT}</script>"),
    "capitals": html(f"<b>kept</b><ScRiPt>{ALERT}</sCrIpT >"),
    "handler": html(f"<b>kept</b><img src=x onerror={ALERT}>"),
    "handler with slashes": html(f"<b>kept</b><img/src=x/onerror={ALERT}>"),
    "handler that does not end": html(f"<b>kept</b><img src=x onerror={ALERT} "),
    "link": html(f"<b>kept</b><a href='javascript:{ALERT}'>x</a>"),
    "link with entities": html(f"<b>kept</b><a href='java&#115;cript&colon;{ALERT}'>x</a>"),
    "link with a tab": html(f"<b>kept</b><a href='java&Tab;script:{ALERT}'>x</a>"),
    "frame": html(f"<b>kept</b><iframe srcdoc='<script>{ALERT}</script>'></iframe>"),
    "frame with a link": html(f"<b>kept</b><iframe src='javascript:{ALERT}'></iframe>"),
    "object": html("<b>kept</b><object data='x.html'></object><embed src='x.swf'>"),
    "drawing in html": html(f"<b>kept</b><svg onload={ALERT}><script>{ALERT}</script></svg>"),
    "math in html": html(f"<b>kept</b><math><mtext><style><img src=x onerror={ALERT}></style></mtext></math>"),
    "noscript": html(f"<b>kept</b><noscript><p title='</noscript><img src=x onerror={ALERT}>'></noscript>"),
    "comment": html(f"<b>kept</b><!--> <img src=x onerror={ALERT}> -->"),
    "form": html(f"<b>kept</b><form action='javascript:{ALERT}'><button formaction='javascript:{ALERT}'>x</form>"),
    "details": html(f"<b>kept</b><details open ontoggle={ALERT}>x</details>"),
    "refresh": html("<b>kept</b><meta http-equiv='refresh' content='0;url=https://example.org'>"),
    "base": html("<b>kept</b><base href='https://example.org/'>"),
    "sheet that ends": html(f"<b>kept</b><style>a {{}}</style><img src=x onerror={ALERT}>"),
    "isolated": output("text/html", f"<script>{ALERT}</script>", {"text/html": {"isolated": True}}),
    "width": output("image/png", PIXEL, {"image/png": {"width": f"1 onerror={ALERT}"}}),
    "height": output("image/jpeg", PIXEL, {"height": f"1 onerror={ALERT}"}),
    "markdown output": output("text/markdown", f"[x](javascript:{ALERT})"),
    "markdown script": markdown(f"kept <script>{ALERT}</script>"),
    "markdown block": markdown(f"kept\n\n<script>\n{ALERT}\n</script>\n\nafter"),
    "markdown handler": markdown(f'kept <img src="x" onerror="{ALERT}">'),
    "markdown link": markdown(f"kept [x](javascript:{ALERT})"),
    "markdown link with entities": markdown(f"kept [x](java&#115;cript:{ALERT})"),
    "markdown reference": markdown(f"kept [x][1]\n\n[1]: javascript:{ALERT}"),
    "markdown autolink": markdown(f"kept <javascript:{ALERT}>"),
    "markdown prefix": markdown(f'kept <a href="files/javascript:{ALERT}">x</a>'),
    "markdown page": markdown("kept [x](data:text/html;base64,PHNjcmlwdD4=)"),
    "mermaid": markdown(f"kept\n\n```mermaid\n<img src=x onerror={ALERT}>\n```"),
    "fences": markdown(f"kept ```` ``` ````\n\n</pre>\n<script>{ALERT}</script>\n\n[x](javascript:{ALERT})"),
    "attachment": markdown("kept [x](attachment:a) <svg onload=alert(1)>", attachments={"a": {"text/html": "x"}}),
    "identifier": nbformat.v4.new_markdown_cell(
        "kept", metadata={"nbgrader": {"grade_id": f"'\"><script>{ALERT}</script>", "comment": "x"}}
    ),
}

HONEST_HTML = {
    "pandas": "<div>\n<style scoped>\n    .dataframe tbody tr th:only-of-type {\n        vertical-align: middle;\n    }\n"
    '</style>\n<table border="1" class="dataframe">\n  <thead>\n    <tr style="text-align: right;">\n      <th></th>\n'
    "<th>a &lt; b</th></tr></thead><tbody><tr><th>0</th><td>1</td></tr></tbody></table>\n</div>",
    "styler": '<style type="text/css">\n#T_1_row0_col0 {\n  background-color: #fff;\n}\n</style>\n<table id="T_1">'
    '<tr><th class="index_name level0" >&nbsp;</th><td id="T_1_row0_col0" class="data row0 col0" >1</td></tr></table>',
    "plain": "<h3>Title</h3><p>5 < 6 & <b>bold</b> <a href='https://example.org' target='_blank'>link</a></p>".replace(
        " target='_blank'", ""
    ),
    "picture": f'<img src="data:image/png;base64,{PIXEL}" width=10>',
}
HONEST_MARKDOWN = [
    "# Title\n\n> quoted\n\na < b and b > c & d, 1<2, x<-y\n\n* one\n* two\n\n- [x] done",
    "| a | b |\n|---|:-:|\n| 1 | 2 |\n\n![figure](figure.png) [page](https://example.org?a=1&b=2 'title') <https://a.org>",
    "$a < b$ and $$\\frac{1}{2} \\href{https://example.org}{x}$$ \\begin{align} a & b \\end{align}",
    "`<script>alert(1)</script>`\n\n```html\n<img src=x onerror=alert(1)>\n```\n\n    <script>\n\n~~old~~",
    "<details>\n<summary>Answer</summary>\n\n**Yes**\n\n</details> <br> H<sub>2</sub>O <!-- a note -->\n"
    '<img src="figure.png" width="300" alt="x"><span style="color: red">red</span>',
    "Javascript: a language; onerror=alert; the word script",
    "![x](attachment:a.png)",
]


class Live(HTMLParser):
    """Collect what a browser would run or load."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "embed", "svg", "math", "form", "meta", "base", "button", "noscript"):
            self.found.append(tag)
        for name, value in attributes:
            plain = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or plain.startswith(("javascript:", "data:text", "vbscript:")):
                self.found.append(f"{tag} {name}")


@functools.cache
def exporter(*preprocessors):
    """Make the exporter of `nbgrader generate_feedback`. Templates take long to compile."""
    config = Config()
    config.Exporter.default_preprocessors = []
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [os.path.join(EXTENSIONS, "formgrader", "templates")]
    made = HTMLExporter(config=config)
    # The style sheet is no part of what is tested.
    made.extra_loaders = [DictLoader({"bootstrap.min.css": ""})]
    for preprocessor in preprocessors:
        made.register_preprocessor(preprocessor(), enabled=True)
    return made


def page(cell, *preprocessors):
    """Make nbgrader's page of one cell, without its head."""
    names = {"notebook": "one", "student": "ana", "score": 0, "max_score": 1, "late_penalty": 0}
    notebook = nbformat.from_dict({"cells": [copy.deepcopy(cell)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    shown, _ = exporter(*preprocessors).from_notebook_node(notebook, resources={"nbgrader": names})
    return shown[shown.index("<body") :]


def live(text):
    """Name what would run in a page. A tag that does not end takes in what follows it."""
    parser = Live()
    parser.feed(text)
    parser.close()
    return parser.found


@pytest.mark.parametrize("name", HOSTILE)
def test_scripts_are_taken_out(name):
    unprotected, protected = page(HOSTILE[name]), page(HOSTILE[name], DisarmScripts)
    # The parser of these tests reads these two as nobody else does.
    if name not in ("comment", "handler with slashes"):
        assert live(unprotected), "the sample does nothing"
    assert not live(protected)
    assert "kept" not in unprotected or "kept" in protected


def test_widgets_go_with_their_state():
    cell = output("application/vnd.jupyter.widget-view+json", {"model_id": "x"})
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}})
    DisarmScripts().preprocess(notebook, {})
    assert dict(cell.outputs[0].data) == {"text/plain": "plain"}
    assert "widgets" not in notebook.metadata


def test_drawings_with_scripts_are_left_out():
    for content in (
        f"<script>{ALERT}</script>",
        f'<g onload="{ALERT}"/>',
        f'<a xlink:href="javascript:{ALERT}"><text>x</text></a>',
        "<foreignObject/>",
        f'<set attributeName="href" to="javascript:{ALERT}"/>',
        "<g>",
    ):
        cell = output("image/svg+xml", SVG.format(content))
        assert "data:image/svg" in page(cell)
        assert "data:image/svg" not in page(cell, DisarmScripts)
    drawing = SVG.format('<style>*{stroke-linejoin: round}</style><path d="M 0 0" id="p"/><use xlink:href="#p"/>')
    cell = output("image/svg+xml", drawing)
    assert page(cell) == page(cell, DisarmScripts)


def test_a_drawing_is_a_picture_so_that_its_style_sheet_stays_in_it():
    cell = output("image/svg+xml", SVG.format("<style>body { display: none }</style>"))
    assert "data:image/svg" in page(cell, DisarmScripts)
    assert "<svg" not in page(cell, DisarmScripts)
    assert "display: none" not in page(cell, DisarmScripts)


SHEETS = [
    "body { display: none }",
    ".dataframe, .score { display: none }",
    ".dataframe ~ * { display: none }",
    ".dataframe-body { display: none }",
    "#T_1 td { color: red } body { display: none }",
    "#T_1 td { color: red } @media all { body { display: none } }",
    "#T_1 { } } body { display: none }",
    "#T_1 { background: url(https://example.org) }",
    HtmlFormatter().get_style_defs(".output_html"),  # of IPython's `Code`
]


@pytest.mark.parametrize("sheet", SHEETS)
def test_style_sheets_for_the_page_are_cut(sheet):
    fragment = f"<b>kept</b><style>{sheet}</style>"
    cells = [html(fragment), markdown(f"kept\n\n<div>\n{fragment}\n</div>"), output("text/markdown", fragment)]
    assert all("<style" in page(cell) for cell in cells)
    for cell in cells:
        assert "<style" not in page(cell, DisarmScripts)
    assert "<b>kept</b>" in page(cells[0], DisarmScripts)
    loads = "url(" in sheet
    assert ("(Taken out" in page(cells[0], DisarmScripts)) == loads


def test_pages_keep_what_is_displayed_in_its_box():
    notebook = nbformat.v4.new_notebook(cells=[markdown("x")])
    resources = {"submission_id": "1"}
    MarkingView().preprocess(notebook, resources)
    assert "contain: paint" in notebook.cells[0].source
    _, resources = feedback.PageStyle().preprocess(notebook, {"config_dir": ""})
    assert "contain: paint" in resources["inlining"]["css"][-1]
    assert feedback.PREPROCESSORS[-1] is feedback.PageStyle


UNBALANCED = {
    "<ul><li>a<li>b</ul>": True,
    "<p>a<p>b": True,
    "<dl><dt>a<dd>b<ul><li>c</ul></dl>": True,
    "<br><br/></br>": True,
    "<div></div></div>": False,
    "<div><b></div></b>": True,  # browsers end what is bold where the box ends
    "<div><b></div>": False,
    "</table></table>": True,
    "<body onload=f()>": False,  # a page takes over what its second body says
    "<html onclick=f()>": False,
    "</body></html>": True,
    "<plaintext>": False,
    "<!--": False,
    "<ul><li><div><li></li></div></li></ul>": False,
    "<font color=red>a": False,
    "<table><tr><td>a": False,
    "<div/>": False,
}


@pytest.mark.parametrize("fragment", UNBALANCED)
def test_what_ends_or_draws_in_the_box_is_seen(fragment):
    assert harmless(fragment) == UNBALANCED[fragment]


def test_missing_end_tags_are_added_without_a_word(caplog):
    cell = html("<font color=red>first <b>second")
    DisarmScripts().preprocess(nbformat.v4.new_notebook(cells=[cell]), {})
    shown = cell.outputs[0].data["text/html"]
    assert shown.strip() == '<font color="red">first <b>second</b></font>'
    assert not caplog.records


# ---------------------------------------------------------------- Time


@pytest.mark.parametrize("repeated", ["[", "\\\\(", "# \n", "\\begin{a}", "_a", "[a]("])
def test_long_markdown_is_shown_as_text_at_once(repeated):
    source = repeated * (80_000 // len(repeated))
    cells = [markdown(source), output("text/markdown", source)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    begun = time.monotonic()
    DisarmScripts().preprocess(notebook, {})
    once = copy.deepcopy(notebook)
    DisarmScripts().preprocess(notebook, {})  # feedback does it again
    assert notebook == once
    shown = page(cells[0]), page(cells[1])
    assert time.monotonic() - begun < 10
    assert "Shown as text" in shown[0]
    assert dict(cells[1].outputs[0].data) == {"text/plain": "plain"}


@pytest.mark.parametrize("repeated", ["<b></p>", "<table><b>", "<a "])
def test_html_that_takes_long_to_read_is_bounded(repeated):
    cells = [html(repeated * (60_000 // len(repeated))), html("<p>" * 400_000)]
    begun = time.monotonic()
    DisarmScripts().preprocess(nbformat.v4.new_notebook(cells=cells), {})
    assert time.monotonic() - begun < 40
    assert not live(cells[0].outputs[0].data["text/html"])
    assert scripts.REMOVED in cells[1].outputs[0].data["text/html"]


def test_a_pasted_picture_is_not_long():
    source = f"![figure](data:image/png;base64,{base64.b64encode(bytes(150_000)).decode()})"
    assert len(source) > scripts.MOST_MARKDOWN
    assert harmless_markdown(source)


def test_only_what_is_shown_letter_by_letter_counts_as_text():
    assert harmless_markdown(scripts.as_text("<script>\n```` x"))
    for inside in ("x\n```\n<script>", "x\n```\n\n<script>alert(1)</script>\n\n```text"):
        assert not harmless_markdown(scripts.as_text("inside").replace("inside", inside))


def test_a_notebook_gets_so_much_time(monkeypatch):
    monkeypatch.setattr(scripts, "MOST_SECONDS", -1)
    cells = [html("<b>kept</b>"), output("image/png", PIXEL), markdown("**text**"), output("text/latex", "$x$")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    DisarmScripts().preprocess(notebook, {})
    assert cells[0].outputs[0].data == {"text/html": scripts.REMOVED, "text/plain": "plain"}
    assert cells[1].outputs[0].data["image/png"] == PIXEL
    assert cells[2].source == scripts.as_text("**text**")
    assert cells[3].outputs[0].data["text/latex"] == scripts.REMOVED


def test_links_in_formulas_are_seen():
    for text in (r"$\href{javascript:alert(1)}{x}$", r"$\def\a#1{\href{java#1}{x}}\a{script:1}$", r"$\let\h\href$"):
        assert not harmless_markdown(text)
        assert not harmless(text)


@pytest.mark.parametrize("name", HONEST_HTML)
def test_honest_outputs_stay(name):
    cell = html(HONEST_HTML[name])
    DisarmScripts().preprocess(nbformat.v4.new_notebook(cells=[cell]), {})
    assert cell.outputs[0].data["text/html"] == HONEST_HTML[name]


@pytest.mark.parametrize("text", HONEST_MARKDOWN)
def test_honest_markdown_stays(text):
    cell = markdown(text, attachments={"a.png": {"image/png": PIXEL}})
    DisarmScripts().preprocess(nbformat.v4.new_notebook(cells=[cell]), {})
    assert cell.source == text


def test_a_table_beside_a_script_stays_readable():
    cell = html(HONEST_HTML["styler"] + f"<script>{ALERT}</script>")
    DisarmScripts().preprocess(nbformat.v4.new_notebook(cells=[cell]), {})
    shown = cell.outputs[0].data["text/html"]
    assert "background-color: #fff" in shown
    assert '<td id="T_1_row0_col0" class="data row0 col0">1</td>' in shown
    assert "could have run" in shown
    assert ALERT not in shown


def test_code_streams_and_errors_stay_and_run_nothing():
    text = f"<script>{ALERT}</script><img src=x onerror={ALERT}>"
    cell = nbformat.v4.new_code_cell(text, execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=text),
        nbformat.v4.new_output("error", ename=text, evalue=text, traceback=[text]),
        nbformat.v4.new_output("display_data", data={"text/plain": text}),
    ]
    before = copy.deepcopy(cell)
    assert not live(page(cell, DisarmScripts))
    DisarmScripts().preprocess(nbformat.v4.new_notebook(cells=[cell]), {})
    assert cell == before


def test_doing_it_again_changes_nothing():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.from_dict(dict(cell)) for cell in copy.deepcopy(HOSTILE).values()]
    )
    DisarmScripts().preprocess(notebook, {})
    once = copy.deepcopy(notebook)
    DisarmScripts().preprocess(notebook, {})
    assert notebook == once


def test_feedback_takes_scripts_out_after_hidden_tests():
    order = feedback.PREPROCESSORS
    assert order.index(DisarmScripts) > order.index(feedback.HideTests)
