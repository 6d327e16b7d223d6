"""Take scripts out of notebooks: the page of a grader, and of whoever reads feedback, shows what a student wrote.

What is shown was read as browsers read it (html5lib, which bleach brings), and holds nothing but tags, attributes and
addresses that are known to be harmless, within the box it is shown in. Other HTML is cleaned; other Markdown is shown
as text. Within its own box what is shown may look as it likes: the pages' style sheet (`BOXES`) clips each box, so that
nothing covers what stands beside it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import escape, unescape
from typing import Any
from xml.etree.ElementTree import Element

from bleach.html5lib_shim import HTMLParser
from defusedxml import ElementTree
from nbconvert.filters import strip_files_prefix
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_solution, is_task
from traitlets import List

Notebook = Any

# Hostile HTML of so many characters takes half a minute at most to read. Making it of Markdown takes time with the
# square of its length: 20,000 characters take ten seconds at most, 80,000 took minutes. Pictures in them do not count.
# Ordinary output is not nested as deep, and reading it takes time with the product of depth and length.
MOST_HTML = 100_000
MOST_MARKDOWN = 20_000
MOST_DRAWING = 10_000_000
DEEPEST = 100
MOST_SECONDS = 30  # for a notebook; what comes after is shown without a look, as text
# nbconvert's search for `files/` in links takes time with the square of a line's length.
LONGEST_LINE = 1000
IN_BASE64 = re.compile(r"base64,[\w+/=]++")

# A box is where an output or a Markdown cell is shown. `contain: paint` holds back even `position: fixed`.
BOXES = ".rendered_html, .output_area { contain: paint; overflow-x: auto; overflow-y: hidden; }"

REMOVED = "(Taken out: what could have run a script, or changed other parts of this page.)"
SHOWN_AS_TEXT = "*(Shown as text: it could have run a script or changed other parts of this page, or is too long.)*"
TEXT = re.compile(rf"{re.escape(SHOWN_AS_TEXT)}\n\n(?P<fence>`{{3,}}+)text\n(?P<text>.*)\n(?P=fence)", re.DOTALL)

# What the HTML exporter shows without a script. Widgets, JavaScript and what libraries of plots add are not among them.
PLAIN = {"text/plain", "image/png", "image/jpeg", "image/gif", "application/json"}


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = words(
    """a abbr acronym b big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em
    figcaption figure font h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q s samp section small span strike
    strong style sub summary sup table tbody td tfoot th thead tr tt u ul var wbr"""
)
ATTRIBUTES = words(
    """abbr align alt bgcolor border cellpadding cellspacing checked class color colspan dir disabled headers height
    href id lang open rel reversed role rowspan scope scoped size span src start style title type valign
    value width"""
)
# Contents that are no text for people.
NO_TEXT = words("script iframe object embed noscript template svg math head")
ACTIVE_IN_DRAWINGS = words("script foreignobject handler listener iframe object embed set animate")
VOID = words("br col hr img input wbr")

# Style sheets hold for the whole page. Those of pandas, which only name parts of its own tables, are let through.
SELECTOR = r"\s*+(?:#T_\w++|\.dataframe(?![\w-]))[\w\s.:()#-]*+"
CONFINED_CSS = re.compile(rf"(?:{SELECTOR}(?:,{SELECTOR})*+\{{[^{{}}@]*+\}})*+\s*+")
CSS_THAT_LOADS = re.compile(r"[\\<]|@import|url\s*\(|image-set|expression|script\s*:|behavior|-moz-binding", re.I)
IGNORED_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]")
LEADS_SOMEWHERE = re.compile(r"(?:https?|mailto|attachment):|[^:/?#]*+(?:[/?#]|$)", re.I)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|svg\+xml);base64,[a-z0-9+/=]*+$", re.I)
# MathJax makes links, whatever name a macro gives them.
MATH_LINK = re.compile(r"\\(?:href(?!\s*\{\s*(?:https?://|mailto:|#))|require\b)", re.I)


def harmless_address(address: str, picture: bool = False) -> bool:
    """Tell whether a link, or the source of a picture, only leads somewhere."""
    plain = IGNORED_IN_ADDRESSES.sub("", unescape(address))
    return bool(LEADS_SOMEWHERE.match(plain) or (picture and PICTURE.match(plain)))


def harmless_attribute(tag: str, name: str, value: str) -> bool:
    """Tell whether an attribute neither runs nor loads anything but a picture."""
    if name in ("href", "src"):
        return (tag, name) in (("a", "href"), ("img", "src")) and harmless_address(value, name == "src")
    if name == "style":
        return not CSS_THAT_LOADS.search(value)
    return name in ATTRIBUTES


def harmless_sheet(css: str) -> bool:
    """Tell whether a style sheet loads nothing and only names parts of a table of pandas'."""
    return bool(CONFINED_CSS.fullmatch(css)) and not CSS_THAT_LOADS.search(css)


class Tree(type(HTMLParser().tree)):
    """html5lib's tree, of bounded depth."""

    def insertElementNormal(self, token: dict[str, Any]) -> Any:  # noqa: N802 (html5lib's name)
        if len(self.openElements) + len(self.activeFormattingElements) > DEEPEST:
            raise ValueError("nested too deep")
        return super().insertElementNormal(token)


def read_box(html: str) -> tuple[Element, bool]:
    """Read HTML as a browser does that shows it in a box; tell whether it stays there. Raise if it takes too long."""
    if len(IN_BASE64.sub("", html)) > MOST_HTML:
        raise ValueError("too long")
    parser = HTMLParser(tree=Tree, namespaceHTMLElements=False)
    page = parser.parse(f"<!doctype html><body><div><div>{html}</div><i></i></div>", scripting=True)
    body = page.find("body")
    stays = [(one.tag, len(one)) for one in body] == [("div", 2)] and [one.tag for one in body[0]] == ["div", "i"]
    return body[0][0], stays and not (len(body[0][1]) or page.attrib or body.attrib)


def is_entry(element: Element) -> bool:
    """Tell whether an element takes what a reader types or clicks. Boxes to tick are fine: task lists have them."""
    return element.tag == "input" and element.get("type") != "checkbox"


def harmless_element(element: Element) -> bool:
    """Tell whether an element is known to be harmless. A comment, which has no name, is."""
    attributes = element.attrib
    return not isinstance(element.tag, str) or (
        element.tag in TAGS
        and (element.tag != "style" or harmless_sheet(element.text or ""))
        and not is_entry(element)
        and all(harmless_attribute(element.tag, name, value) for name, value in attributes.items())
    )


def harmless(html: str) -> bool:
    """Tell whether HTML runs nothing, and changes nothing outside the box it is shown in."""
    try:
        box, stays = read_box(html)
    except Exception:  # what parsers cannot take is not worth showing
        return False
    return stays and all(map(harmless_element, box.iter())) and not MATH_LINK.search("".join(box.itertext()))


def spell(element: Element) -> str:
    """Write what is harmless of an element, in HTML."""
    if not isinstance(element.tag, str) or element.tag in NO_TEXT or is_entry(element):
        return ""
    if element.tag == "style":
        return f"<style>{element.text}</style>" if harmless_sheet(element.text or "") else ""
    inner = escape(element.text or "", quote=False)
    inner += "".join(spell(child) + escape(child.tail or "", quote=False) for child in element)
    if element.tag not in TAGS - {"style"}:
        return inner
    kept = [(name, value) for name, value in element.attrib.items() if harmless_attribute(element.tag, name, value)]
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in kept)
    return f"<{element.tag}{attributes}>" + ("" if element.tag in VOID else f"{inner}</{element.tag}>")


def clean(html: str) -> str:
    """Return HTML without what could run, its text and its harmless style sheets kept; the same if it is harmless."""
    if harmless(html):
        return html
    note = f"<p><em>{REMOVED}</em></p>"
    try:
        box, _ = read_box(html)
    except Exception:
        return note
    # A style sheet for the page, such as IPython's own for a listing, goes without a word: only looks are lost.
    elements = [one for one in box.iter() if one.tag != "style" or CSS_THAT_LOADS.search(one.text or "")]
    cleaned = spell(box).removeprefix("<div>").removesuffix("</div>")
    cleaned += "" if all(map(harmless_element, elements)) else f"\n{note}"
    return cleaned if harmless(cleaned) else note


def harmless_drawing(svg: str) -> bool:
    """Tell whether a drawing is well-formed and runs nothing. Pages show it as a picture, but it can be opened."""
    if len(svg) > MOST_DRAWING or "<?xml-stylesheet" in svg:
        return False
    try:
        elements = list(ElementTree.fromstring(svg).iter())
    except Exception:  # the parsers have many: not well-formed, entities, encodings
        return False
    return not any(
        local_name(element.tag) in ACTIVE_IN_DRAWINGS
        or (local_name(element.tag) == "style" and CSS_THAT_LOADS.search("".join(element.itertext())))
        or any(
            name.startswith("on") or (name in ("href", "src", "base") and not harmless_address(value, picture=True))
            for name, value in ((local_name(key), value) for key, value in element.items())
        )
        for element in elements
    )


def local_name(name: Any) -> str:
    """Return a name of XML without its namespace; a comment has a function for a name."""
    return str(name).rpartition("}")[2].lower()


def harmless_markdown(text: str, attachments: dict[str, Any] | None = None) -> bool:
    """Tell whether Markdown, made into HTML the way feedback and formgrader do, is harmless."""
    if is_shown_as_text(text):
        return True
    if len(IN_BASE64.sub("", text)) > MOST_MARKDOWN:
        return False
    try:
        page = MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=attachments)).render(text)
    except Exception:  # the pages could not be made either: a picture is missing, for example
        return False
    return harmless(strip_files_prefix(page))


def as_text(text: str) -> str:
    """Return Markdown that shows text letter by letter, long lines broken."""
    text = re.sub(rf"(.{{{LONGEST_LINE}}})(?=.)", r"\1\n", text)
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 0)
    return f"{SHOWN_AS_TEXT}\n\n{fence}text\n{text}\n{fence}"


def is_shown_as_text(source: str) -> bool:
    """Tell whether Markdown is what `as_text` makes."""
    found = TEXT.fullmatch(source)
    return found is not None and found["fence"] not in found["text"]


def sizes(metadata: dict[str, Any]) -> dict[str, Any]:
    """Keep of an output's metadata how large its pictures are: the templates put the rest into tags, without quotes."""
    kept = {key: value for key, value in metadata.items() if key in ("width", "height") and type(value) is int}
    for kind, settings in metadata.items():
        if kind in PLAIN and isinstance(settings, dict) and (inner := sizes(settings)):
            kept[kind] = inner
    return kept


# How each kind of output that may hold scripts is looked at.
NEED_A_LOOK: dict[str, Callable[[str], bool]] = {
    "text/html": harmless,
    "text/markdown": harmless_markdown,
    "text/latex": lambda text: not MATH_LINK.search(text),
    "image/svg+xml": harmless_drawing,
}


def disarm_output(output: Notebook, hurry: bool) -> bool:
    """Take what could run out of one output, in place; tell whether there was any. In a hurry, nothing is looked at.

    Streams and errors need nothing: nbconvert escapes them.
    """
    before = dict(output.get("data", {}))
    taken = False
    for kind, content in before.items():
        looks_fine = NEED_A_LOOK.get(kind, lambda _, kind=kind: kind in PLAIN)
        if kind in NEED_A_LOOK and hurry:
            output.data[kind] = REMOVED
        elif kind == "application/json" or (isinstance(content, str) and looks_fine(content)):
            continue
        elif kind == "text/html" and isinstance(content, str):
            output.data[kind] = clean(content)
            taken |= REMOVED in output.data[kind]  # not if it only got its end tags
            continue
        else:
            del output.data[kind]
        taken = True
    if before:
        if not output.data:
            output.data["text/plain"] = REMOVED
        output.metadata = type(output)(sizes(output.get("metadata", {})))
    output.pop("svg_filename", None)
    return taken


def disarm_cell(cell: Notebook, hurry: bool = False) -> bool:
    """Take what could run out of one cell, in place; tell whether there was any. Code is left alone."""
    nbgrader = cell.metadata.get("nbgrader", {})
    # The templates print both as they are. In answers, GetGrades puts the comment from the gradebook there.
    if not is_solution(cell) and not is_task(cell):
        nbgrader.pop("comment", None)
    if not re.fullmatch(r"[\w.-]*", str(nbgrader.get("grade_id", ""))):
        del cell.metadata["nbgrader"]
    if cell.cell_type == "code":
        if type(cell.get("execution_count")) is not int:
            cell.execution_count = None
        taken = [disarm_output(output, hurry) for output in cell.outputs]
        return any(taken)
    if cell.cell_type == "markdown":
        safe = is_shown_as_text(cell.source) or (not hurry and harmless_markdown(cell.source, cell.get("attachments")))
    else:
        safe = not hurry and harmless(cell.source)
    if not safe:
        cell.source = as_text(cell.source) if cell.cell_type == "markdown" else escape(cell.source, quote=False)
    return not safe


class DisarmScripts(NbGraderPreprocessor):
    """Take out of a notebook what would run in the browser of whoever looks at it in formgrader or in feedback.

    After `SaveAutoGrades`: it compares answers with the text that was handed out.
    """

    # As nbgrader's own GetGrades has it: nbconvert sets it for every preprocessor, and warns where it cannot.
    display_data_priority = List(config=True)

    def preprocess(self, nb: Notebook, resources: dict[str, Any]) -> tuple[Notebook, dict[str, Any]]:
        nb.metadata.pop("widgets", None)
        names = resources.get("nbgrader", {})
        until = time.monotonic() + MOST_SECONDS
        for number, cell in enumerate(nb.cells, start=1):
            if disarm_cell(cell, hurry=time.monotonic() > until):
                name = cell.metadata.get("nbgrader", {}).get("grade_id", number)
                notebook = f"{names.get('student', '?')}, {names.get('notebook', '?')}.ipynb"
                self.log.warning("%s: took out what could run in a browser or cover a page (cell %s)", notebook, name)
        return nb, resources
