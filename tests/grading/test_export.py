"""Grades come out as other systems read them: Moodle's columns, hard names, and nobody's unfinished grade."""

import csv
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin

from mlops_course.grading.export import FORMULA, GradesFile, GradesTable, Identifier, MoodleGrades, Result, harmless
from tests.assignment.course_copy import ROOT

# Moodle's own export has these columns, and its import reads them: https://docs.moodle.org/405/en/Grade_import and
# https://docs.moodle.org/405/en/Grade_export. An installation in English names them so.
MOODLE = ["First name", "Last name", "ID number", "Email address", "Assignment: week-10 (Real)",
          "Assignment: week-10 (Feedback)"]  # fmt: skip
STUDENTS = {
    "ana": ("Ana", "Lovelace", "ana@example.org"),
    "ben": ('Ben "Bit"', "O'Brien, Jr.", ""),
    "çem": ("Çem", "Müller-Ångström", "çem@example.org"),
    "dua": ("=HYPERLINK(\"http://example.org\")", "@SUM(1,2)", "dua@example.org"),
    "eve": ("Eve\\", "late", ""),
    "fay": ("Fay", "absent", ""),
    "gus": ("Gus", "waits for a person", ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def original(module_path):
    """A gradebook of a class: right, late, absent, waiting."""
    url = f"sqlite:///{module_path / 'gradebook.db'}"
    with Gradebook(url) as gradebook:
        for week in ("week-09", "week-10"):
            gradebook.add_assignment(week, duedate=datetime(2026, 5, 3, 12))
            for notebook, points in (("one", 7), ("two", 3)):
                gradebook.add_notebook(notebook, week)
                gradebook.add_grade_cell("task", notebook, week, max_score=points, cell_type="code")
        for student, (first, last, email) in STUDENTS.items():
            gradebook.add_student(student, first_name=first, last_name=last, email=email or None)
            if student != "fay":
                submission = gradebook.add_submission("week-10", student, timestamp=datetime(2026, 5, 2, 12))
                for notebook in submission.notebooks:
                    grade = gradebook.find_grade("task", notebook.name, "week-10", student)
                    grade.auto_score = {"one": 5.5, "two": 3.0}[notebook.name]
                    grade.needs_manual_grade = (student, notebook.name) == ("gus", "two")
        gradebook.find_submission_notebook("one", "week-10", "eve").late_submission_penalty = 2.0
        gradebook.find_submission_notebook("two", "week-10", "dua").late_submission_penalty = 20.0
        gradebook.db.commit()
    return module_path / "gradebook.db"


@pytest.fixture
def database(original, tmp_path):
    """A copy of that gradebook for each test."""
    return f"sqlite:///{shutil.copyfile(original, tmp_path / 'gradebook.db')}"


class Application:
    """What nbgrader gives a plugin as its parent."""

    def __init__(self, folder):
        self.coursedir = CourseDirectory(root=str(folder))

    def fail(self, message, *arguments):
        raise SystemExit(message % arguments)


@pytest.fixture
def export(database, tmp_path, monkeypatch):
    """Run an exporter; give its rows and what it warned of."""
    monkeypatch.chdir(tmp_path)

    def run(plugin, to="out.csv", **options):
        exporter = plugin(to=to, **options)
        exporter.parent = None
        warned = []
        monkeypatch.setattr(exporter.log, "warning", lambda text, *values: warned.append(text % values))
        with monkeypatch.context() as patched, Gradebook(database) as gradebook:
            patched.setattr(plugin, "parent", Application(tmp_path))
            exporter.export(gradebook)
        with (tmp_path / (to or plugin.default_name)).open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file)), warned

    return run


def by_student(rows, column="ID number"):
    return {row[rows[0].index(column)]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}


def test_moodle_gets_its_columns_and_every_row_has_as_many(export):
    rows, _ = export(MoodleGrades, assignment=["week-10"])
    assert rows[0] == MOODLE
    assert {len(row) for row in rows} == {len(MOODLE)}
    for row in by_student(rows).values():
        assert 0 <= float(row[MOODLE[4]]) <= 10
        assert row[MOODLE[5]]


def test_scores_penalties_and_who_handed_in_nothing(export):
    students = by_student(export(MoodleGrades, assignment=["week-10"])[0])
    assert {name: float(row[MOODLE[4]]) for name, row in students.items()} == {
        "ana": 8.5, "ben": 8.5, "çem": 8.5, "dua": 0.0, "eve": 6.5, "fay": 0.0
    }  # fmt: skip
    assert students["ana"][MOODLE[5]] == "one: 5.5 of 7; two: 3 of 3"
    assert students["eve"][MOODLE[5]] == "one: 5.5 of 7; two: 3 of 3; late: -2"
    assert students["fay"][MOODLE[5]] == "No submission."


def test_hard_names_arrive(export, tmp_path):
    students = by_student(export(MoodleGrades, assignment=["week-10"])[0])
    assert (students["ben"]["First name"], students["ben"]["Last name"]) == ('Ben "Bit"', "O'Brien, Jr.")
    assert students["çem"]["Last name"] == "Müller-Ångström"
    assert students["çem"]["Email address"] == "çem@example.org"
    assert students["eve"]["First name"] == "Eve/"
    content = (tmp_path / "out.csv").read_bytes()
    assert "Ångström".encode() in content
    assert not content.startswith(b"\xef\xbb\xbf")


def test_no_cell_is_a_formula(export):
    for plugin in (MoodleGrades, GradesTable):
        rows, _ = export(plugin, assignment=["week-10"])
        assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
    assert by_student(rows, "student_id")["dua"]["last_name"] == "'@SUM(1,2)"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\n=1", " =1", "\uff1d1"])
def test_a_formula_is_disarmed(text):
    assert harmless(text).startswith("'")
    assert harmless("O'Brien") == "O'Brien"
    assert harmless(-1.5) == -1.5
    assert harmless(Identifier("+ana")) == "+ana"


def test_an_identifier_that_is_a_formula_is_left_out_and_named(export, database):
    with Gradebook(database) as gradebook:
        gradebook.add_student("=cmd|' /C calc'!A0", first_name="Kim")
        gradebook.add_student("+kim")
    rows, warned = export(MoodleGrades, assignment=["week-10"])
    assert "+kim" in by_student(rows)
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert any("as a formula" in line for line in warned)


def test_who_waits_for_a_person_is_named_and_not_exported_as_final(export):
    rows, warned = export(MoodleGrades, assignment=["week-10"])
    assert "gus" not in by_student(rows)
    assert [line for line in warned if "gus" in line and "by hand in two" in line]
    table, warned = export(GradesTable, assignment=["week-10"])
    assert {name: row["final"] for name, row in by_student(table, "student_id").items() if row["final"] == "no"} == {
        "gus": "no"
    }
    assert any("NOT FINAL" in line and "gus" in line for line in warned)


def test_what_is_handed_in_and_not_graded_is_no_zero(export, tmp_path):
    for student in ("fay", "stranger"):
        (tmp_path / "submitted" / student / "week-10").mkdir(parents=True)
    later = tmp_path / "submitted" / "ana" / "week-10"
    later.mkdir(parents=True)
    (later / "timestamp.txt").write_text("2026-05-03 09:00:00.000000 UTC", encoding="utf-8")
    rows, warned = export(MoodleGrades, assignment=["week-10"])
    assert not {"fay", "stranger", "ana"} & set(by_student(rows))
    for student in ("fay", "stranger", "ana"):
        assert any(f"week-10: {student}:" in line for line in warned), student
    (later / "timestamp.txt").write_text("2026-05-02 12:00:00.000000 UTC", encoding="utf-8")
    assert "ana" in by_student(export(MoodleGrades, assignment=["week-10"])[0])


def test_one_assignment_and_some_students(export):
    rows, warned = export(MoodleGrades, assignment=["week-10"], student=["ana", "eve"])
    assert list(by_student(rows)) == ["ana", "eve"]
    assert warned == []
    everything, _ = export(GradesTable)
    assert len(everything) == 1 + 2 * len(STUDENTS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "--assignment NAME, one of: week-09, week-10"),
        ({"assignment": ["week-99"]}, "knows no assignment week-99"),
        ({"assignment": ["week-10"], "student": ["nobody"]}, "knows no student nobody"),
        ({"assignment": ["week-10"], "to": "missing/grades.csv"}, "Name another file"),
    ],
)
def test_wrong_use_is_one_line(export, options, said):
    with pytest.raises(SystemExit, match=said):
        export(MoodleGrades, **options)


class PercentByName(GradesFile):
    """Another system: a line for each student with a name and a percentage. This is all it takes."""

    def columns(self, _assignments):
        return ["name", "percent"]

    def row(self, result: Result):
        return [f"{result.first_name} {result.last_name}", 100 * result.score / result.max_score]


def test_another_system_is_one_small_class(export):
    rows, warned = export(PercentByName, to="", assignment=["week-10"])
    assert rows[0] == ["name", "percent"]
    assert ["Ana Lovelace", "85.0"] in rows
    assert len(rows) == len(STUDENTS)  # the head, and everybody but Gus
    assert any("gus" in line for line in warned)


def test_nbgraders_own_exporter_needs_the_care(export):
    """The tests above would fail on it: a comma in a name shifts its columns, formulas stay formulas."""
    rows, warned = export(CsvExportPlugin, assignment=["week-10"])
    assert len({len(row) for row in rows}) > 1
    assert any(cell.startswith(FORMULA) for row in rows for cell in row)
    assert warned == []


def test_the_commands_of_the_readme(database, tmp_path):
    """`nbgrader export` with the course's configuration, as the README has it."""
    (tmp_path / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text("utf-8"), encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line.split("  #")[0].strip() for line in readme.splitlines() if line.startswith("nbgrader export")]
    assert [line for line in lines if "MoodleGrades" in line]
    assert "nbgrader export --to grades.csv" in lines
    for line in lines:
        command = line.replace("week-09", "week-10").split()
        program = Path(sys.prefix) / "bin" / command[0]
        environment = os.environ | {"HOME": str(tmp_path), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run([program, *command[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "gus" in done.stderr
        with (tmp_path / command[command.index("--to") + 1]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == (MOODLE if "MoodleGrades" in line else GradesTable().columns([]))
