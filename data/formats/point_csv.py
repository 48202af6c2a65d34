"""CSV and other tables of points in text, as ParaView, CFX, Fluent, Mechanical, Abaqus and COMSOL export them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.text.point_table import PointTable, open_table
from fieldwright.data.mesh.mesh import Mesh

_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".xy", ".prof")
# A capital T is a temperature.
_TIME = re.compile(r"t|(?i:time|timevalue|flow-time)")
_NUMBERS = re.compile(r"(node|cell|point|element)[ _-]?(number|id|index|nr|label|no\.?)?|id|index", re.I)
_NO_NAME = re.compile(r"|unnamed: \d+", re.I)
_PART = re.compile(r"(?P<name>.+?)(?::(?P<number>[0-8])|[_ ](?P<axis>[xyz]))", re.I)
_AT_TIME = re.compile(r"(?P<name>.+?)\s*@\s*t\s*=\s*(?P<time>[-+0-9.eE]+)")


class PointCsvReader:
    """Reads tables with a row per point: columns x, y, z, maybe t, and a column per field or component."""

    name = "csv"
    version = "2"

    def accepts(self, path: Path) -> bool:
        """By the suffix, and a header that has x above rows of numbers."""
        if path.suffix.lower() not in _SUFFIXES or not path.is_file():
            return False
        try:
            return open_table(path) is not None
        except ReadError:
            # A table of points with a fault, which reading names.
            return True
        except (OSError, ValueError):
            return False

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, points and times; the table is read, since times may be a column of it."""
        run = _read(path, None)
        infos = {
            name: FieldDescription(field.on, field.components, field.unit)
            for name, field in run.fields.items()
        }
        return RunDescription(
            self.name, infos, run.mesh.n_points, 0, run.times, path.stat().st_size, run.notes
        )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """The named fields at all times; raises ReadError where the points differ between times."""
        return _read(path, fields)


def _read(path: Path, fields: Sequence[str] | None) -> Run:
    table = open_table(path)
    if table is None:
        raise ReadError(
            f"'{path.name}' must be a table of points with a column x",
            "no such header above rows of numbers",
            "Export it with the coordinates of the points",
        )
    values, texts = table.values()
    reasons = dict.fromkeys(_row_numbers(table, values), "it numbers the rows")
    reasons |= {i: f"text, {len(set(cells))} different" for i, cells in texts.items()}
    empty = {i for i, name in enumerate(table.names) if not name and np.isnan(values[:, i]).all()}
    titles = {i: table.names[i] or "the column without a name" for i in reasons}
    notes = (*table.notes, *(f"{titles[i]} left out: {why}" for i, why in reasons.items()))
    columns = _columns(table, empty | set(reasons))
    missing = [name for name in fields or () if name not in columns]
    if missing:
        raise ReadError(
            f"'{path.name}' must hold the field '{missing[0]}'",
            f"the fields {', '.join(columns) or 'none'}",
            "Correct 'fields' in the study file",
        )
    times, rows = _rows_by_time(table, values)
    if len({len(row) for row in rows}) > 1:
        raise ReadError(
            f"The points in '{path.name}' must be the same at all times",
            f"{min(map(len, rows))} at one time and {max(map(len, rows))} at another",
            "Export all points at each time",
        )
    points = values[rows[0]][:, list(table.axes.values())]
    if any(not np.array_equal(values[row][:, list(table.axes.values())], points) for row in rows[1:]):
        raise ReadError(
            f"The points in '{path.name}' must be the same at all times",
            "different points",
            "Sort them alike",
        )
    read, times_of_fields = {}, set()
    for name in columns if fields is None else fields:
        components, places, at = columns[name]
        parts = [np.stack([values[row][:, places_at] for row in rows]) for places_at in places]
        times_of_fields.add(at)
        read[name] = Field(np.concatenate(parts), "point", components, table.units[places[0][0]])
    in_header = {at for at in times_of_fields if at}
    if len(times_of_fields) > 1 or (in_header and times is not None):
        raise ReadError(
            f"All fields in '{path.name}' must have the same times", "several", "Export them separately"
        )
    if in_header:
        times = np.array(in_header.pop())
    mesh = Mesh(np.pad(points, ((0, 0), (0, 3 - points.shape[1]))))
    return Run(mesh, read, times, (path,), notes)


def _columns(
    table: PointTable, skip: set[int]
) -> dict[str, tuple[tuple[str, ...], list[list[int]], tuple[float, ...]]]:
    """Fields by name: components, places of their columns at each time of the header, and those times."""
    columns = set(range(len(table.names))) - set(table.axes.values()) - skip - {_time_column(table)}
    at_times: dict[str, dict[float, int]] = {}
    parts: dict[str, dict[int, int]] = {}
    for i in sorted(i for i in columns if i is not None):
        timed, part = _AT_TIME.fullmatch(table.names[i]), _PART.fullmatch(table.names[i])
        if timed:
            at_times.setdefault(timed["name"], {}).setdefault(float(timed["time"]), i)
        elif part:
            number = int(part["number"]) if part["number"] else "xyz".index(part["axis"].lower())
            parts.setdefault(part["name"], {}).setdefault(number, i)
    names = {table.names[i] for i in columns if i is not None}
    fields: dict[str, tuple[tuple[str, ...], list[list[int]], tuple[float, ...]]] = {}
    for name, row in at_times.items():
        if name not in names:
            fields[name] = (("",), [[row[time]] for time in sorted(row)], tuple(sorted(row)))
            columns -= set(row.values())
    for name, row in parts.items():
        alike = len({table.units[i] for i in row.values()}) == 1
        if sorted(row) == list(range(len(row))) and len(row) > 1 and alike and name not in {*names, *fields}:
            letters = (
                tuple("xyz"[i] for i in range(len(row)))
                if len(row) <= 3
                else tuple(map(str, range(len(row))))
            )
            fields[name] = (letters, [[row[i] for i in range(len(row))]], ())
            columns -= set(row.values())
    scalars = sorted(i for i in columns if i is not None)
    return {**{table.names[i] or f"column {i + 1}": (("",), [[i]], ()) for i in scalars}, **fields}


def _row_numbers(table: PointTable, values: np.ndarray) -> list[int]:
    """Columns of numbers of rows, nodes or elements: by their names, or of whole numbers without a name."""
    return [
        i
        for i, name in enumerate(table.names)
        if _NUMBERS.fullmatch(name)
        or (_NO_NAME.fullmatch(name) and np.array_equal(values[:, i], np.round(values[:, i])))
    ]


def _time_column(table: PointTable) -> int | None:
    return next((i for i, name in enumerate(table.names) if _TIME.fullmatch(name)), None)


def _rows_by_time(table: PointTable, values: np.ndarray) -> tuple[np.ndarray | None, list[np.ndarray]]:
    """The times of a time column, rising, and the rows of each; all rows where there is no such column."""
    place = _time_column(table)
    if place is None:
        return None, [np.arange(len(values))]
    times = np.unique(values[:, place])
    if not np.isfinite(times).all():
        raise ReadError(
            f"All times in '{table.path.name}' must be finite",
            f"a cell of the column '{table.names[place]}' without a number",
            "Correct that cell",
        )
    return times, [np.flatnonzero(values[:, place] == time) for time in times]


register(PointCsvReader())
