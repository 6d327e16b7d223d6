"""Figures that everybody can read, code that fits on the screen, pictures in words, links and headings that lead on."""

import copy
import itertools
import re
import subprocess

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from tests.notebooks.test_clean import CLEAN, headings, read

# In JupyterLab at 1280 px, with the file browser open, 106 characters fit into a code cell: 846 px, 7.83 px for each.
CHARACTERS = 104
FIGURE = re.compile(r"\bplt\.(subplots|figure)\(")
IN_WORDS = "**The figure:**"

# What remains of a colour, in linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = [0.9505, 1.0, 1.089]


# ---------------------------------------------------------------- Colours


def cielab(colour, seen_as=None):
    """Give lightness (0 to 100), green to red and blue to yellow of a colour, as somebody sees it."""
    value = np.array(to_rgb(colour))
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.eye(3) @ linear if seen_as is None else np.array(seen_as) @ linear, 0, 1)
    ratio = np.array(TO_XYZ) @ seen / np.array(WHITE)
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def colour_problems(cycle):
    """Name what somebody cannot tell apart: neighbours in greyscale, any two with a colour vision deficiency.

    A lightness difference of 10 is plain to see; so is a distance of 15 in CIELAB, where 2 is just noticeable.
    """
    found = [
        f"greyscale: {one} and {two}"
        for one, two in itertools.pairwise(cycle)
        if abs(cielab(one)[0] - cielab(two)[0]) < 10
    ]
    for name, seen_as in {"normal": None, "deuteranopia": DEUTERANOPIA, "protanopia": PROTANOPIA}.items():
        found += [
            f"{name}: {one} and {two}"
            for one, two in itertools.combinations(cycle, 2)
            if np.linalg.norm(cielab(one, seen_as) - cielab(two, seen_as)) < 15
        ]
    return found


@pytest.fixture
def style(root):
    return matplotlib.rc_params_from_file(root / "notebooks" / "course.mplstyle", use_default_template=False)


def test_the_colours_can_be_told_apart(style):
    assert colour_problems([f"{entry['color']}" for entry in style["axes.prop_cycle"]]) == []


@pytest.mark.parametrize(
    ("cycle", "complaint"),
    [
        (["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728"], "protanopia: #ff7f0e and #2ca02c"),  # matplotlib's own
        (["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728"], "deuteranopia: #2ca02c and #d62728"),
        (["#0072B2", "#E69F00", "#009E73", "#D55E00"], "greyscale: #009E73 and #D55E00"),  # Okabe and Ito's order
        (["#808080", "#828282"], "normal: #808080 and #828282"),
    ],
)
def test_colours_that_cannot_be_told_apart_are_noticed(cycle, complaint):
    assert complaint in colour_problems(cycle)


def test_known_values_of_colour():
    assert cielab("white")[0] == pytest.approx(100, abs=0.01)
    assert cielab("black")[0] == pytest.approx(0, abs=0.01)
    assert cielab("red") == pytest.approx([53.2, 80.1, 67.2], abs=0.2)
    grey = cielab("#777777", DEUTERANOPIA)
    assert grey == pytest.approx(cielab("#777777"), abs=0.5), "who sees no colour sees grey as it is"


def test_figures_stand_on_white(style):
    """In dark mode, too: a transparent figure would show black axes on a black page."""
    assert style["figure.facecolor"] == "white"
    assert not style.get("savefig.transparent", False)


# ---------------------------------------------------------------- Figures and code in lessons


def source(cell):
    return "".join(cell["source"])


def figure_problems(notebook):
    """Say which figure is drawn without the course's style, and which shown one is not put into words after it."""
    found, cells, styled = [], notebook["cells"], False
    for position, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        text = source(cell)
        drawn = FIGURE.search(text)
        in_style = re.search(r"plt\.style\.use\([^)]*course\.mplstyle", text)
        if drawn and not styled and not (in_style and in_style.start() < drawn.start()):
            found.append(f"{cell['id']}: a figure before plt.style.use")
        styled = styled or bool(in_style)
        if drawn and "plt.close(" not in text:
            after = source(cells[position + 1]) if position + 1 < len(cells) else ""
            if not after.startswith(IN_WORDS) or len(after.split("\n\n")[0]) < 100:
                found.append(f"{cell['id']}: no words for the figure")
    return found


def wide_lines(notebook):
    """Name the lines of code that need scrolling."""
    lines = [(cell["id"], line) for cell in notebook["cells"] if cell["cell_type"] == "code"
             for line in source(cell).split("\n")]  # fmt: skip
    return [f"{name}: {line}" for name, line in lines if len(line) > CHARACTERS]


def pictures_without_words(text):
    """Find pictures in Markdown or HTML without an alternative text."""
    named = [name for words, name in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)", text) if len(words.split()) < 3]
    return named + [tag for tag in re.findall(r"<img\b[^>]*>", text) if not re.search(r'\balt="[^"]{10,}"', tag)]


def test_figures_are_in_one_style_and_in_words(root):
    lessons = {path.stem: read(path) for path in (root / "notebooks").glob("*.ipynb")}
    drawn = [cell for lesson in lessons.values() for cell in lesson["cells"]
             if cell["cell_type"] == "code" and FIGURE.search(source(cell))]  # fmt: skip
    assert len(drawn) >= 10
    assert {name: found for name, lesson in lessons.items() if (found := figure_problems(lesson))} == {}


def test_code_fits_on_the_screen(root):
    lessons = {path.stem: read(path) for path in (root / "notebooks").glob("*.ipynb")}
    assert {name: found for name, lesson in lessons.items() if (found := wide_lines(lesson))} == {}
    for path in (root / "source" / "week-09").glob("*.ipynb"):
        tries = {"cells": [cell for cell in read(path)["cells"] if cell["id"].startswith("try_")]}
        assert tries["cells"]
        assert wide_lines(tries) == [], path.name


def test_pictures_are_in_words(root):
    assert {name: found for name, text in documents(root).items() if (found := pictures_without_words(text))} == {}
    assert any("![" in text for text in documents(root).values())


def lesson(*cells):
    """Make a notebook of texts and code; text begins with a letter, a star or a hash."""
    notebook = copy.deepcopy(CLEAN)
    notebook["cells"] = [
        {"id": f"cell_{number}", "cell_type": kind, "source": [text], "metadata": {}}
        for number, (kind, text) in enumerate(cells)
    ]
    return notebook


STYLE = ("code", 'plt.style.use("course.mplstyle")')
DRAW = ("code", "figure, axis = plt.subplots()\nplt.show()")
WORDS = ("markdown", f"{IN_WORDS} {'the loss falls from epoch to epoch, and then it stays. ' * 2}")


def test_a_figure_without_style_or_words_is_noticed():
    assert figure_problems(lesson(STYLE, DRAW, WORDS)) == []
    assert figure_problems(lesson(DRAW, WORDS)) == ["cell_0: a figure before plt.style.use"]
    assert figure_problems(lesson(STYLE, DRAW)) == ["cell_1: no words for the figure"]
    assert figure_problems(lesson(STYLE, DRAW, ("markdown", "Nice."), WORDS)) == ["cell_1: no words for the figure"]
    assert figure_problems(lesson(STYLE, DRAW, ("markdown", f"{IN_WORDS} a line."))) != []


def test_a_wide_line_and_a_picture_without_words_are_noticed():
    assert wide_lines(lesson(("code", "x" * CHARACTERS))) == []
    assert wide_lines(lesson(("code", "y = 1\n" + "x" * (CHARACTERS + 1)))) != []
    assert pictures_without_words("![](a.png)") == ["a.png"]
    assert pictures_without_words("![figure](a.png)") == ["a.png"]
    assert pictures_without_words("![A loss that falls for ten epochs](a.png)") == []
    assert pictures_without_words('<img src="a.png">') != []
    assert pictures_without_words('<img src="a.png" alt="A loss that falls">') == []


# ---------------------------------------------------------------- Links to places, and headings


def documents(root):
    """Give the text of all committed Markdown files and notebooks for readers, by name."""
    listed = subprocess.run(["git", "ls-files", "*.md", "*.ipynb"], cwd=root, capture_output=True, text=True)
    found = {}
    for name in listed.stdout.splitlines():
        path = root / name
        if name.endswith(".md") and path.is_file():
            found[name] = path.read_text(encoding="utf-8")
        elif path.is_file() and name.split("/")[0] in ("notebooks", "release", "source"):
            texts = [source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "markdown"]
            found[name] = "\n\n".join(texts)
    return found


def anchors(text, notebook=False):
    """List the anchors of a document's headings: GitHub's for Markdown, JupyterLab's for notebooks."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    names = []
    for title in re.findall(r"^#+ +(.+?)\s*$", text, flags=re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").replace("*", "")
        if notebook:
            names.append(plain.replace(" ", "-"))
        else:
            names.append(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
    return names + re.findall(r'<a (?:id|name)="([^"]+)"', text)


def broken_anchors(name, texts):
    """Name the links of a document to headings, here or in another document, that are not there."""
    found = []
    for link in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", re.sub(r"```.*?```", "", texts[name], flags=re.S)):
        if link.startswith(("http:", "https:")):
            continue
        file, _, anchor = link.partition("#")
        target = name if not file else resolve(name, file)
        if target not in texts:
            found.append(f"{link}: no such document")
        elif anchor not in anchors(texts[target], notebook=target.endswith(".ipynb")):
            found.append(f"{link}: no such heading")
    return found


def resolve(name, link):
    """Give the name, from the root, of what a document links to."""
    parts = name.split("/")[:-1]
    for part in link.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def heading_problems(levels):
    """Say what is wrong with a document's headings: one title, first, and no level skipped."""
    found = [] if levels[:1] == [1] else ["does not begin with its title"]
    found += ["more than one title"] if levels.count(1) > 1 else []
    return found + ["skips a level"] * any(after - before > 1 for before, after in itertools.pairwise(levels))


def test_links_to_headings_lead_there(root):
    texts = documents(root)
    assert {
        "README.md",
        "CHECKLIST.md",
        "mlops_course/grading/README.md",
        "notebooks/lesson_00_start_here.ipynb",
    } <= set(texts)
    assert {name: found for name in texts if (found := broken_anchors(name, texts))} == {}
    assert any("](#" in text for text in texts.values())


def test_headings_of_every_document_are_in_order(root):
    """What students and instructors open; the source of an assignment gets its title from the header."""
    found = {}
    for name, text in documents(root).items():
        if name.endswith(".md"):
            levels = [len(marks) for marks in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.S), re.M)]
        elif name.startswith(("notebooks/", "release/")):
            levels = headings(read(root / name))
        else:
            continue
        if problems := heading_problems(levels):
            found[name] = problems
    assert found == {}


@pytest.mark.parametrize(
    ("levels", "complaint"),
    [([], "title"), ([2, 1], "title"), ([1, 2, 1], "more than one"), ([1, 3], "skips"), ([1, 2, 4, 2], "skips")],
)
def test_headings_out_of_order_are_noticed(levels, complaint):
    assert any(complaint in found for found in heading_problems(levels))
    assert heading_problems([1, 2, 3, 3, 2]) == []


def test_a_link_to_a_heading_that_is_not_there_is_noticed():
    texts = {
        "a.md": "# A `b`, c\n\n[1](#a-b-c) [2](#gone) [3](docs/n.ipynb#Two-words) [4](docs/n.ipynb#two-words) [5](x.md#y)",
        "docs/n.ipynb": "## Two words\n\n[6](../a.md#a-b-c)",
    }
    assert broken_anchors("a.md", texts) == [
        "#gone: no such heading",
        "docs/n.ipynb#two-words: no such heading",
        "x.md#y: no such document",
    ]
    assert broken_anchors("docs/n.ipynb", texts) == []
