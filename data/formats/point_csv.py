"""CSV and other tables of points in text, as ParaView, CFX, Fluent and COMSOL export them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.errors import ReadError
from data.formats import Description, Field, FieldInfo, Run, register
from data.mesh import Mesh
from data.parsing.damage import damage_is_a_read_error
from data.parsing.point_table import PointTable, open_table

_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".xy", ".prof")
# A capital T is a temperature.
_TIME = re.compile(r"t|(?i:time|timevalue|flow-time)")
_NUMBERS = re.compile(r"(node|cell|point|element)[ _-]?(number|id|index|nr)?|id|index", re.I)
_PART = re.compile(r"(?P<name>.+?)(?::(?P<number>[0-8])|[_ ](?P<axis>[xyz]))", re.I)
_AT_TIME = re.compile(r"(?P<name>.+?)\s*@\s*t\s*=\s*(?P<time>[-+0-9.eE]+)")


class PointCsvReader:
    """Reads tables with a row per point: columns x, y, z, maybe t, and a column per field or component."""

    name = "csv"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix, and a header that has x above rows of numbers."""
        if path.suffix.lower() not in _SUFFIXES or not path.is_file():
            return False
        try:
            return open_table(path) is not None
        except (OSError, ValueError):
            return False

    @damage_is_a_read_error
    def describe(self, path: Path) -> Description:
        """Fields, points and times; the table is read, since times may be a column of it."""
        run = _read(path, None)
        infos = {
            name: FieldInfo(field.on, field.components, field.unit) for name, field in run.fields.items()
        }
        return Description(self.name, infos, run.mesh.n_points, 0, run.times, path.stat().st_size, run.notes)

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
    values = table.values()
    notes = tuple(f"{name} left out: it numbers the rows" for name in _row_numbers(table))
    columns = _columns(table)
    missing = [name for name in fields or () if name not in columns]
    if missing:
        raise ReadError(
            f"'{path.name}' must hold the field '{missing[0]}'",
            f"the fields {', '.join(columns) or 'none'}",
            "Correct 'fields' in the study file",
        )
    times, rows = _rows_by_time(table, values)
    points = values[rows[0]][:, list(table.axes.values())]
    if any(not np.array_equal(values[row][:, list(table.axes.values())], points) for row in rows[1:]):
        raise ReadError(
            f"The points in '{path.name}' must be the same at all times", "others", "Sort them alike"
        )
    read, told = {}, set()
    for name in columns if fields is None else fields:
        components, places, at = columns[name]
        parts = [np.stack([values[row][:, places_at] for row in rows]) for places_at in places]
        told.add(at)
        read[name] = Field(np.concatenate(parts), "point", components, table.units[places[0][0]])
    in_header = {at for at in told if at}
    if len(told) > 1 or (in_header and times is not None):
        raise ReadError(
            f"All fields in '{path.name}' must have the same times", "several", "Export them apart"
        )
    if in_header:
        times = np.array(in_header.pop())
    mesh = Mesh(np.pad(points, ((0, 0), (0, 3 - points.shape[1]))))
    return Run(mesh, read, times, (path,), notes)


def _columns(table: PointTable) -> dict[str, tuple[tuple[str, ...], list[list[int]], tuple[float, ...]]]:
    """Fields by name: components, places of their columns at each time of the header, and those times."""
    plain = set(range(len(table.names))) - set(table.axes.values())
    plain -= {i for i in plain if _TIME.fullmatch(table.names[i]) or table.names[i] in _row_numbers(table)}
    at_times: dict[str, dict[float, int]] = {}
    parts: dict[str, dict[int, int]] = {}
    for i in sorted(plain):
        timed, part = _AT_TIME.fullmatch(table.names[i]), _PART.fullmatch(table.names[i])
        if timed:
            at_times.setdefault(timed["name"], {})[float(timed["time"])] = i
        elif part:
            number = int(part["number"]) if part["number"] else "xyz".index(part["axis"].lower())
            parts.setdefault(part["name"], {})[number] = i
    fields: dict[str, tuple[tuple[str, ...], list[list[int]], tuple[float, ...]]] = {}
    for name, row in at_times.items():
        fields[name] = (("",), [[row[time]] for time in sorted(row)], tuple(sorted(row)))
        plain -= set(row.values())
    for name, row in parts.items():
        if sorted(row) == list(range(len(row))) and len(row) > 1:
            letters = (
                tuple("xyz"[i] for i in range(len(row)))
                if len(row) <= 3
                else tuple(map(str, range(len(row))))
            )
            fields[name] = (letters, [[row[i] for i in range(len(row))]], ())
            plain -= set(row.values())
    return {**{table.names[i]: (("",), [[i]], ()) for i in sorted(plain)}, **fields}


def _row_numbers(table: PointTable) -> list[str]:
    return [name for name in table.names if _NUMBERS.fullmatch(name)]


def _rows_by_time(table: PointTable, values: np.ndarray) -> tuple[np.ndarray | None, list[np.ndarray]]:
    """The times of a time column, rising, and the rows of each; all rows where there is no such column."""
    place = next((i for i, name in enumerate(table.names) if _TIME.fullmatch(name)), None)
    if place is None:
        return None, [np.arange(len(values))]
    times = np.unique(values[:, place])
    return times, [np.flatnonzero(values[:, place] == time) for time in times]


register(PointCsvReader())
