"""Lessons show what is to be read: machinery is folded, cells fit on a screen, questions come before their answers."""

import copy
import itertools
import re
import runpy
from importlib.metadata import version

import pytest
from PIL import Image

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


# ---------------------------------------------------------------- Minutes

WORDS, CODE_CELL, QUESTION, FIGURE = 180, 0.4, 0.5, 1
TURN = re.compile(r"\*\*Your turn \(([2-5]) minutes\)\.\*\*")
ASIDE = re.compile(r"<details><summary>(?!Answer).*?</details>", re.DOTALL)
PRINTED = re.compile(r" \((\d+) minutes?\)$")
TOTAL = re.compile(r"\b(\d+) minutes\b")


def minutes_of(cells):
    """Estimate how long somebody needs for some cells.

    180 words a minute, as somebody reads whose first language is not English. 0.4 minutes for each visible code
    cell: run it, look at its output. Half a minute for each question ("Decide before you run it", knowledge check),
    one for each figure, and for each "Your turn" the minutes that it says. Folded asides, which most will skip,
    do not count; folded answers do.
    """
    texts = [ASIDE.sub("", source(cell)) for cell in cells if cell["cell_type"] == "markdown"]
    code = sum(cell["cell_type"] == "code" and not folded(cell) for cell in cells)
    text = "\n".join(texts)
    questions = text.count("**Decide") + len(re.findall(r"^(?:\*\*\d\.\*\*|\d\.) .*\?$", text, re.MULTILINE))
    return (
        len(text.split()) / WORDS
        + CODE_CELL * code
        + QUESTION * questions
        + FIGURE * text.count("**The figure:**")
        + sum(int(minutes) for minutes in TURN.findall(text))
    )


def sections(notebook):
    """Give the cells under each heading of the second level, and those above the first under an empty one."""
    found = {"": []}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and source(cell).startswith("## "):
            found[source(cell).splitlines()[0]] = []
        found[list(found)[-1]].append(cell)
    return found


def minutes_problems(notebook):
    """Name sections and lessons that print other minutes than the rule gives, or none."""
    found = []
    for heading, cells in sections(notebook).items():
        expected, printed = max(1, round(minutes_of(cells))), PRINTED.search(heading)
        if printed and int(printed[1]) != expected:
            found.append(f"{heading}: {expected} by the rule")
        if not printed and re.match(r"## (\d|Knowledge)", heading):
            found.append(f"{heading}: no minutes")
    printed, expected = TOTAL.search(source(notebook["cells"][0])), total_minutes(notebook)
    if printed is None or int(printed[1]) != expected:
        found.append(f"{expected} minutes in all by the rule, not {printed and printed[1]}")
    return found


def total_minutes(notebook):
    """Give a lesson's minutes to the nearest five."""
    return 5 * round(minutes_of(notebook["cells"]) / 5)


def turns(notebook):
    """Count the places where a student writes: the task, an empty place that says so, and the answer, folded."""
    return sum(
        bool(TURN.search(source(task)))
        and bool(re.search(r"\b[Ww]rite\b.*\bhere\b", source(place)))
        and source(answer).startswith("<details><summary>Answer")
        for task, place, answer in zip(notebook["cells"], notebook["cells"][1:], notebook["cells"][2:], strict=False)
    )


def lessons(root):
    return {path.stem: read(path) for path in sorted((root / "notebooks").glob("*.ipynb"))}


def test_machinery_is_folded_and_cells_are_short(root):
    assert {name: found for name, one in lessons(root).items() if (found := shape_problems(one))} == {}


def test_no_prediction_is_given_away_by_an_assertion(root):
    assert {name: found for name, one in lessons(root).items() if (found := given_away(one))} == {}


def teaching(root):
    """Give the lessons alone, without the notebook that lesson 03 executes."""
    return {name: one for name, one in lessons(root).items() if name.startswith("lesson_")}


def test_printed_minutes_are_those_of_the_rule(root):
    assert {name: found for name, one in teaching(root).items() if (found := minutes_problems(one))} == {}


def test_tables_of_lessons_print_the_same_minutes(root):
    start = "".join(source(cell) for cell in lessons(root)["lesson_00_start_here"]["cells"])
    readme = (root / "README.md").read_text(encoding="utf-8")
    for name, one in teaching(root).items():
        minutes = total_minutes(one)
        assert re.search(rf"{name}\.ipynb\) \| {minutes}\b", readme), (name, minutes)
        if name != "lesson_00_start_here":
            assert re.search(rf"{name}\.ipynb\) \| {minutes}\b", start), (name, minutes)


def test_students_write_in_three_places_of_each_lesson(root):
    assert {name: count for name, one in teaching(root).items() if (count := turns(one)) < 3} == {}


def picture_problems(path):
    """Say what is wrong with a picture of MLflow's UI: too large, or of another MLflow than the installed one."""
    found = ["150 kB or more"] if path.stat().st_size >= 150_000 else []
    with Image.open(path) as picture:
        shown = picture.info.get("Software", "no version")
    installed = ".".join(version("mlflow").split(".")[:2])
    if not shown.startswith(f"MLflow {installed}."):
        found.append(f"shows {shown}, installed is {installed}: python resources/picture_mlflow.py")
    return found


def test_pictures_show_the_mlflow_that_is_installed(root):
    pictures = sorted((root / "resources").glob("mlflow_*.png"))
    assert {path.name: found for path in pictures if (found := picture_problems(path))} == {}
    text = "".join(source(cell) for cell in lessons(root)["lesson_02_mlflow_tracking"]["cells"])
    assert len(pictures) == 4
    assert [path.name for path in pictures if path.name not in text] == []


def test_a_picture_of_another_mlflow_is_noticed(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "old.png")
    assert "no version" in picture_problems(tmp_path / "old.png")[0]


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


ASK, ANSWER = "**Your turn (3 minutes).** Count them.", "<details><summary>Answer</summary>\n\n3\n\n</details>"


def test_minutes_that_are_wrong_or_missing_are_noticed():
    words = "word " * (2 * WORDS)
    right = notebook(
        ("markdown", "# Lesson\n\n**Time:** 5 minutes.", False), ("markdown", "## 1 · One (2 minutes)\n" + words, False),
        ("markdown", "## 2 · Two (3 minutes)\n" + ASK, False),
    )  # fmt: skip
    assert minutes_problems(right) == []
    for text, other, complaint in [
        ("(2 minutes)", "(3 minutes)", "2 by the rule"),
        (" (2 minutes)", "", "no minutes"),
        ("5 minutes.", "10 minutes.", "5 minutes in all"),
    ]:
        wrong = copy.deepcopy(right)
        for cell in wrong["cells"]:
            cell["source"] = [source(cell).replace(text, other)]
        assert any(complaint in problem for problem in minutes_problems(wrong)), complaint


def test_a_task_without_a_place_or_an_answer_does_not_count():
    place = ("code", "# Write your line here.", False)
    assert turns(notebook(TITLE, ("markdown", ASK, False), place, ("markdown", ANSWER, False))) == 1
    assert turns(notebook(TITLE, ("markdown", ASK, False), ("markdown", ANSWER, False), SECTION)) == 0
    assert turns(notebook(TITLE, ("markdown", ASK, False), place, ("markdown", "3", False))) == 0


def test_the_drawn_pictures_are_what_the_script_draws(root):
    drawn = runpy.run_path(str(root / "resources" / "draw_places.py"))["pictures"]()
    kept = {path.name: path.read_text(encoding="utf-8") for path in (root / "resources").glob("dvc_places_*.svg")}
    assert kept == drawn
    texts = "".join(source(cell) for cell in lessons(root)["lesson_01_dvc_basics"]["cells"])
    assert [name for name in drawn if name not in texts] == []
