"""Tables of points in text: separators, units, and the headers that solvers write.

Understood: plain CSV; ParaView ("Points:0", "U:1"); ANSYS CFX ("[Data]", "X [ m ]"); Fluent ("x-coordinate");
ANSYS Mechanical ("X Location (m)"); Abaqus ("Part Instance Name", "X"); COMSOL ("% x  y  u (m/s) @ t=0.2"); the
row numbers of pandas and R; a row of units under the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats.parsing.text.number_notation import Notation, has_no_number, is_number
from fieldwright.data.formats.parsing.text.text_table import (
    SEPARATORS,
    cells_of,
    encoding_of,
    fitted,
    text_of,
    unique_names,
    without_comment,
)

_HEAD = 1 << 16
_SAMPLE = 50
_COORDINATE = re.compile(
    r"points[:_](?P<number>[012])|(?:coord[-_. ])?coor(?:d(?:inate)?)?s?[-_. ]?(?P<count>[123])"
    r"|(?:(?:node|nodal|mesh|point|cent(?:er|re|roid)|coord\w*|pos\w*|loc\w*)[-_. ]?)?(?P<axis>[xyz])"
    r"(?:[-_. ]?(?:coord\w*|loc\w*|pos\w*))?"
    r"|(?:pos\w*|coord\w*|loc\w*)(?: in [\w ]+)?\s*\[(?P<bracket>[xyz])\]",
    re.I,
)
_FORTRAN = re.compile(r"(?<=[\d.])[dD](?=[-+]?\d)")
_UNIT = re.compile(r"(?P<name>.*?)\s*[\[(]\s*(?P<unit>[^\])]*?)\s*[\])]\s*(?P<rest>@.*)?")
_BLANKS_IN_NAMES = r"\s{2,}|\t", r"\s+(?![^\[(]*[\])])(?![\[(@])", r"\s+"
_RUN_COLUMN = re.compile(r"(run|case|sample|design|simulation|sim)s?[ _-]?(name|id|number|nr|no)?", re.I)

_PLACES = re.compile(
    r"part|instance|step|frame|odb|region|zone|body|block|set|surface|patch|material|node|time|label", re.I
)


@dataclass(frozen=True, eq=False)
class PointTable:
    """names and units (c,) of the columns, the places of x, y, z among them, and where the numbers are."""

    path: Path
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    axes: dict[str, int]
    separator: str
    first_line: int
    header: str
    notes: tuple[str, ...] = ()

    def values(self) -> tuple[np.ndarray, dict[int, list[str]]]:
        """(rows, columns) numbers, NaN where a cell says that it has none; and the columns of text by place.

        Raises ReadError for a row of other length, and for a cell that is no number among numbers.
        """
        lines = list(_rows((text_of(self.path) or "").splitlines(), self.first_line, self.header))
        values = self._plain_values(lines)
        return (values, {}) if values is not None else self._cells(lines)

    def _plain_values(self, lines: list[tuple[int, str]]) -> np.ndarray | None:
        """The numbers where all cells are plain ones, which is fast; None where a cell must be looked at."""
        n, blank = len(self.names), not self.separator.strip(" ")
        text = _FORTRAN.sub("e", "\n".join(line for _, line in lines))
        decimal = "." if self.separator == "," else Notation.of_text(text).decimal
        marks = re.escape(self.separator)
        gap_in_cell = rf"|[^\s{marks}] +[^\s{marks}]" if not blank else ""
        if decimal is None or re.search(rf"[^0-9eE+{decimal}\s{marks}-]{gap_in_cell}", text):
            return None
        if decimal == ",":
            text = text.replace(",", ".")
        if any((len(line.split()) if blank else line.count(self.separator) + 1) != n for _, line in lines):
            return None
        try:
            values = np.fromstring(text if blank else text.replace(self.separator, " "), sep=" ")
        except ValueError:
            return None
        return values.reshape(len(lines), n) if lines and values.size == len(lines) * n else None

    def _cells(self, lines: list[tuple[int, str]]) -> tuple[np.ndarray, dict[int, list[str]]]:
        must = f"All rows of '{self.path.name}' must have a number in each of the {len(self.names)} columns"
        if not lines:
            raise TruncatedError(must, "no row under the header", "Export the table again")
        rows = []
        for number, line in lines:
            cells = _row(line, self.separator, len(self.names))
            if len(cells) != len(self.names):
                kind = TruncatedError if number == lines[-1][0] else ReadError
                raise kind(must, f"{len(cells)} cells in row {number}", "Correct that row")
            rows.append(cells)
        columns = list(zip(*rows, strict=True))
        texts = {
            i: list(cells)
            for i, cells in enumerate(columns)
            if i not in self.axes.values() and _is_text(cells)
        }
        text = "\n".join(line for _, line in lines)
        between_commas = Notation(None if '"' in text else ".")
        notation = between_commas if self.separator == "," else Notation.of_text(text)
        if notation.decimal is None:
            notation = Notation.of((c for i, c in enumerate(columns) if i not in texts), self.separator)
        values = np.full((len(rows), len(columns)), np.nan)
        for i, cells in enumerate(columns):
            if i in texts:
                continue
            for k, cell in enumerate(cells):
                try:
                    values[k, i] = notation.number(cell)
                except ValueError as why:
                    got = f"{why} in row {lines[k][0]}, column '{self.names[i]}'"
                    raise ReadError(must, got, "Correct that cell") from None
        for i in self.axes.values():
            if not np.isfinite(values[:, i]).all():
                k = int(np.flatnonzero(~np.isfinite(values[:, i]))[0])
                raise ReadError(
                    f"All points in '{self.path.name}' must have finite coordinates",
                    f"'{columns[i][k]}' in row {lines[k][0]}, column '{self.names[i]}'",
                    "Correct that cell",
                )
        return values, texts


def open_table(path: Path) -> PointTable | None:
    """The table that a text file holds; None where it has no columns of numbers under names with x among them.

    Raises ReadError where two columns are the same coordinate.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    encoding = encoding_of(head)
    if encoding is None:
        return None
    lines = head.decode(encoding, errors="replace").splitlines()
    start = next((i + 1 for i, line in enumerate(lines) if line.strip().lower() == "[data]"), 0)
    for place in range(start, len(lines)):
        header = lines[place].strip(" \r\n")
        bare = header.lstrip("#%! ") if header[:1] in ("#", "%", "!") else header
        for separator in SEPARATORS if bare.strip() else ():
            if separator not in bare and separator != " ":
                continue
            for cells in _headers(bare, separator):
                table = _under(path, lines, place, cells, separator)
                if table is not None:
                    return table
    return None


def _under(path: Path, lines: list[str], place: int, cells: list[str], separator: str) -> PointTable | None:
    """The table whose columns have these titles in the line at `place`; None where the rows below do not fit."""
    names, units = (list(row) for row in zip(*map(_name_and_unit, cells), strict=True))
    if "x" not in _axes(names):
        return None
    first = place + 1
    below = next(((i, line) for i, line in enumerate(lines[first:], first) if line.strip(" #%\t")), None)
    if below is None:
        return None
    cells_below = fitted(cells_of(below[1].lstrip("#%! "), separator), len(cells))
    if "x" in _axes([_name_and_unit(cell)[0] for cell in cells_below]):
        # The true header stands below.
        return None
    if _are_units(cells_below, len(cells)):
        row = [None if has_no_number(cell.strip("[]() ")) else cell.strip("[]() ") for cell in cells_below]
        units = [unit or other for unit, other in zip(units, row, strict=True)]
        first = below[0] + 1
    sample = [line for _, line in islice(_rows(lines, first, lines[place]), _SAMPLE)]
    if _has_unnamed(sample, separator, len(cells)):
        names, units = ["", *names], [None, *units]
    rows = [row for line in sample if len(row := _row(line, separator, len(names))) == len(names)]
    axes = _axes(names)
    if not any(is_number(row[axes["x"]]) for row in rows):
        return None
    others = [i for i in range(len(names)) if i not in axes.values()]
    if any(_are_keys(i, names[i], [row[i] for row in rows]) for i in others):
        # A row per run: a table of parameters.
        return None
    same = [
        [c for c, name in zip(cells, names[-len(cells) :], strict=True) if name.lower() == names[i].lower()]
        for i in axes.values()
    ]
    doubled = next((row for row in same if len(row) > 1), None)
    if doubled:
        raise ReadError(
            f"Each coordinate in '{path.name}' must have one column",
            f"{len(doubled)} columns: {', '.join(doubled)}",
            "Rename or delete one of them",
        )
    unique, notes = unique_names(names, units)
    return PointTable(path, unique, tuple(units), axes, separator, first, lines[place], tuple(notes))


def _rows(lines: list[str], first: int, header: str) -> Iterator[tuple[int, str]]:
    """Rows of numbers from a line on, with their numbers from 1: no comments, no header again, no later section."""
    for number, line in enumerate(lines[first:], start=first + 1):
        stripped = line.strip()
        if stripped.startswith("["):
            return
        if (
            not stripped.strip(",;|\t ")
            or stripped[0] in "%!"
            or stripped.startswith("//")
            or stripped == header.strip()
        ):
            continue
        if stripped[0] == "#" and not has_no_number(stripped.split(",")[0].split(";")[0].split()[0]):
            continue
        yield number, line


def _row(line: str, separator: str, n: int) -> list[str]:
    """The cells of a row of n columns, without the remark behind them."""
    cells = fitted(cells_of(line, separator), n)
    bare = without_comment(line)
    return cells if bare == line else fitted(cells_of(bare, separator), n)


def _are_units(cells: list[str], n: int) -> bool:
    if len(cells) != n or any(map(is_number, cells)):
        return False
    return not all(map(has_no_number, cells)) or all(cell in ("-", "[-]") for cell in cells)


def _is_text(cells: list[str] | tuple[str, ...]) -> bool:
    """Whether a column is one of words: none of its cells is a number, and not all say that it is missing."""
    return not any(map(is_number, cells)) and any(not _is_no_word(cell) for cell in cells)


def _is_no_word(cell: str) -> bool:
    try:
        Notation(".").number(cell)
    except ValueError:
        return is_number(cell)
    return True


def _are_keys(place: int, name: str, cells: list[str]) -> bool:
    """Whether a column names each row, as the runs of a table of parameters are: by its title, or words in front."""
    if len(set(cells)) < len(cells):
        return False
    words = place == 0 and len(cells) > 1 and _is_text(cells) and not _PLACES.search(name)
    return _RUN_COLUMN.fullmatch(name) is not None or words


def _has_unnamed(sample: list[str], separator: str, n: int) -> bool:
    """Whether each row begins with its number or name in quotes, without a title, as pandas and R write."""
    rows = [cells_of(without_comment(line), separator) for line in sample]
    if not rows or any(len(row) != n + 1 or not row[-1] for row in rows):
        return False
    if all(line.lstrip().startswith('"') for line in sample):
        return True
    # Between commas, 0,5 may be a number.
    first = [row[0] for row in rows]
    return separator != "," and first == [str(i + int(first[0] == "1")) for i in range(len(first))]


def _headers(line: str, separator: str) -> Iterator[list[str]]:
    """The titles in a header; with blanks between them, titles that hold blanks may be split in several ways."""
    if separator != " " or '"' in line:
        yield cells_of(line, separator)
        return
    for pattern in _BLANKS_IN_NAMES:
        yield [cell for cell in re.split(pattern, line.strip()) if cell]


def _name_and_unit(cell: str) -> tuple[str, str | None]:
    cell = cell.strip().strip('"')
    match = _UNIT.fullmatch(cell)
    if not match or not match["name"] or _COORDINATE.fullmatch(cell):
        return cell, None
    return f"{match['name']} {match['rest'] or ''}".strip(), match["unit"] or None


def _axis(name: str) -> str | None:
    match = _COORDINATE.fullmatch(name.strip())
    if not match:
        return None
    if match["number"] or match["count"]:
        return "xyz"[int(match["number"] or int(match["count"]) - 1)]
    return (match["axis"] or match["bracket"]).lower()


def _axes(names: list[str]) -> dict[str, int]:
    """Places of the first columns of x, y and z."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        axis = _axis(name)
        if axis:
            places.setdefault(axis, place)
    return {axis: places[axis] for axis in "xyz" if axis in places}
