"""A measured history as a table: a row for each time, or for each time and place."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.ingest.parameters.cells import TableCells, table_cells
from fieldwright.data.ingest.parameters.number_columns import number_column
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.trajectory.history import History

TIME, PLACE = "time", "point"


def read_history(path: Path, description: Description) -> History:
    """The history of one query in a CSV, Excel or JSON table.

    Columns: `time`; `point`, the number of the point or cell from 0, where fields have several; and for every
    field `<field>`, or `<field>.<component>` for each of its components. Rows may come in any order. Raises
    FieldwrightError where a column or a row is missing, or a cell is no number.
    """
    table = table_cells(path, title="table of the history", row="time", correct="the path")
    moments = _numbers(table, TIME, "")
    times, row_time = np.unique(moments, return_inverse=True)
    count = max(info.n_points for info in description.fields)
    places = _places(table, count) if count > 1 or PLACE in table.names else np.zeros(len(moments), np.int64)
    pairs, rows = np.unique(np.stack([row_time, places]), axis=1, return_counts=True)
    if rows.max() > 1:
        time, place = pairs[:, int(rows.argmax())].tolist()
        raise QueryError(
            f"'{path.name}' must have one row for each time and point",
            f"{rows.max()} for time {times[time]:g} and point {place}",
            "Leave out the others" if count == 1 or PLACE in table.names else "Add the column 'point'",
        )
    fields = {}
    for info in description.fields:
        values = np.full((len(times), count, len(info.components)), np.nan)
        for j, name in enumerate(column_names(info)):
            values[row_time, places, j] = _numbers(table, name, info.unit, gaps=info.n_points < count)
        values = values[:, : info.n_points]
        if np.isnan(values).any():
            time, place = np.argwhere(np.isnan(values))[0, :2].tolist()
            raise QueryError(
                f"'{path.name}' must have a row for every time and each of {info.n_points} values of '{info.name}'",
                f"none for time {times[time]:g} and {info.on} {place}",
                "Add the row",
            )
        fields[info.name] = values[None]
    return History(times, fields)


def column_names(info: FieldInfo) -> list[str]:
    """Those of a field's components."""
    if len(info.components) == 1:
        return [info.name]
    return [f"{info.name}.{name or k + 1}" for k, name in enumerate(info.components)]


def _places(table: TableCells, count: int) -> np.ndarray:
    numbers = _numbers(table, PLACE, "")
    places = numbers.astype(np.int64)
    wrong = np.flatnonzero((places != numbers) | (places < 0) | (places >= count))
    if len(wrong):
        raise QueryError(
            f"'{PLACE}' must be a whole number from 0 to {count - 1}",
            f"{numbers[wrong[0]]:g} in row {table.numbers[wrong[0]]} of '{table.path.name}'",
            "Count the points as GET /mesh answers them, from 0",
        )
    return places


def _numbers(table: TableCells, name: str, unit: str, gaps: bool = False) -> np.ndarray:
    """The column of that name; gaps: whether cells may be empty."""
    if name not in table.names:
        raise QueryError(
            f"'{table.path.name}' must have the column '{name}'",
            ", ".join(table.names),
            "Add it: a history has 'time', 'point' where there are several, and columns for all fields",
        )
    return number_column(table, table.names.index(name), unit, gaps=gaps)
