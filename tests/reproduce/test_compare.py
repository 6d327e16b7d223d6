"""What differs is found bit for bit; what is equal is not reported."""

import copy
import math

import pytest

from course.reproduce.compare import compare, compare_history, relative_difference


def exact(*values):
    return [[step, float(value).hex()] for step, value in enumerate(values)]


RUN = {
    "key": "Default / run 1",
    "name": "bold-crane-1",
    "status": "FINISHED",
    "parameters": {"seed": "1"},
    "metrics": {"loss": exact(0.5, 0.25, 0.125), "diverged": exact(math.nan)},
    "tags": {"dvc_md5": "00a6"},
    "datasets": {"penguins (training)": "abc"},
    "artifacts": {"figure.png": "0" * 64},
    "models": {"model": {"kind": "k", "content": "c"}},
}


def record(**changes):
    run = copy.deepcopy(RUN)
    run.update(changes)
    return {"runs": [run]}


def test_equal_records_have_no_differences():
    assert compare(record(), record(name="another-name-2")) == []


def test_nan_equals_nan_and_nothing_else():
    assert compare_history("run", "m", exact(math.nan), exact(math.nan)) == []
    assert compare_history("run", "m", exact(math.nan), exact(0.0))


def test_zero_has_a_sign():
    assert compare_history("run", "m", exact(0.0), exact(-0.0))


@pytest.mark.parametrize(
    ("changes", "kind", "name"),
    [
        ({"status": "FAILED"}, "status", "status"),
        ({"parameters": {"seed": "2"}}, "parameter", "seed"),
        ({"parameters": {}}, "parameter", "seed"),
        (
            {"metrics": {"loss": exact(0.5, 0.25, math.nextafter(0.125, 1)), "diverged": exact(math.nan)}},
            "metric",
            "loss",
        ),
        ({"metrics": {"loss": exact(0.5, 0.25), "diverged": exact(math.nan)}}, "metric", "loss"),
        ({"metrics": {"loss": exact(0.5, 0.25, 0.125)}}, "metric", "diverged"),
        ({"tags": {"dvc_md5": "ffff"}}, "tag", "dvc_md5"),
        ({"datasets": {"penguins (training)": "abd"}}, "dataset", "penguins (training)"),
        ({"artifacts": {"figure.png": "1" * 64}}, "artifact", "figure.png"),
        ({"models": {"model": {"kind": "k", "content": "d"}}}, "model", "model"),
        ({"models": {}}, "model", "model"),
        ({"key": "Default / run 2"}, "run", "run"),
    ],
)
def test_every_kind_of_difference_is_found(changes, kind, name):
    found = compare(record(), record(**changes))
    assert (kind, name) in {(one.kind, one.subject) for one in found}
    mirrored = compare(record(**changes), record())
    assert {(one.kind, one.subject) for one in mirrored} == {(one.kind, one.subject) for one in found}


def test_a_history_names_the_first_step_that_differs():
    (found,) = compare_history("run", "loss", exact(1, 2, 3, 4), exact(1, 2, 3.5, 5))
    assert found.name == "loss [step 2, first of 2]"
    assert (found.first, found.second) == ("3.0", "3.5")


def test_values_are_shown_to_the_last_bit():
    one, other = 0.1, math.nextafter(0.1, 1)
    (found,) = compare_history("run", "loss", exact(one), exact(other))
    assert float(found.first) == one
    assert float(found.second) == other
    assert 0 < found.relative < 1e-15


def test_long_values_show_where_they_differ():
    one, other = "x" * 200 + "A" + "y" * 200, "x" * 200 + "B" + "y" * 200
    (found,) = compare(record(tags={"t": one}), record(tags={"t": other}))
    assert "A" in found.first
    assert "B" in found.second
    assert len(found.first) < 100


def test_runs_can_be_paired_by_place():
    one, other = record(key="seed 1 / run 1", place="1"), record(key="seed 2 / run 1", place="1")
    assert compare(one, other)
    assert compare(one, other, pair_by="place") == []


def test_excluded_names_are_not_compared():
    assert compare(record(), record(tags={"dvc_md5": "ffff"}), exclude=["tag:dvc_*"]) == []
    assert compare(record(), record(tags={"dvc_md5": "ffff"}), exclude=["metric:*"])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("1.0", "2.0", 0.5),
        ("0.0", "0.0", 0.0),
        ("x", "1", None),
        (None, "1", None),
        ("nan", "1", None),
        ("inf", "1", None),
    ],
)
def test_relative_difference(first, second, expected):
    assert relative_difference(first, second) == expected
