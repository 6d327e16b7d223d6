"""No attack succeeds, nobody honest is hurt; and each attack is shown to work where nothing stands against it."""

import dataclasses
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from mlops_course import grading
from tests.attacks import archives, corpus, course, stock, traces
from tests.attacks.attack import PRINT_REACHED, Attack, Site, code
from tests.attacks.attacked_class import AttackedClass, complaints, graded, plain_nbgrader
from tests.corpora import some

BY_NAME = {attack.name: attack for attack in corpus.ATTACKS}
FAST = ("functions", "data")  # without MLflow


def test_the_corpus_is_in_order():
    assert len(BY_NAME) == len(corpus.ATTACKS) >= 100
    cells = {cell for points in corpus.NOTHING.values() for cell in points}
    for attack in corpus.ATTACKS:
        assert set(attack.aims) | set(attack.earned) <= cells, attack.name
        assert set(attack.harms) <= set(stock.HARMS), attack.name
        assert attack.aims or attack.leaks or attack.harms or not attack.on_stock, f"{attack.name} wants nothing"
        assert attack.on_stock or attack.why_not, f"{attack.name}: why is it not tried?"


def test_a_dozen_attacks():
    with graded(tuple(BY_NAME[name] for name in corpus.A_DOZEN), notebooks=FAST, seconds=8) as result:
        assert complaints(result) == []


@pytest.mark.slow
def test_what_succeeds_is_complained_about():
    """The same checks, of the same kind of class, graded without protection."""
    names = ("always_equal", "source_read", "submissions_changed", "script_in_output", "helper_defaults")
    wrong = Attack("honest-looking", "Right, and flagged nowhere.", code("functions", PRINT_REACHED), flag=True)
    attacks = (*(BY_NAME[name] for name in names), wrong)
    with graded(attacks, notebooks=("functions",), seconds=8, grade=plain_nbgrader) as result:
        found = complaints(result)
        assert "the class: course" in found
        assert "always_equal: has 2.0 points for squares, earned 0" in found
        assert "helper_defaults: has 2.0 points for mean_is_close, earned 0" in found
        assert f"source_read: shows {course.SOLUTION}" in found
        assert "script_in_output: has a script in the feedback" in found
        assert "honest-looking: is not in the report" in found
        assert "the report: there is none" in found
        assert not any(line.startswith("honest-full: has other points") for line in found)
        change_points(result, "honest-half", "squares")
        assert any(line.startswith("honest-half: has other points") for line in complaints(result))
        report = {"outcomes": [{"student": "honest-looking", "status": "graded", "findings": [], "trouble": ""}]}
        reported = complaints(dataclasses.replace(result, report=report))
        assert "honest-looking: is not flagged; findings: [], trouble: ''" in reported
        (result.site.course / "grading_report.html").write_text("<img src=x onerror=alert(1)>")
        assert "the report: contains a script" in complaints(result)


def change_points(result: AttackedClass, student: str, cell: str) -> None:
    """Change a grade in the gradebook."""
    with Gradebook(f"sqlite:///{result.site.course / 'gradebook.db'}") as gradebook:
        gradebook.find_grade(cell, "functions", course.ASSIGNMENT, student).auto_score = 0.5
        gradebook.db.commit()


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<p>window.a = 'attack-left-this'</p>", False),
        ("<pre>&lt;script&gt;attack-left-this&lt;/script&gt;</pre>", False),
        ("<script>good()</script><p>attack-left-this</p>", False),
        ("<script>window.a = 'attack-left-this'</script>", True),
        ("<img src=x onerror='a(\"attack-left-this\")'>", True),
        ("<a href='javascript:attack-left-this'>", True),
    ],
)
def test_scripts_are_told_from_text(page, found):
    assert traces.has_script(page) is found


def test_what_is_known_to_get_through_is_documented():
    text = " ".join((Path(grading.__file__).parent / "README.md").read_text(encoding="utf-8").split())
    for attack in corpus.ATTACKS:
        assert attack.known in text, attack.name


@pytest.mark.slow
def test_all_attacks():
    with graded(tuple(corpus.ATTACKS)) as result:
        assert complaints(result) == []


def surprises(attacks):
    """Try attacks; say which do not do what they are said to do."""
    found = []
    for attack, seen in stock.try_all(attacks):
        failed = seen.success(attack)
        if attack.succeeds_on_stock and failed:
            found.append(f"{attack.name}: {'; '.join(failed)}")
        elif not attack.succeeds_on_stock and not failed:
            found.append(f"{attack.name} succeeds, although {attack.why_not}")
    return found


@pytest.mark.slow
def test_on_plain_nbgrader():
    """Each attack does there what it is said to do."""
    names = some("attacks-on-nbgrader", [attack.name for attack in corpus.ATTACKS if attack.on_stock])
    assert surprises([BY_NAME[name] for name in names]) == []


@pytest.mark.slow
def test_no_limit_is_set_by_plain_nbgrader():
    """Why what would endanger the computer is tried there in small amounts only."""
    source = """
    import resource

    for name in ("RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_CPU"):
        print(name, resource.getrlimit(getattr(resource, name)) == resource.getrlimit(resource.RLIMIT_RSS))
    """
    shown = "\n".join(f"{name} True" for name in ("RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_CPU"))
    attack = Attack("limits", "Shows the limits.", code("functions", source), leaks=(shown,))
    wrong = Attack("harmless", "Gains nothing.", code("functions", "pass"), aims=("squares",))
    assert surprises([attack, wrong]) == ["harmless: no points for squares"], "what is said wrongly is noticed"


@pytest.mark.slow
def test_honest_points_are_those_of_plain_nbgrader():
    with graded((), grade=plain_nbgrader) as result:
        for student in corpus.HONEST:
            assert traces.points(result.site, student) == corpus.honest_points(student, course.NOTEBOOKS)


@pytest.fixture(scope="module")
def plain_course():
    with stock.prepared(notebooks=("functions",)) as template:
        yield template


@pytest.fixture
def site(plain_course, tmp_path):
    return plain_course.site(tmp_path)


@pytest.mark.slow
def test_plain_zip_collect_unpacks_everything(site: Site):
    for student, write in (("ana", archives.bomb), ("ben", archives.nested_bomb)):
        path = archives.archive_folder(site) / f"{student}.zip"
        write(path, megabytes=200)
        assert path.stat().st_size < archives.MEGABYTE
    archives.linking(archives.archive_folder(site) / "cem.zip", "../../../../gradebook.db")
    archives.climbing(archives.archive_folder(site) / "dua.zip")
    folder, _ = archives.unpack(site)
    assert archives.size(folder / "ana") > 199 * archives.MEGABYTE
    assert archives.size(folder / "ben") > 199 * archives.MEGABYTE
    # Two that do not succeed: Python's zipfile keeps members inside, and writes a link's target as text.
    assert not list(site.course.parent.rglob("climbed.txt")) or all(
        folder in path.parents for path in site.course.parent.rglob("climbed.txt")
    )
    assert not any(path.is_symlink() for path in site.course.rglob("*"))
