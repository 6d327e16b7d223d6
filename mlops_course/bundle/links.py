"""Links of documents and lessons that lead to nothing in the students' copy."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from mlops_course.bundle.tree import Files

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|<(?:a|img)\b[^>]*?\b(?:href|src)=[\"']([^\"']+)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", flags=re.IGNORECASE)


def documents(files: Files) -> Iterator[tuple[str, str]]:
    """Give the Markdown of every document and of every notebook's text cells, with the place where it stands."""
    for name, file in files.items():
        if name.endswith(".md"):
            yield name, file.content.decode()
        elif name.endswith(".ipynb"):
            for number, cell in enumerate(json.loads(file.content)["cells"], start=1):
                if cell["cell_type"] == "markdown":
                    yield f"{name}, cell {cell.get('id', number)}", "".join(cell["source"])


def anchors(text: str) -> set[str]:
    """Give the names that the headings of a document have in links."""
    headings = re.findall(r"^#+ +(.+?)\s*#*$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def find_broken_links(files: Files) -> list[str]:
    """Name every link to a file, or to a heading of the same document, that is not there."""
    folders = {posixpath.dirname(name) for name in files}
    there = {*files, *folders, *(parent for folder in folders for parent in parents(folder))}
    found = []
    for place, text in documents(files):
        name = place.partition(", cell ")[0]
        known = anchors(text) if name.endswith(".md") else None
        for number, line in enumerate(text.split("\n"), start=1):
            for link in (unquote(one or other) for one, other in LINK.findall(line)):
                path, _, anchor = link.partition("#")
                if ELSEWHERE.match(link) or (not path and (known is None or anchor in known)):
                    continue
                target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else None
                if target is None or target not in there:
                    found.append(f"{place}, line {number}: the link to {link} leads to nothing")
    return found


def parents(folder: str) -> Iterator[str]:
    while folder:
        folder = posixpath.dirname(folder)
        yield folder or "."
