"""Honest, unusual work gets its points: together what plain nbgrader gives; separately, too, where the solution does.

Plain nbgrader's points are noted in the cases; the slow test of those where it does not give all asks it again.
"""

import pytest

from tests.corpora import some
from tests.honest import course
from tests.honest.cases import SETS, read

pytestmark = pytest.mark.needs("sandbox")

SOME = {
    "clashes": ("math_star",),
    "files": ("chdir_files", "env_read_by_test"),
    "names": ("global_result", "measurement", "builtins_print", "signature"),
    "points": ("doctest_in_test", "stderr_warning"),
}


def together(cases, folder):
    """Say who gets other points than plain nbgrader gives, or is to be looked at."""
    points, seen = course.points(folder)
    return losses(cases, points) + [f"together: {finding}" for finding in seen]


def separately(cases, folder):
    """The same, but for cases with a reason; and say which reasons are none any more."""
    points, seen = course.points(folder)
    unsolved = course.unsolved(folder)
    said = losses([case for case in cases if not case.reasons], points)
    said += [f"separately: {finding}" for finding in seen if finding.notebook not in unsolved]
    for case in cases:
        if "not separate" in case.reasons and case.name not in unsolved:
            said.append(f"{case.name}: the solution gets all points separately")
        if "differs separately" in case.reasons and not losses([case], points):
            said.append(f"{case.name}: it gets the same points separately")
    return said


def losses(cases, points):
    return [f"{case.name}: {points[case.name]}, not {case.gives}" for case in cases if points[case.name] != case.gives]


def complaints(cases, files, folder):
    course.build(folder / "course", cases, files)
    copies = [course.copied(folder / "course", name, more) for name, more in course.SETTINGS.items()]
    return together(cases, copies[0]), separately(cases, copies[1])


def test_some_in_both_settings(tmp_path):
    cases = [read(name)[0][one] for name, chosen in SOME.items() for one in chosen]
    assert complaints(cases, {}, tmp_path) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("name", some("honest", SETS))
def test_all_in_both_settings(tmp_path, name):
    cases, files = read(name)
    assert complaints(list(cases.values()), files, tmp_path) == ([], [])


@pytest.mark.slow
def test_what_plain_nbgrader_does_not_give_all_points_is_so(tmp_path):
    cases = [case for name in SETS for case in read(name)[0].values() if case.gives != case.most]
    folder = course.build(tmp_path / "course", cases, {})
    assert losses(cases, course.plain_points(folder)) == []


def test_a_loss_and_a_reason_that_is_none_are_said(monkeypatch):
    (case,) = [read("names")[0]["global_result"]]
    for points, unsolved, reasons, said in (
        (1, set(), {}, ""),
        (0, set(), {}, "not {"),
        (0, {case.name}, {"not separate": "so"}, ""),
        (1, set(), {"not separate": "so"}, "gets all points"),
        (0, set(), {"differs separately": "so"}, ""),
        (1, set(), {"differs separately": "so"}, "the same points"),
    ):
        case.reasons = reasons
        monkeypatch.setattr(course, "points", lambda folder, points=points: ({case.name: {"test_1": points}}, []))
        monkeypatch.setattr(course, "unsolved", lambda folder, unsolved=unsolved: unsolved)
        assert said in "".join(separately([case], None))
        assert bool(said) == bool(separately([case], None))
