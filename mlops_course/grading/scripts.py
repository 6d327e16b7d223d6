"""Take scripts out of notebooks: the page of a grader, and of whoever reads feedback, shows what a student wrote.

What is shown must consist of tags, attributes and addresses that are known to be harmless, spelled so strictly that
every browser reads them alike, and closed where they were opened. Text that does stays as it is. Other HTML is cleaned;
other Markdown is shown as text. Within its own box what is shown may look as it likes: the pages' style sheet (`BOXES`)
clips each box, so that nothing covers what stands beside it.
"""

from __future__ import annotations

import re
import time
from html import escape, unescape
from typing import Any
from xml.etree.ElementTree import Element

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from bs4 import BeautifulSoup, Tag
from defusedxml import ElementTree
from nbconvert.filters import strip_files_prefix
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_solution, is_task
from traitlets import List

Notebook = Any


def words(text: str) -> frozenset[str]:
    """Make a set of the words in a text."""
    return frozenset(text.split())


# Seconds of cleaning for one output are too many; no table that a person reads is as long.
MOST_CHARACTERS = 1_000_000
MOST_TO_CLEAN = 200_000
# Making HTML of Markdown takes time with the square of its length: 20,000 characters take ten seconds at most, 80,000
# took minutes. Pictures in them do not count. What is shown as text has short lines: nbconvert's search for `files/` in
# links takes time with the square of a line's length.
MOST_MARKDOWN = 20_000
LONGEST_LINE = 1000
MOST_SECONDS = 30  # for a notebook; what comes after is shown without a look, as text
IN_BASE64 = re.compile(r"base64,[\w+/=]++")

# A box is where an output or a Markdown cell is shown. `contain: paint` holds back even `position: fixed`.
BOXES = ".rendered_html, .output_area { contain: paint; overflow-x: auto; overflow-y: hidden; }"

REMOVED = "(Taken out: what could have run a script, or changed other parts of this page.)"
SHOWN_AS_TEXT = "*(Shown as text: it could have run a script or changed other parts of this page, or is too long.)*"
TEXT = re.compile(rf"{re.escape(SHOWN_AS_TEXT)}\n\n(?P<fence>`{{3,}}+)text\n(?P<text>.*)\n(?P=fence)", re.DOTALL)

# What the HTML exporter shows without a script. Widgets, JavaScript and what libraries of plots add are not among them.
KINDS = {
    "text/plain",
    "text/html",
    "text/markdown",
    "text/latex",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/gif",
    "application/json",
}
NEED_A_LOOK = {"text/html", "text/markdown", "text/latex", "image/svg+xml"}

TAGS = words(
    """a abbr acronym b big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em
    figcaption figure font h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q s samp section small span strike
    strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr"""
)
ATTRIBUTES = words(
    """abbr align alt bgcolor border cellpadding cellspacing checked class color colspan dir disabled headers height
    href id lang open rel reversed role rowspan scope scoped size span src start style title type valign
    value width"""
)

NAME = r"[a-zA-Z][a-zA-Z0-9-]*+"
ATTRIBUTE = re.compile(
    rf"""\s++(?P<name>{NAME})(?:=(?:"(?P<double>[^"<]*+)"|'(?P<single>[^'<]*+)'|(?P<bare>[^\s"'<>=`]++)))?"""
)
TAG = re.compile(
    rf"""<!--(?:(?!--)[^<>])*+-->|
    <style(?:\s++type="text/css"|\s++scoped)*+\s*+>(?P<css>[^<]*+)</style>|
    <(?P<close>/?)(?P<tag>{NAME})
    (?P<attributes>(?:\s++{NAME}(?:=(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>=`]++))?+)*+)\s*+/?>""",
    re.VERBOSE,
)
# A browser takes any other < for text.
OPENS = re.compile(r"<(?=[a-zA-Z/!?])")

# Style sheets hold for the whole page. Those of pandas, which only name parts of its own tables, are let through.
SELECTOR = r"\s*+(?:#T_\w++|\.dataframe(?![\w-]))[\w\s.:()#-]*+"
CONFINED_CSS = re.compile(rf"(?:{SELECTOR}(?:,{SELECTOR})*+\{{[^{{}}@]*+\}})*+\s*+")

# Which tags need no end, and which open ones another of their kind ends.
VOID = words("br col hr img input wbr")
OPTIONAL_END = words("p li dd dt")
ITEMS = words("li dd dt")
LISTS = words("ul ol dl table")

CSS_THAT_LOADS = re.compile(r"[\\<]|@import|url\s*\(|image-set|expression|script\s*:|behavior|-moz-binding", re.I)
SCHEME = re.compile(r"^[^/?#]*:")
SAFE_SCHEME = re.compile(r"(?:https?|mailto|attachment):", re.I)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|svg\+xml);base64,[a-z0-9+/=]*+$", re.I)
# MathJax makes links, whatever name a macro gives them.
MATH_LINK = re.compile(r"\\(?:href(?!\s*\{\s*(?:https?://|mailto:|#))|require\b)", re.I)

# Contents that are no text for people.
NO_TEXT = ["script", "style", "iframe", "object", "embed", "noscript", "template", "svg", "math", "head"]


def harmless_address(address: str, picture: bool = False) -> bool:
    """Tell whether a link, or the source of a picture, only leads somewhere."""
    # Browsers ignore these characters within a scheme.
    plain = re.sub(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]", "", unescape(address))
    return not SCHEME.match(plain) or bool(SAFE_SCHEME.match(plain)) or (picture and bool(PICTURE.match(plain)))


def harmless_attribute(tag: str, name: str, value: str) -> bool:
    """Tell whether an attribute neither runs nor loads anything but a picture."""
    name = name.lower()
    if name in ("href", "src"):
        return (tag, name) in (("a", "href"), ("img", "src")) and harmless_address(value, name == "src")
    if name == "style":
        return not CSS_THAT_LOADS.search(unescape(value))
    return name in ATTRIBUTES


def harmless_sheet(css: str) -> bool:
    """Tell whether a style sheet loads nothing and only names parts of a table of pandas'."""
    return bool(CONFINED_CSS.fullmatch(css)) and not CSS_THAT_LOADS.search(css)


def closes(found: re.Match[str], open_tags: list[str]) -> bool:
    """Tell whether a tag closes what was opened last, or opens something; keep account of what is open.

    An end tag too many would end the box that an output is shown in, an end tag that is missing would draw in what
    follows.
    """
    tag = (found["tag"] or "").lower()
    if not tag or tag in VOID:
        return True
    if found["close"]:
        while open_tags and open_tags[-1] != tag and open_tags[-1] in OPTIONAL_END:
            open_tags.pop()
        return bool(open_tags) and open_tags.pop() == tag
    if tag in ITEMS:  # browsers end the item before, and whatever is open in it
        while open_tags and open_tags[-1] in OPTIONAL_END:
            open_tags.pop()
        last = next((one for one in reversed(open_tags) if one in ITEMS | LISTS), None)
        if last in ITEMS:
            return False
    open_tags.append(tag)
    return True


def harmless_tag(found: re.Match[str]) -> bool:
    """Tell whether a tag, a comment or a style sheet may be shown."""
    if found["css"] is not None:
        return harmless_sheet(found["css"])
    if not found["tag"]:
        return True
    tag = found["tag"].lower()
    attributes = {
        one["name"].lower(): one["double"] or one["single"] or one["bare"] or ""
        for one in ATTRIBUTE.finditer(found["attributes"])
    }
    if tag == "input" and attributes.get("type") != "checkbox":  # mistune makes them from task lists
        return False
    return tag in TAGS and all(
        harmless_attribute(tag, one["name"], one["double"] or one["single"] or one["bare"] or "")
        for one in ATTRIBUTE.finditer(found["attributes"])
    )


def harmless(html: str) -> bool:
    """Tell whether HTML consists of nothing but what is known to run no script, and ends what it begins."""
    if MATH_LINK.search(html) or MATH_LINK.search(unescape(TAG.sub("", html))):
        return False
    position, open_tags = 0, []
    while opening := OPENS.search(html, position):
        found = TAG.match(html, opening.start())
        if not found or not harmless_tag(found) or not closes(found, open_tags):
            return False
        position = found.end()
    return not set(open_tags) - OPTIONAL_END


def harmless_element_of_html(element: Tag) -> bool:
    """Tell whether an element would be kept with all its attributes."""
    tag = element.name.lower()
    values = ((name, value if isinstance(value, str) else " ".join(value)) for name, value in element.attrs.items())
    return tag in TAGS | {"style"} and all(harmless_attribute(tag, name, value) for name, value in values)


def clean(html: str) -> str:
    """Return HTML without what could run, its text and its harmless style sheets kept.

    Parameters
    ----------
    html : str
        What a student's code displayed.

    Returns
    -------
    str
        The same text if it is harmless.
    """
    if len(html) <= MOST_CHARACTERS and harmless(html):
        return html
    note = f"<p><em>{REMOVED}</em></p>"
    if len(html) > MOST_TO_CLEAN:
        return note
    try:
        soup = BeautifulSoup(html, "html.parser")
        sheets = [sheet.get_text() for sheet in soup.find_all("style")]
        kept = [sheet for sheet in sheets if harmless_sheet(sheet)]
        # A style sheet for the page, such as IPython's own for a listing, goes without a word: only looks are lost.
        removed = any(map(CSS_THAT_LOADS.search, sheets)) or MATH_LINK.search(html)
        removed = removed or not all(map(harmless_element_of_html, soup.find_all()))
        for element in soup.find_all(NO_TEXT):
            element.decompose()
        cleaned = bleach.clean(
            str(soup),
            tags=TAGS - {"input"},
            attributes=harmless_attribute,
            protocols=["http", "https", "mailto", "data"],
            css_sanitizer=CSSSanitizer(allowed_css_properties=ALLOWED_CSS_PROPERTIES),
            strip=True,
        )
    except Exception:  # what parsers cannot take is not worth showing
        return note
    styles = "".join(f"<style>{sheet}</style>\n" for sheet in kept)
    cleaned = f"{styles}{cleaned}\n{note if removed else ''}"
    return cleaned if harmless(cleaned) else note


def harmless_element(element: Element) -> bool:
    """Tell whether an element of a drawing runs and loads nothing."""
    tag = str(element.tag).rpartition("}")[2].lower()
    if tag in ("script", "foreignobject", "handler", "listener", "iframe", "object", "embed"):
        return False
    if tag == "style" and CSS_THAT_LOADS.search("".join(element.itertext())):
        return False
    for key, value in element.attrib.items():
        name = key.rpartition("}")[2].lower()
        if name.startswith("on") or name == "base":
            return False
        if name in ("href", "src", "to", "from", "values", "by") and not harmless_address(value, picture=True):
            return False
        if name == "attributename" and value.strip().lower().rpartition(":")[2].startswith(("href", "on")):
            return False
    return True


def harmless_drawing(svg: str) -> bool:
    """Tell whether an SVG is well-formed, and runs and loads nothing."""
    if len(svg) > 10 * MOST_CHARACTERS or "<?xml-stylesheet" in svg or "<!ENTITY" in svg:
        return False
    encoding = re.match(r"""\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""", svg)
    if encoding and encoding[1].lower() not in ("utf-8", "ascii", "us-ascii"):
        return False
    try:
        return all(harmless_element(element) for element in ElementTree.fromstring(svg.encode()).iter())
    except Exception:  # the parsers have many: not well-formed, entities, encodings
        return False


def harmless_markdown(text: str, attachments: dict[str, Any] | None = None) -> bool:
    """Tell whether Markdown, made into HTML the way feedback and formgrader do, is harmless."""
    if is_shown_as_text(text):
        return True
    if len(text) > MOST_CHARACTERS or len(IN_BASE64.sub("", text)) > MOST_MARKDOWN:
        return False
    if not set("<[\\") & set(text):
        return True
    try:
        page = MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=attachments)).render(text)
    except Exception:  # the pages could not be made either: a picture is missing, for example
        return False
    return harmless(strip_files_prefix(page))


def as_text(text: str) -> str:
    """Return Markdown that shows text letter by letter, long lines broken."""
    text = re.sub(rf"(.{{{LONGEST_LINE}}})(?=.)", r"\1\n", text)
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{SHOWN_AS_TEXT}\n\n{fence}text\n{text}\n{fence}"


def is_shown_as_text(source: str) -> bool:
    """Tell whether Markdown is what `as_text` makes."""
    found = TEXT.fullmatch(source)
    return found is not None and found["fence"] not in found["text"]


def whole_number(value: Any) -> bool:
    """Tell whether something is an integer and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def sizes(metadata: dict[str, Any]) -> dict[str, Any]:
    """Keep of an output's metadata how large its pictures are: the templates put the rest into tags, without quotes."""
    kept = {key: value for key, value in metadata.items() if key in ("width", "height") and whole_number(value)}
    for kind, settings in metadata.items():
        if kind in KINDS and isinstance(settings, dict) and (inner := sizes(settings)):
            kept[kind] = inner
    return kept


def disarm_output(output: Notebook) -> bool:
    """Take what could run out of one output, in place; tell whether there was any.

    Streams and errors need nothing: nbconvert escapes them.
    """
    if "data" not in output:
        return False
    before = dict(output.data)
    for kind, content in before.items():
        if kind == "application/json":
            continue
        if kind not in KINDS or not isinstance(content, str):
            del output.data[kind]
        elif kind == "text/html":
            output.data[kind] = clean(content)
        elif (
            (kind == "text/markdown" and not harmless_markdown(content))
            or (kind == "text/latex" and MATH_LINK.search(content))
            or (kind == "image/svg+xml" and not harmless_drawing(content))
        ):
            del output.data[kind]
    if before and not output.data:
        output.data["text/plain"] = REMOVED
    output.metadata = type(output)(sizes(output.get("metadata", {})))
    output.pop("svg_filename", None)
    html = output.data.get("text/html", "")
    cleaned = html != before.get("text/html", "") and REMOVED in html  # not if it only got its end tags
    return cleaned or bool(before.keys() - output.data.keys())


def disarm_cell(cell: Notebook) -> bool:
    """Take what could run out of one cell, in place; tell whether there was any. Code is left alone."""
    nbgrader = cell.metadata.get("nbgrader", {})
    # The templates print both as they are. In answers, GetGrades puts the comment from the gradebook there.
    if not is_solution(cell) and not is_task(cell):
        nbgrader.pop("comment", None)
    if not re.fullmatch(r"[\w.-]*", str(nbgrader.get("grade_id", ""))):
        del cell.metadata["nbgrader"]
    if cell.cell_type == "code":
        if not whole_number(cell.get("execution_count")):
            cell.execution_count = None
        changed = [disarm_output(output) for output in cell.outputs]
        return any(changed)
    if cell.cell_type == "markdown" and not harmless_markdown(cell.source, cell.get("attachments")):
        cell.source = as_text(cell.source)
        return True
    if cell.cell_type == "raw" and not harmless(cell.source):
        cell.source = escape(cell.source, quote=False)
        return True
    return False


def show_plainly(cell: Notebook) -> bool:
    """Leave of a cell what needs no look; tell whether anything went."""
    if cell.cell_type == "code":
        rich = [(output.data, kind) for output in cell.outputs for kind in NEED_A_LOOK & set(output.get("data", ()))]
        for data, kind in rich:
            data[kind] = REMOVED
        return bool(rich)
    if is_shown_as_text(cell.source):
        return False
    cell.source = as_text(cell.source) if cell.cell_type == "markdown" else escape(cell.source, quote=False)
    return True


class DisarmScripts(NbGraderPreprocessor):
    """Take out of a notebook what would run in the browser of whoever looks at it in formgrader or in feedback.

    After `SaveAutoGrades`: it compares answers with the text that was handed out.
    """

    # As nbgrader's own GetGrades has it: nbconvert sets it for every preprocessor, and warns where it cannot.
    display_data_priority = List(config=True)

    def preprocess(self, nb: Notebook, resources: dict[str, Any]) -> tuple[Notebook, dict[str, Any]]:
        """Clean outputs, Markdown and metadata; one line in the log for each cell that changed."""
        nb.metadata.pop("widgets", None)
        names = resources.get("nbgrader", {})
        until = time.monotonic() + MOST_SECONDS
        for number, cell in enumerate(nb.cells, start=1):
            plain = time.monotonic() > until and show_plainly(cell)
            if disarm_cell(cell) or plain:
                name = cell.metadata.get("nbgrader", {}).get("grade_id", number)
                notebook = f"{names.get('student', '?')}, {names.get('notebook', '?')}.ipynb"
                self.log.warning("%s: took out what could run in a browser or cover a page (cell %s)", notebook, name)
        return nb, resources
