"""Whatever would give something away is refused, by file and line. Each leak is planted where it could happen."""

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import re
import zipfile
import zlib
from urllib.parse import quote

import nbformat
import pytest
from pygments import highlight
from pygments.formatters import HtmlFormatter, Terminal256Formatter
from pygments.lexers import PythonLexer

from mlops_course.bundle.command import RefusedBundleError, checked_files
from mlops_course.bundle.secrets import find_leaks, find_secrets
from mlops_course.bundle.texts import words
from mlops_course.bundle.tree import File

RELEASED = "release/week-09/02_mlflow_tracking.ipynb"
LESSON = "notebooks/lesson_02_mlflow_tracking.ipynb"


@pytest.fixture(scope="session")
def secrets(tree):
    return find_secrets(tree)


@pytest.fixture
def planted(tree, secrets):
    """Plant a file into a small course, with one file in each room; give the refusal."""
    small = {name: tree[name] for name in {name.split("/")[0]: name for name in tree}.values()}

    def plant(name, content):
        content = content if isinstance(content, bytes) else content.encode()
        with pytest.raises(RefusedBundleError) as refused:
            checked_files({**small, name: File(content)}, secrets)
        return str(refused.value)

    return plant


def region(secrets, kind, *, at_least=3):
    """A secret of a kind with some telling lines."""
    return next(one for one in secrets.regions if one.kind == kind and sum(map(secrets.tells, one.lines)) >= at_least)


def with_cell(tree, name, text, *, output=False, attachment=None):
    """A notebook of the course with one more cell, which holds a text or has put it out; or has a file attached."""
    notebook = nbformat.reads(tree[name].content.decode(), as_version=4)
    cell = nbformat.v4.new_code_cell("print(1)" if output else text, id="planted")
    if output:
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
    if attachment:
        cell = nbformat.v4.new_markdown_cell("![](a.bin)", id="planted")
        cell.attachments = {"a.bin": {"application/octet-stream": base64.b64encode(attachment).decode()}}
    notebook.cells.append(cell)
    return nbformat.writes(notebook)


def zipped(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_the_course_as_it_is_has_none(tree, secrets):
    assert len(secrets.telling_lines()) > 250
    assert {one.kind for one in secrets.regions} == {
        "solution", "hidden tests", "mark scheme", "answer", "preparation",
    }  # fmt: skip
    assert checked_files(tree, secrets)


@pytest.mark.parametrize("kind", ["solution", "hidden tests", "mark scheme"])
def test_one_line_in_the_release(planted, tree, secrets, kind):
    secret = region(secrets, kind, at_least=1)
    line = next(line for line in secret.lines if secrets.tells(line))
    said = planted(RELEASED, with_cell(tree, RELEASED, f"x = 1\n\n    {line}"))
    assert f"{RELEASED}, cell planted, line 3: {kind} of source/week-09/" in said
    assert line[:60] in said


@pytest.mark.parametrize(
    "name", [LESSON, "release/week-09/start/notes.py", "mlops_course/grading/notes.py", "CHECKLIST.md"]
)
@pytest.mark.parametrize("kind", ["solution", "hidden tests", "mark scheme"])
def test_a_whole_region_anywhere(planted, tree, secrets, kind, name):
    text = "one\n\n" + "\n".join(f"    {line}" for line in region(secrets, kind).lines)
    said = planted(name, with_cell(tree, name, text) if name.endswith(".ipynb") else text)
    assert re.search(rf"{re.escape(name)}(, cell planted)?, line [3-5]: {kind} of source/week-09/", said), said


def test_one_line_of_a_hidden_test_in_a_lesson(planted, tree, secrets):
    line = next(line for line in region(secrets, "hidden tests").lines if secrets.tells(line) and len(line) >= 30)
    said = planted(LESSON, with_cell(tree, LESSON, line))
    assert f"{LESSON}, cell planted, line 1: hidden tests of " in said


def test_every_region_is_noticed_in_a_lesson_or_is_known_to_be_too_short(secrets):
    """Not only the one that the other tests happen to take."""
    cells = [
        nbformat.v4.new_code_cell("\n".join(one.lines), id=f"region-{at}") for at, one in enumerate(secrets.regions)
    ]
    lesson = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    said = "\n".join(find_leaks({LESSON: File(lesson)}, secrets))
    quiet = [one for at, one in enumerate(secrets.regions) if f"cell region-{at}, line" not in said]
    telling = {one.place: sum(map(secrets.tells, one.lines)) for one in quiet}
    allowed = {"answer": 3, "solution": 2, "hidden tests": 1}
    assert [one for one in quiet if telling[one.place] > allowed.get(one.kind, 0)] == []
    # These only ask again, about other values: there is nothing to give away.
    asking_again = {"epoch_history", "model_logged", "traced_to_bytes"}
    assert {one.place.split("cell ")[-1] for one in quiet if one.kind == "hidden tests"} <= asking_again, quiet
    assert sum(one.kind == "solution" for one in quiet) <= 4, quiet


def test_what_a_lesson_may_teach(tree, secrets):
    """Two commands in a row that a solution has, too, are no leak."""
    lines = ["!git checkout --quiet v2007", "!dvc checkout"]
    assert any(set(lines) <= set(one.lines) for one in secrets.regions if one.kind == "solution")
    assert find_leaks({LESSON: File(with_cell(tree, LESSON, "\n".join(lines)).encode())}, secrets) == []


def test_the_output_of_a_cell(planted, tree, secrets):
    line = next(line for line in region(secrets, "mark scheme").lines if secrets.tells(line))
    said = planted(RELEASED, with_cell(tree, RELEASED, line, output=True))
    assert f"{RELEASED}, cell planted, outputs, line " in said
    assert ": mark scheme of source/week-09/" in said


@pytest.mark.parametrize(
    "hide",
    [
        lambda text: zipped(a=text),
        lambda text: zipped(inner=zipped(a=text)),
        lambda text: zipped(**{".git/objects/ab/cd": zlib.compress(f"blob {len(text)}\0".encode() + text.encode())}),
        lambda text: gzip.compress(text.encode()),
    ],
    ids=["zip", "zip in a zip", "Git's object", "gzip"],
)
def test_packed(planted, secrets, hide):
    text = "first\n" + "\n".join(region(secrets, "solution").lines)
    assert "release/week-09/start/more.zip" in planted("release/week-09/start/more.zip", hide(text))


def coloured(lines):
    return highlight("\n".join(lines), PythonLexer(), Terminal256Formatter()).splitlines()


FORMS = {
    "traceback": lambda lines: "\n".join(
        f"\x1b[32m{'---->' if at == 12 else '':5} {at}\x1b[39m {line}" for at, line in enumerate(coloured(lines), 11)
    ),
    "listing": lambda lines: "\n".join(f"{at:3} | {line}" for at, line in enumerate(lines, 9)),
    "escaped HTML": lambda lines: html.escape("\n".join(lines)),
    "highlighted HTML": lambda lines: highlight("\n".join(lines), PythonLexer(), HtmlFormatter(linenos="inline")),
    "HTML comment": lambda lines: "\n".join(f"<!-- {line} -->" for line in lines),
    "quoted": lambda lines: "\n".join(f"> > {line}" for line in lines),
    "commented": lambda lines: "\n".join(f"#    {line}" for line in lines),
    "in a sentence": lambda lines: "Write `" + "\n".join(lines) + "` here.",
    "a string": lambda lines: json.dumps("\n".join(lines)),
    "a string in a string": lambda lines: json.dumps(json.dumps("\n".join(lines))),
    "doubled spaces": lambda lines: "\n".join(line.replace(" ", "  ") for line in lines),
    "other spaces": lambda lines: "\n".join(line.replace(" ", "\u00a0") for line in lines),
    "joined": " ".join,
    "percent-encoded": lambda lines: f"data:text/plain,{quote(chr(10).join(lines))}",
    "Base64": lambda lines: base64.encodebytes("\n".join(lines).encode()).decode(),
    "data address": lambda lines: f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg(lines)).decode()}"/>',
}


def svg(lines):
    return f"<svg><text>{html.escape(chr(10).join(lines))}</text></svg>".encode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["solution", "hidden tests", "mark scheme"])
def test_no_form_hides_a_leak(tree, secrets, kind, form):
    """One line in the release, in what a cell has put out; and a whole region in a lesson."""
    lines = region(secrets, kind).lines
    line = next(line for line in lines if secrets.tells(line))
    released = with_cell(tree, RELEASED, f"one\n{FORMS[form]([line])}\n", output=True)
    lesson = with_cell(tree, LESSON, FORMS[form](lines))
    for name, notebook in ((RELEASED, released), (LESSON, lesson)):
        found = find_leaks({name: File(notebook.encode())}, secrets)
        assert any(f": {kind} of source/week-09/" in one for one in found), name


@pytest.mark.parametrize(
    "pack",
    [
        lambda text: text,
        zlib.compress,
        lambda text: gzip.compress(text[:9]) + gzip.compress(text[9:]),
        lzma.compress,
        bz2.compress,
        lambda text: zipped(a=text),
        lambda text: text.decode().encode("utf-16"),
    ],
    ids=["text", "zlib", "gzip", "xz", "bzip2", "zip", "UTF-16"],
)
@pytest.mark.parametrize("more", [0, 1, 2])  # Base64 ends otherwise
def test_what_is_attached_to_a_cell(tree, secrets, pack, more):
    content = pack("\n".join([*region(secrets, "solution").lines, "x" * more]).encode())
    lesson = with_cell(tree, LESSON, "", attachment=content)
    found = find_leaks({LESSON: File(lesson.encode())}, secrets)
    assert any(f"{LESSON}, cell planted, outputs, encoded" in one for one in found)


def test_an_answer_in_another_form(tree, secrets):
    answer = next(file.content for name, file in tree.items() if re.match(r"tests/answers/.+/loses_", name)).decode()
    for text in (json.dumps(answer), "".join(f"> {line}\n" for line in answer.split("\n"))):
        found = find_leaks({"notebooks/one.txt": File(text.encode())}, secrets)
        assert found == ["notebooks/one.txt, line 1: an answer of tests/answers"]


def test_words():
    assert words("  ----> 12     \x1b[31massert\x1b[0m x  == &quot;a&amp;lt;b&quot;  # <b>why</b>") == [
        "assert", "x", "a", "b", "why",
    ]  # fmt: skip
    assert words("a < b and c > d") == ["a", "b", "and", "c", "d"]
    assert words("# -----") == []


def test_the_marks_of_a_region(planted, tree):
    said = planted(LESSON, with_cell(tree, LESSON, "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"))
    assert f"{LESSON}, cell planted, line 1: the mark BEGIN SOLUTION" in said


def test_answers(planted, tree):
    answer = next(name for name in tree if name.startswith("tests/answers/") and "/loses_" in name)
    assert "notebooks/answers/one.py, line 1: an answer of tests/answers" in planted(
        "notebooks/answers/one.py", tree[answer].content
    )


def test_the_longest_right_answer_without_its_head(planted, secrets):
    answer = max((one for one in secrets.regions if one.kind == "answer"), key=lambda one: len(one.lines))
    assert f"answer of {answer.place}" in planted("data/one.py", "\n".join(answer.lines))


def test_a_script_that_prepares_the_assignment(planted, tree):
    said = planted("resources/prepare.py", tree["source/prepare_evidence.py"].content)
    assert "preparation of source/prepare_evidence.py" in said


@pytest.mark.parametrize(
    "name",
    [
        "gradebook.db",
        "gradebook.db-journal",
        "submitted/ana/week-09/01_dvc_basics.ipynb",
        "autograded/ana/week-09/01_dvc_basics.ipynb",
        "feedback/ana/week-09/01_dvc_basics.html",
        "downloaded/week-09/archive/week-09_ana.zip",
        "exchange/w09/inbound/ana/01_dvc_basics.ipynb",
        ".course-grade/backups/one",
        "grading_report.json",
        "moodle_grades.csv",
        "release/week-09/gradebook.db",
        "notebooks/submitted/ana/a.ipynb",
        "data/mlflow.db",
    ],
)
def test_students_data(planted, name):
    said = planted(name, json.dumps({"student": "ana"}))
    assert f"\n  {name}: " in said
    assert "git rm --cached" in said


def test_a_database_by_another_name(planted):
    assert "resources/table.bin: " in planted("resources/table.bin", b"SQLite format 3\x00 and more")


def test_all_places_are_named(planted, tree, secrets):
    lines = [line for line in region(secrets, "hidden tests").lines if secrets.tells(line)][:2]
    said = planted(RELEASED, with_cell(tree, RELEASED, f"{lines[0]}\nx = 1\n{lines[1]}"))
    assert "cell planted, line 1: " in said
    assert "cell planted, line 3: " in said


def test_what_the_header_says_is_public(tree, secrets):
    """It comes into every notebook, so that a solution may hold the same line."""
    line = next(line for line in secrets.telling_lines() if len(line) > 20)
    header = with_cell(tree, "source/header.ipynb", line)
    assert secrets.tells(line)
    assert not find_secrets({**tree, "source/header.ipynb": File(header.encode())}).tells(line)
