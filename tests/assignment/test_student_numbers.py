"""Every student's numbers are their own: `STUDENT_ID` draws seeds and rows, and no two losses may coincide."""

import runpy
import sys
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

WEEK = Path(__file__).resolve().parents[2] / "source" / "week-09"
SMALLEST_DISTANCE = 1e-7  # relative; the grade cells compare with 1e-9


@pytest.fixture(scope="module")
def training():
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in sys.modules if name.partition(".")[0] == "checks"]:
            patched.delitem(sys.modules, name)  # another test's, from another folder
        patched.syspath_prepend(WEEK)
        patched.setattr(sys, "dont_write_bytecode", True)
        return SimpleNamespace(**runpy.run_path(str(WEEK / "checks" / "training.py")))


def names(count):
    """Ids as students have them: names, numbers, mail addresses, and none at all."""
    forms = ("ana{}", "{:08}", "student.{}@example.org", "Żółć {}")
    return ["", *(forms[number % 4].format(number) for number in range(count - 1))]


def own_losses(training, student_id):
    """Return the two losses of task 4 and the twelve of task 5."""
    own = training.own_numbers(student_id)
    of_task_4 = [
        training.train(own["data"], own[which], split_seed=own["split_seed"])["loss"]
        for which in ("my_seed", "other_seed")
    ]
    return of_task_4, [training.train(own["data"], seed)["loss"] for seed in own["my_seeds"]]


def apart(first, second):
    return abs(first - second) > SMALLEST_DISTANCE * max(first, second)


def check(training, ids):
    firsts, means = {}, {}
    for student_id in ids:
        of_task_4, of_task_5 = own_losses(training, student_id)
        assert apart(*of_task_4), f"{student_id!r}: the two losses of task 4 are equal"
        for first, second in combinations(of_task_5, 2):
            assert apart(first, second), f"{student_id!r}: two losses of task 5 are equal"
        firsts[student_id], means[student_id] = of_task_4[0], sum(of_task_5) / 12
    for kind in (firsts, means):
        in_order = sorted(kind.items(), key=lambda item: item[1])
        for (one, first), (other, second) in pairwise(in_order):
            assert apart(first, second), f"{one!r} and {other!r} have the same number"


def test_losses_differ_for_some_ids(training):
    check(training, names(10))


@pytest.mark.slow
def test_losses_differ_for_500_ids(training):
    check(training, names(500))


def test_same_id_draws_the_same_numbers(training):
    one, again, other = (training.own_numbers(student_id) for student_id in ("ana", "ana", "ben"))
    data, data_again, data_of_other = (own.pop("data") for own in (one, again, other))
    assert one == again
    assert data.equals(data_again)
    assert one != other
    assert not data.equals(data_of_other)
    assert len(data) == len(data_of_other) == 328


def test_seeds_of_one_student_are_all_different(training):
    for student_id in names(100):
        own = training.own_numbers(student_id)
        seeds = [own["split_seed"], own["my_seed"], own["other_seed"], *own["my_seeds"]]
        assert len(set(seeds)) == 15
        assert len(own["my_seeds"]) == 12


def check_runs(training, ids):
    """One change is better beyond doubt, the other is not; and only pairs tell which, for its mean loss is lower."""
    seen = set()
    for student_id in ids:
        runs = training.own_runs(student_id)
        assert len(runs) == 45
        assert runs["loss"].min() > 0
        table = runs.pivot(index="seed", columns="variant", values="loss")
        differences = table[["change A", "change B"]].sub(table["as it was"], axis=0)
        sure = (differences.mean() / differences.sem()).sort_values()
        assert sure.iloc[0] < -4, student_id
        assert -1.5 < sure.iloc[1] < 0, student_id
        assert differences.mean().idxmin() == sure.index[1], student_id
        unpaired = (
            differences.mean()
            / (table.sem() ** 2).pipe(lambda of: of[["change A", "change B"]] + of["as it was"]) ** 0.5
        )
        assert unpaired.min() > -1.5, student_id
        seen.add((sure.index[0], round(sure.iloc[0], 6)))
    assert len(seen) == len(ids)
    assert {name for name, _ in seen} == {"change A", "change B"}


def test_one_change_is_better_for_some_ids(training):
    check_runs(training, names(50))


@pytest.mark.slow
def test_one_change_is_better_for_500_ids(training):
    check_runs(training, names(500))
