"""What differs is found bit for bit; what is equal is not reported."""

import copy
import math

import pytest

from mlops_course.reproduce.compare import compare, compare_history, relative_difference


def exact(*values):
    return [[step, float(value).hex()] for step, value in enumerate(values)]


RUN = {
    "key": "Default / run 1",
    "parent": "",
    "experiment": "Default",
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
        ({"experiment": "Another", "key": "Another / run 1"}, "run", "run"),
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


def test_experiments_can_be_the_same_one_under_another_name():
    one, other = (record(key=f"{name} / run 1", experiment=name) for name in ("seed 1", "seed 2"))
    assert compare(one, other)
    assert compare(one, other, same_names=False) == []


def search(*depths, order, losses=None, named=False):
    """Record a parent and its children, one a depth, made in some order."""
    losses = losses or {}
    parent = record(name="search", tags={"best": "<id of Default / run 1.1>"})["runs"][0]
    children = [
        record(
            key=f"Default / run 1.{place}",
            parent=parent["key"],
            name=f"depth-{depth}" if named else f"happy-owl-{place}{order[0]}",
            parameters={} if named else {"depth": str(depth), "in": "<id of Default / run 1>"},
            metrics={"loss": exact(losses.get(depth, 1 / (1 + depth)))},
        )["runs"][0]
        for place, depth in enumerate(order, 1)
    ]
    best = next(place for place, depth in enumerate(order, 1) if depth == depths[0])
    parent["tags"]["best"] = f"<id of Default / run 1.{best}>"
    return {"runs": [parent, *children]}


@pytest.mark.parametrize("named", [False, True])
def test_runs_that_threads_made_in_another_order_are_the_same(named):
    one, other = (search(3, 5, 7, order=order, named=named) for order in ([3, 5, 7], [7, 3, 5]))
    assert compare(one, other) == []


@pytest.mark.parametrize("named", [False, True])
def test_a_metric_that_differs_is_found_in_the_run_that_it_belongs_to(named):
    one = search(3, 5, 7, order=[3, 5, 7], named=named)
    other = search(3, 5, 7, order=[7, 3, 5], losses={5: 0.5}, named=named)
    (found,) = compare(one, other)
    assert (found.kind, found.run, found.name) == ("metric", "Default / run 1.2", "loss")
    assert (found.first, found.second) == (repr(1 / 6), "0.5")


def test_a_run_that_another_one_mentions_must_be_the_same_run():
    one = search(3, 5, 7, order=[3, 5, 7])
    other = search(5, 3, 7, order=[7, 3, 5])
    (found,) = compare(one, other)
    assert (found.kind, found.run, found.name) == ("tag", "Default / run 1", "best")


def test_a_run_that_is_missing_is_the_one_with_another_content():
    one, other = search(3, 5, 7, order=[3, 5, 7]), search(3, 7, order=[7, 3])
    (found,) = compare(one, other)
    assert (found.kind, found.run, found.second) == ("run", "Default / run 1.2", "(absent)")


def test_the_order_decides_between_runs_with_nothing_to_tell_them_apart():
    one, other = ({"runs": [*record(key="a / run 1", metrics={"loss": exact(first)})["runs"],
                            *record(key="a / run 2", metrics={"loss": exact(second)})["runs"]]}
                  for first, second in ((1, 2), (3, 4)))  # fmt: skip
    assert [(found.run, found.first, found.second) for found in compare(one, other)] == [
        ("a / run 1", "1.0", "3.0"),
        ("a / run 2", "2.0", "4.0"),
    ]


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
