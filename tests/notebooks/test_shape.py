"""Lessons show what is to be read: machinery is folded, cells fit on a screen, questions come before their answers."""

import copy
import itertools
import runpy

import pytest

from tests.notebooks.test_clean import CLEAN, read

SETUP, CELL = 10, 25  # lines of code that a reader sees: before section 1, and in one cell


def source(cell):
    return "".join(cell["source"])


def folded(cell):
    return cell["metadata"].get("jupyter", {}).get("source_hidden", False)


def shape_problems(notebook):
    """Name long cells, much code before the first section, and what is folded without a word above."""
    found, before = [], 0
    started = False
    for above, cell in zip([None, *notebook["cells"]], notebook["cells"], strict=False):
        text = source(cell)
        if cell["cell_type"] == "markdown":
            started = started or text.startswith("## 1 ")
            continue
        lines = len(text.splitlines())
        if folded(cell):
            if above is None or above["cell_type"] != "markdown":
                found.append(f"{cell['id']}: folded, and nothing above says what it does")
            continue
        if lines > CELL:
            found.append(f"{cell['id']}: {lines} lines")
        before += 0 if started else lines
    if started and before > SETUP:
        found.append(f"{before} lines before section 1")
    return found


def given_away(notebook):
    """Name the cells that a reader is asked to predict, and that assert something before the eyes of that reader."""
    cells = notebook["cells"]
    return [
        cell["id"]
        for above, cell in itertools.pairwise(cells)
        if cell["cell_type"] == "code" and "**Decide" in source(above) and "assert " in source(cell)
    ]


def lessons(root):
    return {path.stem: read(path) for path in sorted((root / "notebooks").glob("*.ipynb"))}


def test_machinery_is_folded_and_cells_are_short(root):
    assert {name: found for name, one in lessons(root).items() if (found := shape_problems(one))} == {}


def test_no_prediction_is_given_away_by_an_assertion(root):
    assert {name: found for name, one in lessons(root).items() if (found := given_away(one))} == {}


def notebook(*cells):
    made = copy.deepcopy(CLEAN)
    made["cells"] = [
        {"id": f"cell_{number}", "cell_type": kind, "source": [text],
         "metadata": {"jupyter": {"source_hidden": True}} if fold else {}}
        for number, (kind, text, fold) in enumerate(cells)
    ]  # fmt: skip
    return made


LONG = "x = 1\n" * (CELL + 1)
TITLE, SECTION = ("markdown", "# Lesson", False), ("markdown", "## 1 · The problem", False)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([TITLE, SECTION, ("code", LONG, False)], "26 lines"),
        ([TITLE, ("code", "x = 1\n" * (SETUP + 1), False), SECTION], "11 lines before section 1"),
        ([TITLE, SECTION, ("code", "x = 1", False), ("code", "y = 1", True)], "cell_3: folded"),
    ],
)
def test_a_lesson_out_of_shape_is_noticed(cells, complaint):
    assert any(complaint in problem for problem in shape_problems(notebook(*cells)))
    assert shape_problems(notebook(TITLE, ("code", LONG, True), SECTION, ("code", "x = 1", False))) == []


def test_a_prediction_that_is_given_away_is_noticed():
    question = ("markdown", "**Decide before you run it:** one or two?", False)
    assert given_away(notebook(TITLE, question, ("code", "n = 1\nassert n == 1", False))) == ["cell_2"]
    assert given_away(notebook(TITLE, question, ("code", "n = 1", False))) == []


def test_the_drawn_pictures_are_what_the_script_draws(root):
    drawn = runpy.run_path(str(root / "resources" / "draw_places.py"))["pictures"]()
    kept = {path.name: path.read_text(encoding="utf-8") for path in (root / "resources").glob("dvc_places_*.svg")}
    assert kept == drawn
    texts = "".join(source(cell) for cell in lessons(root)["lesson_01_dvc_basics"]["cells"])
    assert [name for name in drawn if name not in texts] == []
