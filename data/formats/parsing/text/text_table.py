"""Rows of cells in text: encodings, separators, quotes, comments, and names for columns of equal name."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from pathlib import Path

SEPARATORS = (";", "\t", "|", ",", " ")
_MARKS = (
    # The mark of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# "1.#QNAN" is a number that is none, "50%" is no 50.
_COMMENT = re.compile(r"(?:(?<!\.)#(?!N/A|NV\b|DIV/0|NUM!|VALUE!|REF!|NAME\?|NULL!)|(?<=\s)(?:!|//|%\s)).*$")
_UNQUOTED = re.compile(r'"[^"]*"|[^"]+')


def encoding_of(head: bytes) -> str | None:
    """The encoding of a text by its first bytes; None for what is no text."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\x00" in head:
        # Latin letters in UTF-16 have a zero for every other byte.
        for name, zeros, letters in (
            ("utf-16-le", head[1::2], head[::2]),
            ("utf-16-be", head[::2], head[1::2]),
        ):
            if zeros.count(0) > 0.9 * len(zeros) and 0 not in letters:
                return name
        return None
    try:
        # The last letter of a part may be cut.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        # Spreadsheets of western Europe still export this code page.
        return "cp1252"
    return "utf-8-sig"


def text_of(path: Path) -> str | None:
    """The text of a file in whatever encoding; None for what is no text."""
    content = path.read_bytes()
    encoding = encoding_of(content)
    return None if encoding is None else content.decode(encoding, errors="replace")


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a row, stripped and without quotes; a blank separator is any run of blanks."""
    if separator == " ":
        if '"' not in line:
            return line.split()
        return [cell.strip('"').strip() for cell in re.findall(r'(?:"[^"]*"|[^\s"])+', line)]
    if '"' not in line:
        return [cell.strip() for cell in line.strip(" \r\n").split(separator)]
    (row,) = csv.reader([line.strip(" \r\n")], delimiter=separator, skipinitialspace=True)
    return [cell.strip() for cell in row]


def fitted(cells: list[str], n: int) -> list[str]:
    """The cells without empty ones beyond the n columns, behind the last separator or before the first."""
    while len(cells) > n and not cells[-1]:
        cells = cells[:-1]
    while len(cells) > n and not cells[0]:
        cells = cells[1:]
    return cells


def without_comment(line: str) -> str:
    """A row without the remark behind it: "0, 1  # the inlet"; marks within quotes stay."""
    if not any(mark in line for mark in "#!%/"):
        return line
    parts = []
    for match in _UNQUOTED.finditer(line):
        part = match[0] if match[0].startswith('"') else _COMMENT.sub("", match[0])
        parts.append(part)
        if part != match[0]:
            break
    return "".join(parts).rstrip(" ")


def unique_names(names: Sequence[str], units: Sequence[str | None]) -> tuple[tuple[str, ...], list[str]]:
    """The names, equal ones distinguished by their units or else by numbers; and a note on each of those."""
    result, notes = list(names), []
    for name in dict.fromkeys(one for one in names if one and names.count(one) > 1):
        places = [i for i, one in enumerate(names) if one == name]
        unit_texts = [units[i] or "" for i in places]
        head, mark, suffix = name.partition(" @ ")
        for number, i in enumerate(places, start=1):
            by_unit = len(set(unit_texts)) == len(unit_texts)
            new = (
                f"{head} [{units[i]}]" if by_unit and units[i] else head if by_unit else f"{head} ({number})"
            )
            while new in names and new != name:
                new += "'"
            result[i] = new + mark + suffix
        notes.append(
            f"{len(places)} columns are named '{name}': kept as {', '.join(result[i] for i in places)}"
        )
    return tuple(result), notes
