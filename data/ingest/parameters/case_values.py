"""A number out of a case's own input files, by a short expression such as "constant/transportProperties: nu".

The expression is FILE: ENTRY, or FILE: ENTRY[i] for the i-th number (from 0) of a list; FILE may be a pattern.
What ENTRY means depends on the file:

    *KEYWORD[i], *KEYWORD LABEL[i]   CalculiX and Abaqus decks: item i of the first data line under the keyword
                                     (that begins with LABEL); *KEYWORD OPTION is the option on the keyword's line
    a.b.c                            OpenFOAM dictionaries: entry c of the sub-dictionary b of a, macros expanded
    a.b.c                            JSON: likewise, with numbers for places in lists
    column                           CSV: a column of the one data row, or the value beside that name
    name, section.name               anything else: `name = 1.5`, `name: 1.5`, `real name=1.5;`, INI sections
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from fieldwright.data.disk import unreadable
from fieldwright.data.errors import ReadError, StudyError
from fieldwright.data.formats.parsing.openfoam.foam_dictionary import RefusedError
from fieldwright.data.formats.parsing.openfoam.foam_file import case_dictionary
from fieldwright.data.ingest.parameters.cells import table_cells
from fieldwright.data.ingest.parameters.table import ParameterTable, table_from_rows
from fieldwright.data.ingest.sources import RunSource

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?"
_EXPRESSION = re.compile(r"^(?P<file>[^:]+?)\s*:\s*(?P<entry>.+?)\s*(?:\[(?P<index>\d+)\])?$")
_C_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


class NotThereError(Exception):
    """Why a file has no such value."""


def table_from_cases(
    sources: Sequence[RunSource], expressions: Mapping[str, str], units: Mapping[str, str | None]
) -> ParameterTable:
    """The parameters of each run by expressions on the files of its folder.

    expressions: parameter to expression; units: parameter to unit. A run whose files lack a value gets no row,
    with the reason in `problems`. Raises StudyError where an expression is malformed.
    """
    for name, expression in expressions.items():
        _parsed(name, expression)
    rows, problems = {}, {}
    for source in sources:
        try:
            rows[source.name] = {n: case_value(source.folder, n, e) for n, e in expressions.items()}
        except NotThereError as why:
            problems[source.name] = str(why)
        except OSError as error:
            problems[source.name] = str(unreadable(source.folder, error) or error)
    table = table_from_rows(rows, {name: units.get(name) for name in expressions})
    return ParameterTable(table.names, table.units, table.runs, table.values, problems)


def case_value(folder: Path, name: str, expression: str) -> float:
    """The number that the expression finds in the folder; `name` is for the errors."""
    match = _parsed(name, expression)
    paths = [path for path in folder.glob(match["file"]) if path.is_file()]
    paths = paths or [path for path in folder.glob(f"{match['file']}.gz") if path.is_file()]
    if len(paths) != 1:
        raise NotThereError(f"{len(paths)} files that match '{match['file']}'")
    entry = match["entry"]
    try:
        numbers = _numbers(paths[0], folder, entry)
    except (NotThereError, RefusedError, ReadError, ValueError, KeyError, IndexError, TypeError) as error:
        raise NotThereError(f"no '{entry}' in '{paths[0].name}' ({error})") from error
    index = match["index"]
    if index is None and len(numbers) != 1:
        raise NotThereError(f"{len(numbers)} numbers for '{entry}' in '{paths[0].name}': choose one by [i]")
    if index is not None and int(index) >= len(numbers):
        raise NotThereError(f"{len(numbers)} numbers for '{entry}' in '{paths[0].name}', no [{index}]")
    value = numbers[int(index or 0)]
    if not math.isfinite(value):
        raise NotThereError(f"no number at {match['entry']}[{index or 0}] in '{paths[0].name}'")
    return value


def _parsed(name: str, expression: str) -> re.Match[str]:
    match = _EXPRESSION.match(expression)
    if match is None:
        raise StudyError(
            f"The expression of parameter '{name}' must be 'FILE: ENTRY' or 'FILE: ENTRY[i]'",
            f"'{expression}'",
            "Correct it in the study file, for example 'constant/transportProperties: nu'",
        )
    return match


def _numbers(path: Path, folder: Path, entry: str) -> list[float]:
    if entry.startswith("*"):
        return _in_deck(_text(path), entry)
    if path.suffix.lower() == ".json":
        return _in_json(_text(path), entry)
    if path.suffix.lower() == ".csv":
        return _in_csv(path, entry)
    dictionary = case_dictionary(path, folder)
    if dictionary is None:
        return _in_assignments(_text(path), entry)
    numbers = dictionary.numbers(entry)
    if numbers is None:
        raise NotThereError("no such entry")
    return numbers


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _in_deck(text: str, entry: str) -> list[float]:
    keyword, _, label = entry[1:].partition(" ")
    upper_keyword, inside = keyword.upper(), False
    label = label.strip().upper()
    for line in text.splitlines():
        items = [item.strip() for item in line.split(",")]
        if line.startswith("*") and not line.startswith("**"):
            inside = items[0][1:].strip().upper() == upper_keyword
            options = dict(item.upper().split("=", 1) for item in items[1:] if "=" in item)
            if inside and label in options:
                return [float(options[label])]
        elif inside and line.strip() and not line.startswith("**") and label in ("", items[0].upper()):
            # Words keep their place, so that [i] counts as the manual does; they are no numbers though.
            return [_number_or_nan(item) for item in items if item]
    raise NotThereError("no such line")


def _number_or_nan(item: str) -> float:
    return float(item) if re.fullmatch(_NUMBER, item) else math.nan


def _in_json(text: str, entry: str) -> list[float]:
    value = json.loads(text)
    for key in entry.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    values = value if isinstance(value, list) else [value]
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        raise NotThereError(f"{value!r} is no number")
    return [float(v) for v in values]


def _in_csv(path: Path, entry: str) -> list[float]:
    """The column of that title where there is one row of values, else the cells beside that name."""
    try:
        table = table_cells(path)
    except StudyError as error:
        raise NotThereError(str(error)) from error
    if entry in table.names and len(table.rows) == 1:
        # Of two lines of a name and its value, the second is no row of numbers.
        with suppress(ValueError, KeyError):
            return [table.number(table.rows[0][table.names.index(entry)])]
    pairs = [row for row in (list(table.names), *table.rows) if len(row) > 1]
    beside = [row[1] for row in pairs if re.sub(r"\s*[\[(].*", "", str(row[0]).strip()) == entry]
    if not beside:
        raise NotThereError("no such column or name")
    return [table.number(cell) for cell in beside]


def _in_assignments(text: str, entry: str) -> list[float]:
    section, _, name = entry.rpartition(".")
    text = re.sub(r"[#!%][^\n]*", " ", _C_COMMENT.sub(" ", text))
    if section and f"[{section}]" in text:
        text = text.split(f"[{section}]", 1)[1].split("\n[", 1)[0]
    else:
        name = entry
    numbers = re.findall(rf"(?<![\w.]){re.escape(name)}\s*(?:=|:|\s)\s*({_NUMBER})(?![\w.])", text)
    if len(numbers) != 1:
        raise NotThereError(f"{len(numbers)} lines give it a number")
    return [float(numbers[0].replace("d", "e").replace("D", "e"))]
