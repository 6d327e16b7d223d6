"""What a value is when it has crossed: plain data, with nothing of the behaviour of a student's class."""

import collections
import datetime
import enum
import json
import zoneinfo

import numpy as np
import pandas as pd
import pytest

from mlops_course.execution.boundary.asking import Link
from mlops_course.execution.boundary.values import CrossingError, Reader, Table, Writer


def referred(value):
    """Write a reference as the student's kernel does."""
    return ["ref", 0, "", type(value).__name__, []]


def unconnected(declared=()):
    """Make a test kernel's end that has no connection."""
    link = Link.__new__(Link)
    link.proxies, link.values, link.kinds, link.dropped, link.declared = {}, {}, {}, [], set(declared)
    return link


def crossed(value, declared=(), classes=None):
    """Write a value on one side and read it on the other."""
    link = unconnected(declared)
    classes = classes or {}
    text = json.loads(json.dumps(Writer(referred, classes=classes.__contains__).write(value)))
    return Reader(link.resolve, classes=classes.get).read(text)


class Sly:
    """Says of everything what pleases."""

    def lie(self, *_):
        return True

    def nine(self, *_):
        return 9

    __eq__ = __ne__ = __lt__ = __le__ = __contains__ = __bool__ = lie
    __int__ = __index__ = __len__ = __hash__ = __getitem__ = nine

    def __float__(self):
        return 9.0

    def __str__(self):
        return "9"

    __repr__ = __str__

    def __iter__(self):
        return iter([9])

    def items(self):
        return [(9, 9)]


@pytest.mark.parametrize(("base", "value"), [
    (int, 3), (float, 1.5), (str, "three"), (bytes, b"3"), (complex, 2j), (tuple, (1, [2])), (frozenset, frozenset([1])),
])  # fmt: skip
def test_an_instance_of_a_class_over_a_type_is_its_value_and_the_class_says_nothing(base, value):
    found = crossed(type("Mine", (Sly, base), {})(value))
    assert isinstance(found, base)
    assert found == value
    assert value == found
    assert (found != value) is False
    assert found != 9
    assert repr(found) == repr(value)
    assert str(found) == str(value)
    assert hash(found) == hash(value) if base is not tuple else list(found) == [1, [2]]


@pytest.mark.parametrize(
    ("base", "value"), [(list, [1, 2]), (dict, {"a": 1}), (set, {1}), (collections.Counter, {"a": 2})]
)
def test_an_instance_of_a_class_over_a_container_without_anything_more_is_the_container(base, value):
    found = crossed(type("Mine", (base,), {"__init__": base.__init__})(value))
    assert type(found) is base
    assert found == value


@pytest.mark.parametrize("base", [list, dict, set])
def test_an_instance_of_a_class_over_a_container_with_more_stays_there_and_is_of_the_type(base):
    found = crossed(type("Stack", (base,), {"push": lambda self, one: None})())
    assert isinstance(found, base)
    assert repr(found) == "an object of type Stack"


def test_a_class_that_the_assignment_asks_for_stays_there():
    vector = type("Vector", (tuple,), {"length": lambda self: 2})
    assert repr(crossed(vector((1, 2)), declared=["Vector"])) == "an object of type Vector"
    assert repr(crossed(vector((1, 2)))) == "(1, 2)"
    for base, given in ((np.ndarray, 2), (pd.DataFrame, {"a": [1]}), (list, [1]), (str, "a")):
        one = type("Vector", (base,), {})(given)
        first, second = crossed([one, one], declared=["Vector"])
        assert repr(first) == "an object of type Vector"
        assert first is second
        first, second = crossed([one, one])
        assert isinstance(first, base)
        assert first is second


def test_named_tuples_keep_their_fields_and_enumerations_their_value():
    Point = collections.namedtuple("Point", "x y")
    found = crossed(Point(1, [2]))
    assert found == (1, [2])
    assert (found.x, found.y, found._fields) == (1, [2], ("x", "y"))
    assert repr(found) == "Point(x=1, y=[2])"
    assert crossed(enum.IntEnum("Colour", "RED BLUE").BLUE) == 2
    assert crossed(enum.StrEnum("Colour", "RED BLUE").BLUE) == "blue"
    with pytest.raises(CrossingError):
        Reader(lambda text: None).read(["named", "P", ["x=print(1)"], [1]])
    with pytest.raises(CrossingError):
        Reader(lambda text: None).read(["named", "P", ["x"], []])


def test_a_locked_named_tuple_or_enumeration_is_the_one_of_the_locked_cell():
    classes = {
        "Point": collections.namedtuple("Point", "x y"),
        "Colour": enum.IntEnum("Colour", "RED BLUE"),
        "Plain": enum.Enum("Plain", "RED BLUE"),
    }
    for kind in classes.values():
        kind.__module__ = "__main__"
    assert type(crossed(classes["Point"](1, 2), classes=classes)) is classes["Point"]
    for name in ("Colour", "Plain"):
        assert crossed(classes[name].RED, classes=classes) is classes[name].RED


def test_what_only_looks_like_a_value_is_none():
    link = unconnected()
    for number, value in enumerate(([1], {"a": 1}, True, 3)):
        found = Reader(link.resolve).read(["ref", number, "", "Mine", [], value])
        assert repr(found) == "an object of type Mine"


@pytest.mark.parametrize("value", [{"a": 1, "b": [2]}.keys(), {"a": 1}.items(), collections.OrderedDict(a=1).keys()])
def test_what_a_dict_shows_of_itself_is_what_it_holds(value):
    assert crossed(value) == value
    assert type(crossed(value)) in (type({}.keys()), type({}.items()))
    assert list(crossed({"a": 1}.values())) == [1]


@pytest.mark.parametrize("value", [
    pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-02 03:04:05.123456789"), pd.Timestamp("2020-07-02", tz="Europe/Berlin"),
    pd.Timestamp("2020-01-02", tz="UTC"), pd.Timedelta("3D 1ns"), pd.Period("2020-03", "M"), pd.Interval(0, 1.5, "left"),
    datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    datetime.datetime(2020, 10, 25, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"), fold=1),
    datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), datetime.time(1, tzinfo=datetime.UTC), datetime.datetime(1, 1, 1),
    datetime.timezone(datetime.timedelta(hours=1), "MEZ"), zoneinfo.ZoneInfo("Europe/Berlin"),
])  # fmt: skip
def test_points_in_time_cross_with_their_zone(value):
    found = crossed([value])[0]
    assert type(found) is type(value)
    assert found == value
    assert getattr(found, "tzinfo", None) == getattr(value, "tzinfo", None)
    assert getattr(found, "fold", 0) == getattr(value, "fold", 0)
    assert getattr(found, "unit", None) == getattr(value, "unit", None)


def test_a_zone_of_ones_own_stays_there():
    class Zone(datetime.tzinfo):
        def utcoffset(self, _when):
            return datetime.timedelta(0)

    assert repr(crossed({"a": datetime.datetime(2020, 1, 1, tzinfo=Zone())})["a"]) == "an object of type datetime"


@pytest.mark.filterwarnings("error")
def test_types_of_columns_and_columns_of_mixed_names_cross():
    for frame in (FRAME.astype({"kind": "category"}), FRAME.rename(columns={"year": 1})):
        assert crossed(frame.dtypes).tolist() == frame.dtypes.tolist()
        pd.testing.assert_frame_equal(crossed(frame), frame)
    assert crossed(FRAME["kind"].dtype) == "str"


def test_missing_values_are_the_ones_there_are():
    assert crossed(pd.NaT) is pd.NaT
    assert crossed(pd.NA) is pd.NA


FRAME = pd.DataFrame({"year": [2007, 2007, 2008], "mass": [1.0, 2.0, 4.0], "kind": ["a", "b", "a"]})
DAYS = pd.Series([1.0, 2.0, 3.0], pd.date_range("2020-01-01", periods=3))
REFUSED = pd.DataFrame({"a": [1, "x", None], "b": [(1, 2), [3], {4}], "c": [1.5, 2.5, 3.5]}, index=[("a", 1), 2, "c"])


@pytest.mark.parametrize("value", [
    FRAME.groupby("year").mean(numeric_only=True).loc[2007], DAYS.rename(pd.Timestamp("2020-01-01")), DAYS.rename(("a", 1)),
    FRAME.groupby("kind")["mass"].mean(), FRAME["mass"].rename(""), FRAME.iloc[0], FRAME.describe(include="all"), REFUSED,
    REFUSED["b"], REFUSED.T, FRAME.groupby(["year", "kind"]).agg(["min", "max"]), FRAME.pivot_table(index="kind", columns="year"),
    DAYS.resample("D").mean(), DAYS.resample("2h").sum().to_frame("a"), FRAME.astype({"kind": "category"}),
    FRAME.iloc[:0], pd.DataFrame(), pd.Series(dtype=float), FRAME["kind"].value_counts(),
    pd.Series([pd.NaT, 1, "a"]), pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.crosstab(FRAME["year"], FRAME["kind"]),
    FRAME.groupby(pd.cut(FRAME["mass"], 2), observed=False)["mass"].sum(),
], ids=range(23))  # fmt: skip
def test_frames_and_series_cross_whatever_is_in_them(value):
    found = crossed(value)
    assert type(found) is type(value)
    same = pd.testing.assert_frame_equal if isinstance(value, pd.DataFrame) else pd.testing.assert_series_equal
    same(found, value, check_exact=True)


@pytest.mark.parametrize("value", [
    DAYS.index, pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None]), pd.Index([1, "a", None]),
    pd.CategoricalIndex(["a", "b"]), pd.RangeIndex(3), pd.Index([0.5], name="n"), pd.period_range("2020-01", periods=2, freq="M"),
], ids=range(7))  # fmt: skip
def test_indexes_cross(value):
    pd.testing.assert_index_equal(crossed(value), value)
    assert getattr(crossed(value), "freq", None) == getattr(value, "freq", None)


def test_arrays_of_pandas_of_fields_and_of_a_class_of_ones_own_cross():
    assert type(crossed(FRAME["kind"].unique())) is type(FRAME["kind"].unique())
    assert list(crossed(FRAME["kind"].unique())) == ["a", "b"]
    fields = np.array([(1, 2.5), (3, 4.5)], dtype=[("n", "i4"), ("x", "f8")])
    assert crossed(fields).dtype == fields.dtype
    assert np.array_equal(crossed(fields), fields)
    found = crossed(np.arange(3).view(type("Mine", (np.ndarray,), {"__eq__": lambda self, other: True})))
    assert type(found) is np.ndarray
    assert found.tolist() == [0, 1, 2]
    assert type(crossed(type("Frame", (pd.DataFrame,), {"equals": lambda self, other: True})(FRAME))) is pd.DataFrame
    with pytest.raises(CrossingError):
        Reader(lambda text: None).read(["ndarray", 0, [["a", "|O"]], [1], ""])


@pytest.mark.parametrize(("start", "change"), [
    (lambda: pd.Series([1.0, None, 3.0], name="s"), lambda s: s.dropna(inplace=True)),
    (lambda: pd.Series([1, 2]), lambda s: s.__setitem__("new", 5.5)),
    (lambda: pd.Series([1, 2]), lambda s: s.rename("other", inplace=True)),
    (lambda: pd.DataFrame({"a": [1, 2], "b": ["x", None]}), lambda f: f.dropna(inplace=True)),
    (lambda: pd.DataFrame({"a": [2, 1]}), lambda f: f.sort_values("a", inplace=True)),
    (lambda: pd.DataFrame({"a": [2, 1]}), lambda f: f.set_index("a", inplace=True)),
    (lambda: np.arange(6), lambda a: setattr(a, "shape", (2, 3))),
    (lambda: np.arange(6), lambda a: a.sort()),
], ids=range(8))  # fmt: skip
def test_a_change_is_put_into_the_object_there_is(start, change):
    mine, theirs = start(), start()
    change(theirs)
    here, there = Table(), Table()
    here.add(mine)
    there.add(theirs)
    text = Writer(referred, there).content(theirs, known=True)
    Reader(lambda text: None, here).read_container(text[0], text[1:], 0, mine)
    assert crossed(mine).__class__ is type(theirs)
    if isinstance(mine, np.ndarray):
        assert mine.tolist() == theirs.tolist()
    else:
        pd.testing.assert_frame_equal(pd.DataFrame(mine), pd.DataFrame(theirs))
        assert getattr(mine, "name", None) == getattr(theirs, "name", None)
