"""The final table, the page and the JSON file: complete, readable, and safe to show whatever students call themselves."""

import io
import json
import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from rich.cells import cell_len
from rich.console import Console

from mlops_course.execution.job import Finding
from mlops_course.grading import page, report
from mlops_course.grading.messages import duration, printable, trouble_line
from mlops_course.grading.outcome import CellScore, ClassOutcome, Outcome
from mlops_course.grading.summary import Bin, compare_scores, count_tasks, hardest, make_bins

VOID = {"meta", "br", "wbr", "hr", "img", "link", "input"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></svg><script src=//evil.example></script>",
    "{{ 7 * 7 }} [red]not markup[/red] [/]",
    "\x1b[2J\x1b]0;title\x07",
    "abc\u202etxt.exe",
    "two\nlines\rand\ttabs",
    "not-utf8-\udce9",
    "$(touch here); `id` 'quoted'",
    "name\u2028with\u0000everything",
]


def cells(points=(2.0, 1.0, 0.0), written=None):
    """Four grade cells: three tests, and an answer that a person grades."""
    names = ("reads_file", "trains_model", "logs_run")
    tests = [CellScore("one" if number < 2 else "two", name, points[number], 2.0) for number, name in enumerate(names)]
    return (*tests, CellScore("two", "explains", written, 5.0, by_hand=True))


def class_of(*outcomes, **changes):
    """A class with these submissions."""
    values = {"assignment": "ps1", "course": "/course", "begun": "2026-03-01T10:00:00+00:00", "seconds": 60.0,
              "jobs": 2, "sandboxed": True, "backup": "backups/gradebook.db"} | changes  # fmt: skip
    return ClassOutcome(outcomes=tuple(outcomes), **values)


def large_class(number, cells_each=35):
    """A class with many submissions, a few of them in trouble, and many notes."""
    chance = random.Random(1)
    outcomes = []
    for index in range(number):
        scores = tuple(
            CellScore(f"notebook_{cell // 9}", f"some_grade_cell_{cell}", chance.choice([0.0, 1.0, 2.0, 2.0]), 2.0)
            for cell in range(cells_each)
        )
        findings = tuple(
            Finding("note", "notebook_1", f"some_grade_cell_{one}", "It was put back.") for one in range(3)
        )
        if index % 10 == 0:
            findings += (Finding("limit", "notebook_1", "some_grade_cell_1", "It ran for too long. " * 20),)
        outcomes.append(Outcome(f"student{index:03}", "graded", scores, findings, "", chance.uniform(5, 50),
                                {f"notebook_{one}": 3.0 for one in range(4)}, 400_000_000))  # fmt: skip
    return class_of(*outcomes)


STOPPED = Finding("limit", "one", "reads_file", "A cell ran longer than 5 seconds.")
CLASSES = {
    "empty": class_of(),
    "one": class_of(Outcome("ada", "graded", cells(), seconds=4.0)),
    "one failed": class_of(Outcome("ada", "failed", trouble="The disk is full. Make room and run it again.")),
    "kept only": class_of(*(Outcome(name, "kept", cells()) for name in ("ada", "ben"))),
    "everything": class_of(
        Outcome("ada", "graded", cells((2.0, 2.0, 2.0), 4.5), seconds=4.0, notebook_seconds={"one": 3.0, "two": 1.0}),
        Outcome(
            "ben", "graded", cells(), (STOPPED, Finding("note", "two", None, "A cell was put back.")), seconds=90.0
        ),
        Outcome("carla", "kept", cells((0.0, 0.0, 0.0))),
        Outcome("dmitri", "failed", trouble="one.ipynb is no notebook. Ask for a new one."),
        sandboxed=False,
    ),
    "forty-one": large_class(41, 6),
}


def printed(outcome, width=80, encoding="utf-8"):
    """What `print_report` writes."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    report.print_report(outcome, Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


class Structure(HTMLParser):
    """The elements of a page, and whether they fit together."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.headings, self.words = [], [], [], []
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID and tag not in {"rect", "line", "path"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in {"rect", "line", "path"}:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        self.words.append(data)


def shape(text):
    """Names of all elements and their attributes, in order: what names and messages must not change."""
    return [(tag, sorted(attributes)) for tag, attributes in Structure(text).elements if tag != "wbr"]


def check_alone(structure):
    """Require a page that reaches nothing outside itself and runs nothing."""
    for tag, attributes in structure.elements:
        assert tag not in {"script", "iframe", "object", "embed", "link", "img", "base", "form"}, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            assert name not in {"src", "srcset", "action", "xlink:href"}, name
            assert name != "href" or value.startswith("#"), value
            assert name != "style" or "url" not in value, value


def check_readable(structure):
    """Require headings in order, links that lead somewhere, and a text for each drawing."""
    assert structure.headings[0] == 1
    assert structure.headings.count(1) == 1
    for before, after in pairwise(structure.headings):
        assert after <= before + 1, f"h{before} is followed by h{after}"
    ids = [attributes["id"] for _, attributes in structure.elements if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id twice"
    for tag, attributes in structure.elements:
        for target in (attributes.get("href", "#")[1:], attributes.get("aria-labelledby", "")):
            assert not target or target in ids, f"{target} is nowhere"
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if "tabindex" in attributes:
            assert attributes["aria-label"]


@pytest.mark.parametrize("name", CLASSES)
def test_page_stands_alone_and_is_readable(name):
    structure = Structure(page.render(CLASSES[name]))
    check_alone(structure)
    check_readable(structure)


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ("<h1>a</h1><script>1</script>", check_alone),
        ('<h1>a</h1><a href="https://example.org">b</a>', check_alone),
        ('<h1 onclick="a()">a</h1>', check_alone),
        ("<h1>a</h1><h3>b</h3>", check_readable),
        ('<h1 id="a">a</h1><p id="a">b</p>', check_readable),
        ('<h1>a</h1><a href="#nowhere">b</a>', check_readable),
    ],
)
def test_checks_of_the_page_can_fail(wrong, check):
    with pytest.raises(AssertionError):
        check(Structure(wrong))


def hostile_class(names):
    """The same class with other names, in every place that students can reach."""
    outcomes = []
    for number, name in enumerate(names):
        finding = Finding("limit", name, name, name)
        outcomes.append(Outcome(name, "graded", cells(), (finding, Finding("note", name, None, name)), seconds=number + 1.0,
                                notebook_seconds={"one": 1.0, name: 2.0}))  # fmt: skip
        outcomes.append(Outcome(f"{name}2", "failed", trouble=name))
        outcomes.append(
            Outcome(f"{name}3", "graded", (CellScore(name, name, 1.0, 2.0),), (Finding(name, "", None, name),))
        )
    return class_of(*outcomes)


def test_hostile_names_change_nothing_but_words():
    harmless = [f"name{number}" for number in range(len(HOSTILE))]
    text = page.render(hostile_class(HOSTILE))
    assert shape(text) == shape(page.render(hostile_class(harmless)))
    check_alone(Structure(text))
    words = "".join(Structure(text).words)
    assert "<script>alert(1)</script>" in words, "shown as it is"
    assert "{{ 7 * 7 }}" in words
    assert not {"\x1b", "\x07", "\u202e", "\x00", "\udce9"} & set(text)


def test_without_escaping_hostile_names_are_found(monkeypatch):
    harmless = [f"name{number}" for number in range(len(HOSTILE))]
    monkeypatch.setattr(page, "select_autoescape", lambda: False)
    try:
        changed = shape(page.render(hostile_class(HOSTILE)))
    except AssertionError:
        return  # not even well-formed
    assert changed != shape(page.render(hostile_class(harmless)))


def test_hostile_names_in_the_terminal():
    text = printed(hostile_class(HOSTILE))
    assert not {"\x1b", "\x07", "\u202e", "\x00", "\r"} & set(text)
    assert "[red]not" in text, "no markup"
    assert "\\x1b" in text
    assert "caf\\xe9" in printed(class_of(Outcome("café", "graded", cells())), encoding="ascii")


def test_hostile_names_can_be_written(tmp_path):
    path = report.write_report(hostile_class(HOSTILE), tmp_path)
    assert path == tmp_path / "grading_report.html"
    content = json.loads((tmp_path / "grading_report.json").read_text(encoding="utf-8"))
    assert [one["student"] for one in content["outcomes"][::3]] == HOSTILE
    assert sorted(one.name for one in tmp_path.iterdir()) == ["grading_report.html", "grading_report.json"]


def test_command_quotes_the_name():
    outcome = Outcome("$(touch here)", "graded", (), (Finding("limit", "one", "a", "Too long."),))
    assert "--student '$(touch here)' --force" in trouble_line(outcome)
    assert "--student &#39;$(touch here)&#39; --force" in page.render(class_of(outcome))


@pytest.mark.parametrize("name", CLASSES)
def test_terminal_fits_80_columns(name):
    text = printed(CLASSES[name])
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "…" not in text, "nothing is cut off"
    assert {cell.cell for one in CLASSES[name].outcomes for cell in one.cells} <= set(text.split())
    assert printed(CLASSES[name], encoding="ascii"), "also where only ASCII can be printed"


def test_terminal_says_what_happened():
    text = " ".join(printed(CLASSES["everything"]).split())
    assert "4 submissions: 2 graded, 1 kept from before, 1 not graded, 1 flagged; 60 s with 2 workers." in text
    assert "2 answers of 2 students to grade by hand" in text
    assert "WARNING: Graded without the sandbox" in text
    assert "ps1: 2 of 4 submissions need a look." in text
    assert "one reads_file: A cell ran longer than 5 seconds" in text
    assert "Next: read the cell" in text
    assert "not graded: one.ipynb is no notebook. Ask for a new one." in text
    assert "A cell was put back" not in text, "notes are on the page"


def test_no_warning_and_no_look_without_reason():
    for text in (printed(CLASSES["kept only"]), page.render(CLASSES["kept only"])):
        assert "arning" not in text.replace('class="warning"', "").replace(".warning", "")
        assert "WARNING" not in text
        assert "Needs a look" not in text
    assert "2 submissions graded, none needs a look" in page.render(CLASSES["kept only"])


def test_page_says_what_happened():
    words = " ".join("".join(Structure(page.render(CLASSES["everything"])).words).split())
    for expected in (
        "ps1: 2 of 4 submissions need a look",
        "Warning. Graded without the sandbox",
        "limit exceeded in one reads_file: A cell ran longer than 5 seconds.",
        "dmitri: not graded one.ipynb is no notebook. Ask for a new one.",
        "What was repaired, and the like, in 1 submission",
        "Time per submission: 47 s in the middle, 90 s at most",
    ):
        assert expected in words, expected


def test_large_class_has_a_distribution_instead_of_rows():
    text = printed(CLASSES["forty-one"])
    assert "Distribution of scores" in text
    assert "student001" not in text, "nothing is wrong with it"
    assert "student010" in text
    assert "student001" in printed(large_class(40, 6))


def test_500_students_stay_small(tmp_path):
    outcome = large_class(500)
    path = report.write_report(outcome, tmp_path)
    assert path.stat().st_size < 2_000_000
    assert len(printed(outcome).splitlines()) < 1000
    check_readable(Structure(path.read_text(encoding="utf-8")))


def test_findings_without_end_stay_small():
    findings = tuple(Finding("limit", "one", f"cell{number}", "x" * 100_000) for number in range(1000))
    outcome = class_of(Outcome("ada", "graded", cells(), findings))
    assert len(page.render(outcome)) < 100_000
    assert len(printed(outcome)) < 10_000
    assert len(trouble_line(outcome.outcomes[0])) < 600
    assert "read the cell" in trouble_line(outcome.outcomes[0]), "the next step is not cut off"


@pytest.mark.parametrize("name", CLASSES)
def test_json_round_trip(name, tmp_path):
    outcome = CLASSES[name]
    report.write_report(outcome, tmp_path)
    content = json.loads((tmp_path / "grading_report.json").read_text(encoding="utf-8"))
    assert content.pop("schema") == report.SCHEMA
    assert content.pop("exit_code") == outcome.exit_code
    outcomes = []
    for one in content.pop("outcomes"):
        one["cells"] = tuple(CellScore(**cell) for cell in one["cells"])
        one["findings"] = tuple(Finding(**finding) for finding in one["findings"])
        outcomes.append(Outcome(**one))
    assert ClassOutcome(outcomes=tuple(outcomes), **content) == outcome


def test_numbers_that_a_sandbox_invented(tmp_path):
    outcome = class_of(
        Outcome("ada", "graded", cells(), seconds=float("nan"), notebook_seconds={"one": float("inf"), "two": 1.0}),
        Outcome("ben", "graded", cells(), seconds=float("inf"), notebook_seconds={"one": float("nan"), "two": 1.0}),
    )
    report.write_report(outcome, tmp_path)
    text = (tmp_path / "grading_report.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail)["outcomes"][0]["seconds"] is None
    assert printed(outcome)


def test_full_disk_keeps_the_earlier_report(tmp_path, monkeypatch):
    report.write_report(CLASSES["one"], tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        report.write_report(CLASSES["everything"], tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_answers_to_grade_by_hand_are_no_failures():
    waiting = [Outcome(f"student{number}", "graded", cells((2.0, 2.0, 2.0))) for number in range(5)]
    explains = count_tasks(waiting)[-1]
    assert (explains.waiting, explains.none, explains.decided, explains.mean, explains.share) == (5, 0, 0, None, None)
    assert hardest(count_tasks(waiting)) == []
    scores = compare_scores(waiting)
    assert (set(scores.values), scores.max_points) == ({6.0}, 6.0)
    assert (scores.left_out, scores.left_out_points) == (1, 5.0)
    given = [Outcome(f"student{number}", "graded", cells((2.0, 2.0, 2.0), 0.0)) for number in range(5)]
    assert [task.cell for task in hardest(count_tasks(given))] == ["explains"], "0 points that a person gave count"
    assert "The class got every point of every task" in printed(class_of(*waiting))
    assert "less than half of the points of explains (0%)" in printed(class_of(*given))


def test_empty_answers_say_nothing_about_a_task_while_the_others_wait():
    """They have their 0 at once. The class has not failed a task that nobody has marked yet."""
    some = [
        Outcome("ada", "graded", cells((2.0, 2.0, 2.0), 0.0)),
        Outcome("ben", "graded", cells((2.0, 2.0, 2.0), 0.0)),
    ]
    waiting = Outcome("carla", "graded", cells((2.0, 2.0, 2.0)))
    explains = count_tasks([*some, waiting])[-1]
    assert (explains.none, explains.waiting, explains.mean) == (2, 1, None)
    assert hardest(count_tasks([*some, waiting])) == []
    assert "less than half" not in printed(class_of(*some, waiting))
    only = [replace(one, cells=one.cells[-1:]) for one in (*some, waiting)]
    assert printed(class_of(*only)), "no task has a share"


def test_scores_compare_only_what_is_decided_for_all():
    some = [Outcome("ada", "graded", cells((2.0, 2.0, 2.0), 5.0)), Outcome("ben", "kept", cells((2.0, 2.0, 2.0)))]
    assert compare_scores(some).values == (6.0, 6.0), "ben is not worse: he only waits"
    assert compare_scores(some[:1]).values == (11.0,)


def test_one_unreadable_notebook_takes_points_from_nobody_else_s_scale():
    some = [
        Outcome("ada", "graded", cells((2.0, 2.0, 2.0), 5.0)),
        Outcome("ben", "graded", cells((2.0, 0.0, 2.0), 4.0)),
    ]
    unreadable = Outcome("carla", "graded", cells((None, None, 2.0), 5.0))
    scores = compare_scores([*some, unreadable])
    assert (scores.values, scores.max_points, scores.left_out) == ((11.0, 8.0), 11.0, 0)
    assert "Not counted: 1 submission with tests to decide about" in printed(class_of(*some, unreadable), width=300)
    assert "Every point waits" in printed(class_of(unreadable))


def test_tasks_are_counted():
    outcomes = CLASSES["everything"].outcomes
    counted = {task.cell: (task.full, task.partial, task.none, task.waiting) for task in count_tasks(outcomes)}
    assert counted == {
        "reads_file": (2, 0, 1, 0),
        "trains_model": (1, 1, 1, 0),
        "logs_run": (1, 0, 2, 0),
        "explains": (0, 1, 0, 2),
    }
    assert [task.cell for task in hardest(count_tasks(outcomes))] == ["logs_run"]
    worthless = Outcome("ada", "graded", (CellScore("one", "try_it", 0.0, 0.0),))
    assert count_tasks([worthless]) == []
    assert page.render(class_of(worthless))
    assert printed(class_of(worthless, worthless))


@pytest.mark.parametrize(
    ("values", "top", "expected"),
    [
        ([], 10, []),
        ([0.0], 0, []),
        ([0, 9.9, 10, 100], 100, {0: 2, 10: 1, 90: 1}),
        ([85, 80, 79.99], 85, {80: 2, 70: 1}),
        ([0.3, 0.29], 0.5, {0.3: 1, 0.25: 1}),
        ([12.0], 10, {12: 1}),
        ([float("nan"), 1.0], 10, {1: 1}),
    ],
)
def test_bins(values, top, expected):
    bins = make_bins(values, top)
    if not expected:
        assert bins == []
        return
    assert len(bins) <= 12
    assert sum(one.count for one in bins) == sum(value == value for value in values)
    assert bins[0].low == 0
    assert bins[-1].high >= max(value for value in values if value == value)
    assert all(before.high == after.low for before, after in pairwise(bins))
    for low, count in expected.items():
        found = [one for one in bins if one.low <= low + 1e-9 and (low < one.high - 1e-9 or one is bins[-1])]
        assert len(found) == 1
        assert found[0].count == count, bins


def test_labels_of_a_narrow_last_bar_do_not_touch():
    figure = page.histogram([Bin(0, 10, 1), Bin(10, 20, 3), Bin(20, 20.5, 1)], 12.0)
    assert [tick["label"] for tick in figure["ticks"]] == ["0", "10", "20.5"]
    assert page.histogram([], 0.0) is None


def test_shares_are_not_rounded_to_all_or_nothing():
    assert [report.percent(share) for share in (None, 0, 0.001, 0.5, 0.999, 1)] == [
        "-",
        "0%",
        "1%",
        "50%",
        "99%",
        "100%",
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (0.84, "0.8 s"), (9.97, "10 s"), (59.6, "60 s"), (119.4, "119 s"), (119.6, "2 min 00 s"),
     (3599.7, "1 h 00 min"), (7384, "2 h 03 min"), (float("nan"), "?"), (float("inf"), "?")],
)  # fmt: skip
def test_durations(seconds, expected):
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("José 漢字 🐧", "José 漢字 🐧"), ("a\tb\n c", "a b c"), ("\x1b[31m", "\\x1b[31m"), ("\u202eabc", "\\u202eabc"),
     ("\udce9", "\\udce9"), ("x" * 500, "x" * 397 + "...")],
)  # fmt: skip
def test_printable(text, expected):
    assert printable(text) == expected


def test_trouble_lines():
    fine = Outcome("ada", "graded", cells(), (Finding("note", "one", None, "Put back."),))
    assert trouble_line(fine) == ""
    failed = Outcome("ada", "failed", trouble="the gradebook is locked. Close formgrader and run it again.")
    assert trouble_line(failed) == "ada: not graded: the gradebook is locked. Close formgrader and run it again."
    two = Outcome(
        "ada", "graded", cells(), (Finding("limit", "one", "b", "Too long."), Finding("died", "one", "c", "It ended."))
    )
    assert trouble_line(two).startswith("ada: one c: It ended (and 1 more finding); ")
    unknown = Outcome("ada", "graded", cells(), (Finding("something new", "one", None, "It is odd."),))
    assert trouble_line(unknown).startswith("ada: one: It is odd; correct the cause")
    assert "something new" in page.render(class_of(unknown))
