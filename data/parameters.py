"""The parameters of the runs: a row per run, read from a table."""

from __future__ import annotations

import csv
import difflib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import StudyError

_UNIT_IN_HEADER = re.compile(
    r"^(?P<name>.*?)\s*(?:\[(?P<square>[^\[\]]*)\]|\((?P<round>(?:[^()]|\([^()]*\))*)\))$"
)
"""`U [m/s]`, `h [W/(m2 K)]`, `U (m/s)`, `h (W/(m2 K))`."""


@dataclass(frozen=True, eq=False)
class ParameterTable:
    """Parameters by run.

    names, units: (p,) each; a unit is None where nobody gave it.
    runs: (n,) names of the runs that have a row; values: (n, p) float64, finite.
    problems: for runs that have none, why not.
    """

    names: tuple[str, ...]
    units: tuple[str | None, ...]
    runs: tuple[str, ...]
    values: np.ndarray
    problems: Mapping[str, str] = field(default_factory=dict)

    def row(self, run: str) -> dict[str, float] | None:
        """The parameters of one run; None where the table has no row for it."""
        if run not in self.runs:
            return None
        return dict(zip(self.names, map(float, self.values[self.runs.index(run)]), strict=True))

    def constant(self) -> dict[str, float]:
        """Those parameters that have one and the same value in all rows (of two or more)."""
        if len(self.runs) < 2:
            return {}
        same = np.all(self.values == self.values[0], axis=0)
        return {name: float(self.values[0, i]) for i, name in enumerate(self.names) if same[i]}


def table_of(rows: Mapping[str, Mapping[str, float]], units: Mapping[str, str | None]) -> ParameterTable:
    """A table of rows that are numbers already; `units` gives the names and their order."""
    values = np.array([[row[name] for name in units] for row in rows.values()], dtype=np.float64)
    return ParameterTable(
        tuple(units), tuple(units.values()), tuple(rows), values.reshape(len(rows), len(units))
    )


def joined(tables: Sequence[ParameterTable]) -> ParameterTable:
    """One table of several for the same runs, each with parameters of its own (table, case files, names).

    A run that lacks a row in any of them has none in the whole. Raises StudyError where two give one parameter.
    """
    names = [name for table in tables for name in table.names]
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise StudyError(
            "Each parameter must come from one place", f"'{doubled[0]}' from two", "Leave out one of the two"
        )
    units = {name: unit for t in tables for name, unit in zip(t.names, t.units, strict=True)}
    problems = {run: problem for table in reversed(tables) for run, problem in table.problems.items()}
    rows: dict[str, dict[str, float]] = {}
    for run in dict.fromkeys(run for table in tables for run in table.runs):
        parts = [table.row(run) for table in tables]
        if all(part is not None for part in parts):
            rows[run] = {name: value for part in parts if part is not None for name, value in part.items()}
        elif run not in problems:
            lacking = next(t for t, part in zip(tables, parts, strict=True) if part is None)
            problems[run] = f"no value of {', '.join(lacking.names)}"
    table = table_of(rows, units)
    return ParameterTable(table.names, table.units, table.runs, table.values, problems)


def read_table(
    path: Path, columns: Mapping[str, str | None], run_column: str | None = None
) -> ParameterTable:
    """The named columns of a CSV, Excel or JSON table, one row per run.

    columns: parameter name to unit (None: the unit that the header gives, as in "U [m/s]").
    run_column: the column of the run names; None for the first column.
    CSV may be separated by commas, semicolons or tabs; with the latter two, decimals may have a comma.
    JSON is a list of objects or an object of objects by run name.
    Raises StudyError where the file, a column, a number or a run name is missing, wrong or doubled.
    """
    names, header_units, rows = table_cells(path)
    run_index = 0 if run_column is None else _column(run_column, names, path)
    indices = [_column(name, names, path) for name in columns]
    values: dict[str, list[float]] = {}
    problems: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        run = _run_name(row[run_index])
        if run in values or run in problems:
            raise StudyError(
                f"Each run must have one row in '{path.name}'",
                f"'{run}' again in row {number}",
                "Delete or rename one of the rows",
            )
        empty = [names[i] for i in indices if row[i] is None or not str(row[i]).strip()]
        if empty:
            problems[run] = f"row {number} of '{path.name}' has no value in column '{empty[0]}'"
            continue
        values[run] = [_number(row[i], number, names[i], path) for i in indices]
    units = tuple(unit or header_units[i] for i, unit in zip(indices, columns.values(), strict=True))
    array = np.array(list(values.values()), dtype=np.float64).reshape(len(values), len(indices))
    return ParameterTable(tuple(columns), units, tuple(values), array, problems)


def table_cells(path: Path) -> tuple[list[str], list[str | None], list[list[Any]]]:
    """Names and units of all columns of a table, and its rows as they stand; raises StudyError without a row."""
    if not path.is_file():
        raise StudyError("The parameter table must exist", f"'{path}'", "Correct 'table' in the study file")
    readers = {".json": _json_rows, ".xlsx": _excel_rows, ".xlsm": _excel_rows}
    header, rows = readers.get(path.suffix.lower(), _csv_rows)(path)
    if not rows:
        raise StudyError(f"'{path.name}' must hold one row per run", "no row", "Fill the table")
    return *_without_units(header), rows


def _csv_rows(path: Path) -> tuple[list[str], list[list[Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets of western Europe still export this code page.
        text = path.read_text(encoding="cp1252")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise StudyError(f"'{path.name}' must hold a header and rows", "an empty file", "Fill the table")
    delimiter = next((mark for mark in (";", "\t") if mark in lines[0]), ",")
    parsed = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    if delimiter != ",":
        parsed[1:] = [[_decimal_point(cell) for cell in row] for row in parsed[1:]]
    for number, row in enumerate(parsed, start=1):
        if len(row) != len(parsed[0]):
            raise StudyError(
                f"All rows of '{path.name}' must have the {len(parsed[0])} cells of the header",
                f"{len(row)} cells in row {number}",
                "Correct that row",
            )
    return parsed[0], parsed[1:]


def _decimal_point(cell: str) -> str:
    return cell.replace(",", ".") if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", cell) else cell


def _excel_rows(path: Path) -> tuple[list[str], list[list[Any]]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever zip, XML or it found wrong
        raise StudyError(
            f"'{path.name}' must be an Excel workbook",
            f"{type(error).__name__}: {error}",
            "Save it as .xlsx or CSV",
        ) from None
    sheet = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    sheet = [row for row in sheet if any(cell is not None for cell in row)]
    return [str(cell or "") for cell in sheet[0]] if sheet else [], sheet[1:]


def _json_rows(path: Path) -> tuple[list[str], list[list[Any]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"'{path.name}' must be JSON", str(error), "Correct the file") from None
    if isinstance(content, dict):
        content = [{"run": name, **row} for name, row in content.items() if isinstance(row, dict)]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise StudyError(
            f"'{path.name}' must be a list of objects or an object of objects by run name",
            type(content).__name__,
            "Write it as one of the two",
        )
    header = list(dict.fromkeys(key for row in content for key in row))
    return header, [[row.get(key) for key in header] for row in content]


def _without_units(header: Iterable[str]) -> tuple[list[str], list[str | None]]:
    names, units = [], []
    for title in header:
        match = _UNIT_IN_HEADER.match(title)
        names.append(match["name"] if match else title)
        units.append((match["square"] or match["round"] or "") if match else None)
    return names, units


def _column(name: str, names: list[str], path: Path) -> int:
    if name in names:
        return names.index(name)
    nearest = difflib.get_close_matches(name, names, 1, 0.0)
    raise StudyError(
        f"'{path.name}' must have a column '{name}'",
        f"the columns {', '.join(names)}",
        f"Did you mean '{nearest[0]}'? Correct the study file or the table" if nearest else "Fill the table",
    )


def _run_name(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _number(cell: Any, row: int, column: str, path: Path) -> float:
    try:
        value = float(cell)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(cell, bool) or not math.isfinite(value):
        raise StudyError(
            f"All parameters in '{path.name}' must be finite numbers",
            f"'{cell}' in row {row}, column '{column}'",
            "Correct that cell",
        )
    return value
