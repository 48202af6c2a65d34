"""Tables as CSV (RFC 4180), for spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson

from fieldwright.data.errors import QueryError
from fieldwright.data.output.columns import Column

MARK = "\ufeff".encode()
"""By which Excel knows UTF-8; left out where a header of plain ASCII does without."""


def csv_bytes(columns: Sequence[Column]) -> bytes:
    """A row for each query, or for each query and time where a number has times; columns are headed "name [unit]".

    Raises QueryError for arrays that are no numbers by time.
    """
    columns = _by_time(columns)
    heads = [f"{column.name} [{column.unit}]" if column.unit else column.name for column in columns]
    header = b",".join(_text(head) for head in heads)
    rows = zip(*(_cells(column) for column in columns), strict=True)
    lines = b"\r\n".join((header, *map(b",".join, rows), b""))
    return lines if header.isascii() else MARK + lines


def _by_time(columns: Sequence[Column]) -> Sequence[Column]:
    """The columns with a row for each query and time, and empty cells where one has no such time."""
    for column in columns:
        if column.axes not in ((), ("time",)):
            raise QueryError(
                "An answer as CSV must consist of single numbers",
                f"'{column.name}' with values by {' and '.join(column.axes)}",
                "Leave out 'fields', or ask for another form",
            )
    times = sorted({time for column in columns for time in column.times or ()})
    if not times:
        return columns
    queries = len(columns[0].values)

    def spread(column: Column) -> Column:
        if column.times is not None:
            values = np.full((queries, len(times)), np.nan)
            values[:, np.searchsorted(times, column.times)] = column.values
            return Column(column.name, values.ravel(), column.unit)
        if isinstance(column.values, np.ndarray):
            return Column(column.name, np.repeat(column.values, len(times)), column.unit)
        return Column(column.name, [text for text in column.values for _ in times], column.unit)

    first = next(k for k, column in enumerate(columns) if column.about.get("statistic"))
    keys = [
        Column("query", np.repeat(np.arange(queries), len(times))),
        Column("time", np.tile(np.array(times), queries)),
    ]
    rows = [spread(column) for column in columns]
    return [*rows[:first], *keys, *rows[first:]]


def _cells(column: Column) -> list[bytes]:
    if not isinstance(column.values, np.ndarray):
        return [_text(text or "") for text in column.values]
    if column.values.dtype == bool:
        return [b"TRUE" if value else b"FALSE" for value in column.values]
    # NumPy's own lists in JSON have the shortest digits that give the number again; NaN is null there.
    content = orjson.dumps(np.ascontiguousarray(column.values), option=orjson.OPT_SERIALIZE_NUMPY)
    cells = content[1:-1].split(b",") if len(column.values) else []
    return [b"" if cell == b"null" else cell for cell in cells]


def _text(text: str) -> bytes:
    if any(mark in text for mark in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    return text.encode()
