"""pandas' points in time, frames, series and indexes as plain JSON, and changes put into the ones there are.

A frame crosses as Arrow's stream if it comes out of it as it was, and column by column otherwise.
"""

from __future__ import annotations

import base64
import io
import sys
import warnings
from typing import Any

SCALARS = {"Timestamp", "Timedelta", "Period", "Interval", "NaT", "NA", "ExtensionDtype"}
FRAMES = {"DataFrame", "Series", "Index", "ExtensionArray"}


def write_scalar(writer: Any, value: Any, kind: type) -> Any:
    """Write a point in time, a span, a missing value or a type of pandas'; None if it is none."""
    pd = sys.modules.get("pandas")
    if pd is None:
        return None
    if value is pd.NaT or value is pd.NA:
        return ["NaT" if value is pd.NaT else "NA"]
    if kind is pd.Timestamp:
        zone = writer.write(value.tzinfo)
        return ["Timestamp", writer.write(value.to_datetime64()), zone, value.fold] if is_data(zone) else None
    if kind is pd.Timedelta:
        return ["Timedelta", writer.write(value.to_timedelta64())]
    if kind is pd.Period:
        return ["Period", value.ordinal, value.freqstr]
    if kind is pd.Interval:
        return ["Interval", writer.write(value.left), writer.write(value.right), value.closed]
    if isinstance(value, pd.api.extensions.ExtensionDtype) and kind.__module__.startswith("pandas"):
        return ["ExtensionDtype", write_type(writer, value, 0)]
    return None


def is_data(zone: Any) -> bool:
    """Tell whether a time zone was written as data."""
    return zone is None or zone[0] in ("timezone", "ZoneInfo")


def read_scalar(reader: Any, tag: str, rest: list[Any]) -> Any:
    """Read what `write_scalar` wrote."""
    import pandas as pd

    if tag in ("NaT", "NA"):
        return getattr(pd, tag)
    if tag == "Timestamp":
        found, zone = pd.Timestamp(reader.read(rest[0])), reader.read(rest[1])
        return found if zone is None else found.tz_localize("UTC").tz_convert(zone)
    if tag == "Timedelta":
        return pd.Timedelta(reader.read(rest[0]))
    if tag == "Period":
        return pd.Period(ordinal=int(rest[0]), freq=str(rest[1]))
    if tag == "ExtensionDtype":
        return read_type(reader, rest[0], 0)
    return pd.Interval(reader.read(rest[0]), reader.read(rest[1]), closed=str(rest[2]))


def kind_of(value: Any) -> str | None:
    """Tell which of pandas' containers this is, or is a class of somebody else's over; None if none."""
    pd = sys.modules.get("pandas")
    if pd is not None:
        for kind in (pd.DataFrame, pd.Series, pd.Index, pd.api.extensions.ExtensionArray):
            if isinstance(value, kind):
                return kind.__name__
    return None


def is_extended(value: Any, kind: type) -> bool:
    """Tell whether this is a frame, series, index or array of a class of somebody else's."""
    return not kind.__module__.startswith("pandas") and kind_of(value) is not None


def write_frame(writer: Any, value: Any, number: int, depth: int) -> Any:
    """Write a frame, series, index or array of pandas'."""
    import pandas as pd

    tag = kind_of(value)
    name = writer.write(value.name, depth + 1) if tag == "Series" else None
    if tag == "DataFrame":
        frame = pd.DataFrame(value)
    elif tag == "Index":
        frame = pd.DataFrame(index=value)
    else:
        frame = pd.DataFrame({"": pd.Series(value)})
    data = to_arrow(frame)
    if data is None:
        columns = [
            [
                write_type(writer, frame.dtypes.iloc[place], depth),
                [writer.write(one, depth + 1) for one in frame.iloc[:, place].astype(object)],
            ]
            for place in range(frame.shape[1])
        ]
        content = [columns, write_labels(writer, frame.columns, depth), write_labels(writer, frame.index, depth)]
    else:
        content = base64.b64encode(data).decode()
    return [tag, number, content, name, getattr(frame.index, "freqstr", None)]


def write_type(writer: Any, dtype: Any, depth: int) -> Any:
    """Write the type of a column."""
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        return [write_labels(writer, dtype.categories, depth), bool(dtype.ordered)]
    return str(dtype)


def read_type(reader: Any, text: Any, depth: int) -> Any:
    """Read what `write_type` wrote."""
    import pandas as pd

    if isinstance(text, str):
        return pd.api.types.pandas_dtype(text)
    return pd.CategoricalDtype(read_labels(reader, text[0], depth), ordered=text[1])


def write_labels(writer: Any, index: Any, depth: int) -> list[Any]:
    """Write the labels of rows or columns one by one."""
    names = [writer.write(name, depth + 1) for name in index.names]
    kind = None if index.nlevels > 1 else write_type(writer, index.dtype, depth)
    return [kind, [writer.write(one, depth + 1) for one in index], names]


def read_labels(reader: Any, text: list[Any], depth: int) -> Any:
    """Read what `write_labels` wrote."""
    import pandas as pd

    kind, labels, names = text
    labels, names = ([reader.read(one, depth + 1) for one in part] for part in (labels, names))
    if kind is None:
        return pd.MultiIndex.from_tuples(labels, names=names)
    return pd.Index(labels, dtype=read_type(reader, kind, depth), name=names[0], tupleize_cols=False)


def to_arrow(frame: Any) -> bytes | None:
    """Write a frame as Arrow's stream; None if it would not come out the same."""
    import pandas as pd
    import pyarrow as pa

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names of columns that Arrow would change: these are compared
            table = pa.Table.from_pandas(frame)
        pd.testing.assert_frame_equal(frame, table.to_pandas(), check_exact=True, check_freq=False)
    except Exception:  # whatever Arrow and pandas say of what is in it
        return None
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def from_arrow(data: bytes) -> Any:
    """Read what `to_arrow` wrote."""
    import pyarrow as pa

    with pa.ipc.open_stream(io.BytesIO(data)) as stream:
        table = stream.read_all()
    table.validate(full=True)
    return table.to_pandas()


def read_frame(reader: Any, tag: str, rest: list[Any], depth: int) -> Any:
    """Read what `write_frame` wrote."""
    import pandas as pd

    content, name, frequency = rest
    if isinstance(content, str):
        frame = from_arrow(base64.b64decode(content))
    else:
        columns, labels, index = content
        index = read_labels(reader, index, depth)
        series = {
            place: pd.Series([reader.read(one, depth + 1) for one in values], index, dtype=object).astype(
                read_type(reader, kind, depth)
            )
            for place, (kind, values) in enumerate(columns)
        }
        frame = pd.DataFrame(series, index=index)
        frame.columns = read_labels(reader, labels, depth)
    if frequency is not None and frame.index.freqstr != frequency:
        frame.index.freq = str(frequency)
    if tag == "DataFrame":
        return frame
    if tag == "Index":
        return frame.index
    found = frame.iloc[:, 0]
    return found.array if tag == "ExtensionArray" else found.rename(reader.read(name, depth + 1))


def replace(target: Any, found: Any) -> Any:
    """Put what is in an array, frame or series into the one there is."""
    kind = kind_of(target)
    if kind in ("DataFrame", "Series"):
        target.__init__(found)  # a change of its rows, columns and types as much as of what is in it
        return target
    if kind is None and target.dtype == found.dtype and target.size == found.size:
        target.shape = found.shape
        target[...] = found
        return target
    if kind == "Index" and target.equals(found):
        target.names = found.names
        return target
    raise TypeError(f"a change in an object of type {type(target).__name__} cannot be handed back")
