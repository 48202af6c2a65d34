"""The cells of a parameter table, from CSV, Excel or JSON: titles, units, rows, and what each cell is as a number."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldwright.data.errors import StudyError
from fieldwright.data.formats.parsing.text.number_notation import Notation, has_no_number, is_number
from fieldwright.data.formats.parsing.text.text_table import (
    SEPARATORS,
    cells_of,
    fitted,
    text_of,
    unique_names,
    without_comment,
)

_UNIT_IN_HEADER = re.compile(
    r"^(?P<name>.*?)\s*(?:\[(?P<square>[^\[\]]*)\]|\((?P<round>(?:[^()]|\([^()]*\))*)\))$"
)
"""`U [m/s]`, `h [W/(m2 K)]`, `U (m/s)`, `h (W/(m2 K))`."""
_BESIDE_UNITS = re.compile(r"[\W_]*(?:units?|einheit(?:en)?|unit[eé]s?|text|string|name|id|nr)?[\W_]*", re.I)

Row = tuple[int, list[Any]]


@dataclass(frozen=True, eq=False)
class TableCells:
    """A table as it stands: one row per run.

    names: of the columns, made unique where titles are equal; units: None where neither title nor a row of units
    gives one. rows: cells as text or, from Excel and JSON, numbers. numbers: where each row stands in the file.
    """

    path: Path
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    rows: list[list[Any]]
    numbers: list[int]
    notation: Notation

    def number(self, cell: Any) -> float:
        """The number of a cell, NaN where it says that it has none; raises ValueError with the cell otherwise."""
        if cell is None:
            return math.nan
        if isinstance(cell, bool) or not isinstance(cell, int | float | str):
            raise ValueError(f"'{cell}'")
        return self.notation.number(cell) if isinstance(cell, str) else float(cell)

    def is_number(self, cell: Any) -> bool:
        """Whether a cell is a finite number."""
        try:
            return math.isfinite(self.number(cell))
        except ValueError:
            return False


def table_cells(
    path: Path,
    *,
    title: str = "parameter table",
    row: str = "run",
    correct: str = "'table' in the study file",
) -> TableCells:
    """The cells of a CSV, Excel or JSON table; raises StudyError where there is none, or no row.

    title: of the table, and row: what one of its rows is of, in the error. correct: what names its path.

    CSV may be separated by commas, semicolons, tabs, bars or blanks, in UTF-8, UTF-16 or Windows-1252.
    JSON is a list of objects or an object of objects by run name.
    """
    if not path.is_file():
        raise StudyError(f"The {title} must exist", f"'{path}'", f"Correct {correct}")
    readers = {".json": _json_rows, ".xlsx": _excel_rows, ".xlsm": _excel_rows}
    header, rows, separator = readers.get(path.suffix.lower(), _csv_rows)(path)
    names, units = _without_units(header)
    if rows and _are_units(rows[0][1], [row for _, row in rows[1:]]):
        below = [_text(cell).strip("[]() ") for cell in rows[0][1]]
        units = [unit or (None if has_no_number(b) else b) for unit, b in zip(units, below, strict=True)]
        rows = rows[1:]
    if not rows:
        raise StudyError(f"'{path.name}' must hold one row per {row}", "no row", "Fill the table")
    columns = zip(*(row for _, row in rows), strict=True)
    notation = Notation.of(([c for c in column if isinstance(c, str)] for column in columns), separator)
    cells = [row for _, row in rows]
    return TableCells(
        path, unique_names(names, units)[0], tuple(units), cells, [number for number, _ in rows], notation
    )


def _csv_rows(path: Path) -> tuple[list[str], list[Row], str]:
    text = text_of(path)
    if text is None:
        raise StudyError(
            f"'{path.name}' must be a table in text", "bytes that are no text", "Save it as CSV or .xlsx"
        )
    lines = [(i, line) for i, line in enumerate(text.splitlines(), start=1) if _is_row(line)]
    if not lines:
        raise StudyError(f"'{path.name}' must hold a header and rows", "an empty file", "Fill the table")
    separator = _separator([line for _, line in lines[:2]])
    rows = list(_split(lines, separator))
    header = rows[0][1]
    while len(header) > 1 and not header[-1] and all(not any(row[len(header) - 1 :]) for _, row in rows):
        header = header[:-1]
    fitting = []
    for number, row in rows[1:]:
        cells = fitted(row, len(header))
        if len(cells) > len(header):
            cells = fitted(cells_of(without_comment(separator.join(row)), separator), len(header))
        if len(cells) != len(header):
            raise StudyError(
                f"All rows of '{path.name}' must have the {len(header)} cells of the header",
                f"{len(cells)} cells in row {number}",
                "Correct that row",
            )
        if any(cells):
            fitting.append((number, [without_comment(cell).strip() for cell in cells]))
    return header, fitting, separator


def _is_row(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not (stripped.startswith("#") and not has_no_number(stripped.split(",")[0]))


def _separator(lines: Sequence[str]) -> str:
    """The mark by which the header and the row beneath it have the same number of cells, or else the header's."""
    marks = [mark for mark in SEPARATORS if mark in lines[0].strip()]
    for mark in marks:
        counts = {len(fitted(cells_of(line, mark), len(cells_of(lines[0], mark)))) for line in lines}
        if len(lines) > 1 and len(counts) == 1 and counts != {1}:
            return mark
    return next((mark for mark in marks if mark != " "), ",")


def _split(lines: list[Row] | list[tuple[int, str]], separator: str) -> Iterable[tuple[int, list[str]]]:
    if separator == " ":
        yield from ((number, cells_of(str(line), separator)) for number, line in lines)
        return
    # A quoted cell may hold line breaks.
    reader = csv.reader((str(line) for _, line in lines), delimiter=separator, skipinitialspace=True)
    for row in reader:
        yield lines[reader.line_num - 1][0], [cell.strip() for cell in row]


def _excel_rows(path: Path) -> tuple[list[str], list[Row], str]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever zip, XML or it found wrong
        raise StudyError(
            f"'{path.name}' must be an Excel workbook",
            f"{type(error).__name__}: {error}",
            "Save it as .xlsx or CSV",
        ) from None
    sheet = [(i, list(row)) for i, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1)]
    book.close()
    sheet = [(i, row) for i, row in sheet if any(cell is not None for cell in row)]
    used = (
        [k for k in range(len(sheet[0][1])) if any(row[k] is not None for _, row in sheet)] if sheet else []
    )
    rows = [(i, [row[k] for k in used]) for i, row in sheet]
    return ([_text(cell) for cell in rows[0][1]], rows[1:], ";") if rows else ([], [], ";")


def _json_rows(path: Path) -> tuple[list[str], list[Row], str]:
    try:
        content = json.loads(text_of(path) or "")
    except json.JSONDecodeError as error:
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
    return header, [(i, [row.get(key) for key in header]) for i, row in enumerate(content, start=1)], ";"


def _are_units(first: Sequence[Any], others: Sequence[Sequence[Any]]) -> bool:
    """Whether a row holds units: words over the columns of numbers, and no name where the other rows have theirs."""
    texts = [_text(cell) for cell in first]
    if not others or any(map(is_number, texts)):
        return False
    columns = [[_text(row[i]) for row in others] for i in range(len(texts))]
    numeric = [sum(map(is_number, column)) >= max(len(others) / 2, 1) for column in columns]
    over = [text for text, is_one in zip(texts, numeric, strict=True) if is_one]
    beside = [text for text, is_one in zip(texts, numeric, strict=True) if not is_one]
    if not over or not all(_BESIDE_UNITS.fullmatch(text) for text in beside):
        return False
    return not all(map(has_no_number, over)) or any(beside)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _without_units(header: Iterable[str]) -> tuple[list[str], list[str | None]]:
    names, units = [], []
    for title in header:
        match = _UNIT_IN_HEADER.match(title)
        names.append(match["name"] if match else title)
        units.append((match["square"] or match["round"] or "") if match else None)
    return names, units
