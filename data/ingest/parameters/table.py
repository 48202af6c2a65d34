"""The parameters of the runs: a row per run, read from a table."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.parameters.cells import TableCells, table_cells
from fieldwright.data.ingest.parameters.run_ids import matched_ids


@dataclass(frozen=True, eq=False)
class ParameterTable:
    """Parameters by run.

    names, units: (p,) each; a unit is None where none is given.
    runs: (n,) names of the runs that have a row; values: (n, p) float64, finite.
    problems: for runs that have none, why not. notes: remarks on the table for the user.
    contradictions: both values, for runs left out because their own files give another one.
    """

    names: tuple[str, ...]
    units: tuple[str | None, ...]
    runs: tuple[str, ...]
    values: np.ndarray
    problems: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    contradictions: Mapping[str, str] = field(default_factory=dict)

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


def table_from_rows(
    rows: Mapping[str, Mapping[str, float]], units: Mapping[str, str | None]
) -> ParameterTable:
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
    table = table_from_rows(rows, units)
    notes = tuple(note for one in tables for note in one.notes)
    contradictions = {run: both for one in tables for run, both in one.contradictions.items()}
    return ParameterTable(table.names, table.units, table.runs, table.values, problems, notes, contradictions)


def read_table(
    path: Path,
    columns: Mapping[str, str | None],
    run_column: str | None = None,
    runs: Sequence[str] | None = None,
) -> ParameterTable:
    """The named columns of a CSV, Excel or JSON table, one row per run.

    columns: parameter name to unit (None: the unit that the header or a row of units gives).
    run_column: the column of the run names; None for the first column.
    runs: names of the runs there are, to which rows belong by name or number; None to take the names as they stand.
    A run with a cell that is no number gets no row, with the cell in `problems`. Raises StudyError where the file,
    a column or a run name is missing, wrong or doubled, and where no run has numbers in all columns.
    """
    table = table_cells(path)
    run_index = 0 if run_column is None else _column(run_column, table)
    indices = [_column(name, table) for name in columns]
    rows = [
        (run_name(row[run_index]), number, row) for number, row in zip(table.numbers, table.rows, strict=True)
    ]
    rows = [one for one in rows if one[0]]
    earlier: set[str] = set()
    for run, number, _ in rows:
        if run in earlier:
            raise StudyError(
                f"Each run must have one row in '{path.name}'",
                f"'{run}' again in row {number}",
                "Delete or rename one of the rows",
            )
        earlier.add(run)
    ids = [run for run, _, _ in rows]
    names = {one: one for one in ids} if runs is None else matched_ids(ids, runs)
    notes = () if runs is None else _notes_of_ids(path, ids, names)
    values: dict[str, list[float]] = {}
    problems: dict[str, str] = {}
    for run, number, row in rows:
        numbers, wrong = [], None
        for i in indices:
            cell, got = row[i], None
            try:
                numbers.append(table.number(cell))
            except ValueError as why:
                got = str(why)
            if got is None and not math.isfinite(numbers[-1]):
                got = f"'{cell}'" if cell is not None and str(cell).strip() else "no value"
            wrong = wrong or (got and f"row {number} of '{path.name}' has {got} in column '{table.names[i]}'")
        if wrong:
            problems[names.get(run, run)] = wrong
        else:
            values[names.get(run, run)] = numbers
    if problems and not values:
        raise StudyError(
            f"All parameters in '{path.name}' must be finite numbers",
            next(iter(problems.values())),
            "Correct that cell and the others like it",
        )
    units = tuple(unit or table.units[i] for i, unit in zip(indices, columns.values(), strict=True))
    array = np.array(list(values.values()), dtype=np.float64).reshape(len(values), len(indices))
    return ParameterTable(tuple(columns), units, tuple(values), array, problems, notes)


def _notes_of_ids(path: Path, ids: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Remarks on rows taken for a run of another name, and on rows of no run."""
    notes = []
    renamed = [f"{one} is {run}" for one, run in names.items() if one != run]
    without = [one for one in ids if one not in names]
    if renamed:
        notes.append(f"rows of '{path.name}' by the numbers of the runs: {_some(renamed)}")
    if without:
        notes.append(f"rows of '{path.name}' without a run of that name: {_some(without)}")
    return tuple(notes)


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - 5} more" if len(words) > 6 else ""
    return ", ".join(words[:5] if more else words) + more


def _column(name: str, table: TableCells) -> int:
    names, path = table.names, table.path
    if name in names:
        return names.index(name)
    nearest = difflib.get_close_matches(name, [one for one in names if one], 1, 0.0)
    raise StudyError(
        f"'{path.name}' must have a column '{name}'",
        f"the columns {', '.join(names)}",
        f"Did you mean '{nearest[0]}'? Correct the study file or the table" if nearest else "Fill the table",
    )


def run_name(cell: Any) -> str:
    """The name of a run as a table's cell has it: spreadsheets keep the number 2 as 2.0."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
