"""The table of parameters that belongs to a folder of runs: in it, or in the one above."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.parameters.cells import TableCells, table_cells
from fieldwright.data.ingest.parameters.run_ids import matched_ids
from fieldwright.data.ingest.parameters.table import run_name

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".json")
_LARGEST = 16 << 20
_COUNTS = re.compile(
    r"|unnamed: \d+|(?:(?:run|case|sample|design|sim(?:ulation)?|job|exp(?:eriment)?|point)s?)?"
    r"[ _-]?(?:id|nr|no|num|number|name|index|#)?\.?",
    re.I,
)


@dataclass(frozen=True)
class FoundTable:
    """A table with a row per run: its run column, its columns of numbers and their units, and runs without a row.

    notes: cells without a number, columns of words, rows without a run, and rows that go by a number.
    """

    path: Path
    run_column: str
    columns: Mapping[str, str | None]
    without: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_table(folder: Path, runs: Sequence[str]) -> FoundTable | None:
    """The table that has rows for the most runs, in the folder of the runs or the one above."""
    best: tuple[int, int, TableCells, int] | None = None
    for path in sorted(
        p for place in (folder, folder.parent) for p in place.iterdir() if p.suffix.lower() in TABLES
    ):
        try:
            if path.stat().st_size > _LARGEST:
                continue
            table = table_cells(path)
        except (StudyError, OSError, ValueError):
            continue
        for i, title in enumerate(table.names):
            ids = [run_name(row[i]) for row in table.rows]
            if len(set(ids)) < len(ids):
                continue
            pairs = matched_ids(ids, runs)
            by_number = sum(one != run for one, run in pairs.items())
            # Numbers under another title are values of a parameter.
            if not pairs or (by_number and not _COUNTS.fullmatch(title)):
                continue
            score = len(runs) - len(pairs), by_number
            if score[0] <= len(runs) / 2 and (best is None or score < best[:2]) and _columns(table, i, pairs):
                best = (*score, table, i)
    if best is None:
        return None
    *_, table, i = best
    pairs = matched_ids([run_name(row[i]) for row in table.rows], runs)
    columns = {table.names[j]: table.units[j] for j in _columns(table, i, pairs)}
    without = tuple(run for run in runs if run not in pairs.values())
    return FoundTable(table.path, table.names[i], columns, without, _notes(table, i, pairs))


def _rows_of_runs(
    table: TableCells, run_column: int, pairs: Mapping[str, str]
) -> list[tuple[str, int, list]]:
    """Run, row number and cells of the rows that belong to runs."""
    rows = zip(table.numbers, table.rows, strict=True)
    return [(pairs[one], number, row) for number, row in rows if (one := run_name(row[run_column])) in pairs]


def _columns(table: TableCells, run_column: int, pairs: Mapping[str, str]) -> list[int]:
    """Places of the columns that have a number for more than half of the runs, and a title."""
    rows = _rows_of_runs(table, run_column, pairs)
    return [
        j
        for j, name in enumerate(table.names)
        if j != run_column
        and not re.fullmatch(r"|unnamed: \d+", name, re.I)
        and sum(table.is_number(row[j]) for _, _, row in rows) > len(rows) / 2
    ]


def _notes(table: TableCells, run_column: int, pairs: Mapping[str, str]) -> tuple[str, ...]:
    rows, name = _rows_of_runs(table, run_column, pairs), table.path.name
    columns, notes = _columns(table, run_column, pairs), []
    for run, number, row in rows:
        lacking = [table.names[j] for j in columns if not table.is_number(row[j])]
        if lacking:
            got = str(row[table.names.index(lacking[0])] or "").strip()
            notes.append(
                f"row {number} of '{name}' has {repr(got) if got else 'no value'} in column '{lacking[0]}': "
                f"'{run}' will be rejected"
            )
    for j, title in enumerate(table.names):
        n_numbers = sum(table.is_number(row[j]) for _, _, row in rows)
        if j != run_column and j not in columns and title and any(row[j] for _, _, row in rows):
            notes.append(
                f"column '{title}' of '{name}' left out: numbers for {n_numbers} of {len(rows)} runs"
            )
    renamed = [f"{one} is {run}" for one, run in pairs.items() if one != run]
    if renamed:
        notes.append(f"rows of '{name}' by the numbers of the runs: {', '.join(renamed[:3])}, ...")
    lost = [one for row in table.rows if (one := run_name(row[run_column])) and one not in pairs]
    if lost:
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        notes.append(f"rows of '{name}' without a run of that name: {', '.join(lost[:5])}{more}")
    return tuple(notes)
