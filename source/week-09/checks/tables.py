"""Compares tables, and says in words where they differ."""

from __future__ import annotations

import io
from collections import Counter

import pandas as pd


def lines_of(table: pd.DataFrame) -> list[str]:
    """Return the header and the rows of a table as text, however they were written."""
    return table.convert_dtypes().to_csv(index=False, lineterminator="\n").splitlines()


def read(content: bytes) -> pd.DataFrame:
    """Read the bytes of a CSV file."""
    return pd.read_csv(io.BytesIO(content))


def bytes_problem(found: bytes, expected: bytes) -> str | None:
    """Say how the bytes of a CSV file differ from the expected ones; None if they do not."""
    if found == expected:
        return None
    if found == expected.replace(b"\n", b"\r\n"):
        return "it has other line endings: copy the bytes, not the text"
    try:
        is_same_table = read(found).equals(read(expected))
    except ValueError:
        is_same_table = False
    if is_same_table:
        return "it has the same table, but other bytes: was it read and written again?"
    rows, wanted = (len(content.splitlines()) - 1 for content in (found, expected))
    return f"it has {rows} rows and {len(found)} bytes, expected {wanted} rows and {len(expected)} bytes"


def rows_problem(found: bytes, expected: bytes) -> str | None:
    """Say how the rows of a CSV file differ from the expected ones, in any order; None if they do not."""
    (header, *rows), (right, *wanted) = lines_of(read(found)), lines_of(read(expected))
    if header != right:
        return f"it has the columns {header}, expected {right}"
    if right in rows:
        return "the header line is in it twice: the new file begins with a header line, too"
    missing = sum((Counter(wanted) - Counter(rows)).values())
    surplus = sum((Counter(rows) - Counter(wanted)).values())
    if missing or surplus:
        return (
            f"it has {len(rows)} rows, expected {len(wanted)}: {missing} of the expected rows are missing or changed, "
            f"{surplus} rows should not be there"
        )
    return None


def frame_problem(found: object, content: bytes) -> str | None:
    """Say how what a function returned differs from the table in a CSV file; None if it does not."""
    expected = read(content)
    if not isinstance(found, pd.DataFrame):
        return f"expected a DataFrame, found {type(found).__name__}"
    if list(found.columns) != list(expected.columns):
        return f"expected the columns {list(expected.columns)}, found {list(found.columns)}"
    if len(found) != len(expected):
        return f"expected {len(expected)} rows, as that commit has them; found {len(found)}"
    wrong = sum(one != other for one, other in zip(lines_of(found), lines_of(expected), strict=True))
    return f"{wrong} rows have other values than that commit's table" if wrong else None
