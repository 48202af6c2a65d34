"""Numbers in the cells of tables, as people and spreadsheets write them: 1,5, "1,013.25", 12’000, 1.0D+02, n/a.

A mark before three digits may divide thousands or decimals ("1,013"); the other cells of the file decide which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from fieldwright.data.formats.parsing.text.number_text import is_missing, number_of

# Fortran leaves the letter out where the exponent has three digits: 1.5-101.
_FORM = re.compile(r"([-+]?)([\d.,'’ \u00a0\u2009\u202f]+)(?:[eEdD]([-+]?\d+)|([-+]\d{3}))?")
_GROUPS_OF_DIGITS = re.compile(
    r"[1-9]\d{0,2}(?:(?P<mark>['’ \u00a0\u2009\u202f])\d{3})(?:(?P=mark)\d{3})*(?![\d'’ ])"
)
_READINGS = {
    ".": re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+"),
    ",": re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?|\d+,?\d*|,\d+"),
}
# Other than three digits behind it, or a bare nought before it: no thousands.
_SHOWS = {
    mark: re.compile(
        rf"\d{one}(?=\d{{1,2}}(?!\d)|\d{{4}}|[eEdD\t;| ]|$)|(?<!\d)0{one}\d|(?<!\d){one}\d", re.M
    )
    for mark, one in ((".", r"\."), (",", ","))
}
_OTHER = {".": ",", ",": "."}


@dataclass(frozen=True)
class Notation:
    """The mark of decimals, "." or ",", that the cells of a file show; None where they show none, or both."""

    decimal: str | None

    @classmethod
    def of_text(cls, text: str) -> Notation:
        """Of a text with one kind of mark in it, at a glance; undecided where a closer look is needed."""
        marks = [mark for mark in ".," if mark in text]
        if not marks:
            return cls(".")
        return cls(marks[0] if len(marks) == 1 and _SHOWS[marks[0]].search(text) else None)

    @classmethod
    def of(cls, columns: Iterable[Iterable[str]], separator: str = ",") -> Notation:
        """From those cells of a table that can be read in one way only."""
        marks: set[str] = set()
        points, thousands = False, False
        for column in columns:
            has_integer = doubtful = False
            for cell in column:
                if "." not in cell and "," not in cell:
                    has_integer = has_integer or cell.strip().isdigit()
                    continue
                readings = _readings(cell)
                if len(readings) == 1:
                    marks |= set(readings)
                doubtful = doubtful or (len(readings) == 2 and "." in cell)
            points = points or doubtful
            thousands = thousands or (doubtful and has_integer)
        marks.discard("")
        if not marks and points and (separator == "," or not thousands):
            # Thousands leave smaller numbers without a mark; a fixed count of decimals leaves none.
            marks = {"."}
        return cls(marks.pop() if len(marks) == 1 else None)

    def number(self, cell: str) -> float:
        """The number of a cell, NaN for one that says it has none; raises ValueError with the reason."""
        try:
            # Most cells are plain numbers.
            if self.decimal == "." or (self.decimal == "," and "." not in cell):
                return float(cell.replace(",", ".") if self.decimal == "," else cell)
        except ValueError:
            pass
        cell = _normalised(cell)
        if is_missing(cell):
            return math.nan
        special = number_of(cell)
        if special is not None and not math.isfinite(special):
            return special
        readings = _readings(cell)
        if not readings:
            raise ValueError(f"'{cell[:40]}'")
        if len(readings) == 1:
            return next(iter(readings.values()))
        if self.decimal is None:
            raise ValueError(
                f"'{cell[:40]}', which may be {readings['.']:.10g} or {readings[',']:.10g}: nothing else in the file "
                "tells which mark divides the decimals"
            )
        return readings[self.decimal]


def has_no_number(cell: str) -> bool:
    """Whether a cell says that it has no number: empty, "n/a", "null", "-", "nan", "1.#QNAN", "****"."""
    cell = _normalised(cell)
    special = number_of(cell)
    return is_missing(cell) or (special is not None and math.isnan(special))


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number in any notation."""
    return bool(_readings(cell))


def _normalised(cell: str) -> str:
    return cell.strip(" \t\"'").replace("\u2212", "-")


def _readings(cell: str) -> dict[str, float]:
    """The values that a cell may have, by the mark of decimals that each supposes."""
    match = _FORM.fullmatch(_normalised(cell))
    if match is None:
        return {}
    sign, digits = match[1], _GROUPS_OF_DIGITS.sub(lambda m: re.sub(r"\D", "", m[0]), match[2], count=1)
    exponent = match[3] or match[4] or "0"
    readings = {}
    for mark, pattern in _READINGS.items():
        if not pattern.fullmatch(digits):
            continue
        if (match[3] or match[4]) and _OTHER[mark] in digits:
            # Nobody writes thousands before an exponent.
            continue
        readings[mark] = float(f"{sign}{digits.replace(_OTHER[mark], '').replace(mark, '.')}e{exponent}")
    if len(readings) == 2 and readings["."] == readings[","]:
        return {"": readings["."]}
    return readings
