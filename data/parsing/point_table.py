"""Tables of points in text: separators, decimal commas, units, and the headers that solvers write.

Understood: plain CSV; ParaView ("Points:0", "U:1"); ANSYS CFX ("[Data]", "X [ m ]"); Fluent ("x-coordinate");
COMSOL ("% x  y  u (m/s) @ t=0.2"); a row of units under the names.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import ReadError, TruncatedError

_HEAD = 1 << 16
_COORDINATE = re.compile(
    r"(?:points:([012])|(?:node |mesh |coord\w* |pos\w* )?([xyz])(?:[-_ ]?coord\w*)?)", re.I
)
_UNIT = re.compile(r"(?P<name>.*?)\s*[\[(]\s*(?P<unit>[^\])]*?)\s*[\])]\s*(?P<rest>@.*)?")
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eEdD][-+]?\d+)?|[-+]?(nan|inf(inity)?)", re.I)


@dataclass(frozen=True, eq=False)
class PointTable:
    """names and units (c,) of the columns, the places of x, y, z among them, and where the numbers are."""

    path: Path
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    axes: dict[str, int]
    separator: str
    encoding: str
    first_line: int

    def values(self) -> np.ndarray:
        """(rows, columns) numbers; raises ReadError for a row of other length or a cell that is no number."""
        lines = self.path.read_text(self.encoding, errors="replace").splitlines()[self.first_line :]
        end = next((i for i, line in enumerate(lines) if line.startswith("[")), len(lines))
        lines = [line for line in lines[:end] if line.strip() and line.lstrip()[0] not in "#%"]
        text = "\n".join(lines)
        if self.separator != ",":
            text = text.replace(",", ".")
        if self.separator.strip():
            text = text.replace(self.separator, " ")
        try:
            values = np.fromstring(text.replace('"', " "), sep=" ")
        except ValueError:
            values = np.empty(0)
        if not lines or values.size != len(lines) * len(self.names):
            raise self._wrong(lines)
        return values.reshape(len(lines), len(self.names))

    def _wrong(self, lines: list[str]) -> ReadError:
        must = f"All rows of '{self.path.name}' must have a number in each of the {len(self.names)} columns"
        for number, line in enumerate(lines, start=self.first_line + 1):
            cells = split_row(line, self.separator)
            if len(cells) != len(self.names):
                kind = TruncatedError if number == self.first_line + len(lines) else ReadError
                return kind(must, f"{len(cells)} cells in row {number}", "Correct that row")
            wrong = [cell for cell in cells if not _NUMBER.fullmatch(cell)]
            if wrong:
                return ReadError(must, f"'{wrong[0][:40]}' in row {number}", "Correct that cell")
        return TruncatedError(must, "no row", "Export the table again")


def open_table(path: Path) -> PointTable | None:
    """The table that a text file holds; None where it has no columns of numbers under names with x among them."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if b"\x00" in head:
        return None
    encoding = "utf-8-sig" if _is_utf8(head) else "cp1252"
    lines = head.decode(encoding, errors="replace").splitlines()
    start = next((i + 1 for i, line in enumerate(lines) if line.strip().lower() == "[data]"), 0)
    first = next((i for i in range(start, len(lines)) if _is_numbers(lines[i])), None)
    if first is None:
        return None
    heads = [(i, line.strip()) for i, line in enumerate(lines[start:first], start) if line.strip(" #%\t")]
    separator = _separator(lines[first])
    n_columns = len(split_row(lines[first], separator))
    for place in range(len(heads) - 1, -1, -1):
        cells = _header_cells(heads[place][1], separator)
        if len(cells) != n_columns:
            continue
        below = split_row(heads[place + 1][1], separator) if place + 1 < len(heads) else []
        names, units = zip(*(_name_and_unit(cell) for cell in cells), strict=True)
        axes = _axes(names)
        if axes:
            told = [cell.strip("[]() ") or None for cell in below]
            row = told if len(told) == n_columns else [None] * n_columns
            known = tuple(unit or other for unit, other in zip(units, row, strict=True))
            return PointTable(path, names, known, axes, separator, encoding, first)
    return None


def split_row(line: str, separator: str) -> list[str]:
    """The cells of a row, stripped; a blank separator is any run of blanks."""
    if not separator.strip():
        return line.split("\t") if separator == "\t" else line.split()
    (row,) = csv.reader([line.strip()], delimiter=separator, skipinitialspace=True)
    row = row[:-1] if row and not row[-1].strip() else row
    return [cell.strip() for cell in row]


def _is_utf8(head: bytes) -> bool:
    try:
        head[: len(head) - 4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _separator(line: str) -> str:
    for mark in (";", "\t"):
        if mark in line:
            return mark
    # A blank between numbers with decimal commas, else a comma.
    blank = line.split()
    if len(blank) > 1 and not any(cell.endswith(",") for cell in blank):
        return " "
    return "," if "," in line else " "


def _is_numbers(line: str) -> bool:
    if not line.strip() or line.lstrip()[0] in "#%":
        return False
    cells = split_row(line, _separator(line))
    return bool(cells) and all(_NUMBER.fullmatch(cell) for cell in cells)


def _header_cells(line: str, separator: str) -> list[str]:
    line = line.lstrip("#% ")
    if separator != " ":
        return split_row(line, separator)
    # COMSOL's names hold blanks; two or more stand between them.
    wide = [cell for cell in re.split(r"\s{2,}|\t", line) if cell]
    return wide if len(wide) > 1 else line.split()


def _name_and_unit(cell: str) -> tuple[str, str | None]:
    cell = cell.strip().strip('"')
    found = _UNIT.fullmatch(cell)
    if not found or not found["name"]:
        return cell, None
    return f"{found['name']} {found['rest'] or ''}".strip(), found["unit"] or None


def _axes(names: tuple[str, ...]) -> dict[str, int]:
    """Places of the columns of x, y and z; none where there is no x."""
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        match = _COORDINATE.fullmatch(name.strip())
        if match:
            found.setdefault("xyz"[int(match[1])] if match[1] else match[2].lower(), place)
    return {axis: found[axis] for axis in "xyz" if axis in found} if "x" in found else {}
