"""Queries as they are typed, name=value, or as they stand in a table."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.ingest.parameters.cells import table_cells
from fieldwright.data.ingest.parameters.number_columns import number_column
from fieldwright.data.output.written_numbers import number_text
from fieldwright.surrogates.fields.description import ParameterInfo


def values_of_words(words: Sequence[str]) -> dict[str, float]:
    """Name to value of words such as "heat_flux=2e4"; raises QueryError."""
    values: dict[str, float] = {}
    for word in words:
        name, sign, text = (part.strip() for part in word.partition("="))
        if not sign or not name:
            raise QueryError("A value must be typed as NAME=NUMBER", f"'{word}'", "Write heat_flux=2e4")
        if name in values:
            raise QueryError("A parameter must be given once", f"'{name}' twice", "Leave one out")
        try:
            values[name] = float(text)
        except ValueError:
            values[name] = math.nan
        if not math.isfinite(values[name]):
            raise QueryError(f"'{name}' must be a finite number", f"'{text}'", f"Write {name}=2e4")
    return values


def single_query(values: Mapping[str, float], infos: Sequence[ParameterInfo]) -> np.ndarray:
    """(1, p) in the order of `infos`; raises QueryError where a name is unknown or missing."""
    _check_names(values, infos)
    for info in infos:
        if info.name not in values:
            raise QueryError(
                f"All of {', '.join(one.name for one in infos)} must be given",
                f"no '{info.name}'",
                f"Add {info.name}=NUMBER, {range_text(info)}",
            )
    return np.array([[values[info.name] for info in infos]])


def queries_of_table(path: Path, values: Mapping[str, float], infos: Sequence[ParameterInfo]) -> np.ndarray:
    """(q, p) of a CSV, Excel or JSON table with a column for each parameter; other columns are not looked at.

    values: of parameters that are the same in all queries. Raises FieldwrightError.
    """
    _check_names(values, infos)
    table = table_cells(path, title="table of queries", row="query", correct="the path")
    columns = []
    for info in infos:
        if info.name in values:
            columns.append(np.full(len(table.rows), values[info.name]))
            continue
        if info.name not in table.names:
            raise QueryError(
                f"'{path.name}' must have a column for each of {', '.join(one.name for one in infos)}",
                f"no '{info.name}' among {', '.join(table.names)}",
                f"Add the column, or give {info.name}=NUMBER for all rows",
            )
        columns.append(number_column(table, table.names.index(info.name), info.unit))
    return np.array(columns, dtype=np.float64).T


def range_text(info: ParameterInfo) -> str:
    """Such as "trained from 1e4 to 5e4 W/m2"."""
    ends = " to ".join(number_text(end, 6) for end in (info.minimum, info.maximum))
    return f"trained from {ends} {info.unit}".rstrip()


def _check_names(names: Iterable[str], infos: Sequence[ParameterInfo]) -> None:
    names_of_parameters = [info.name for info in infos]
    for name in names:
        if name not in names_of_parameters:
            nearest = difflib.get_close_matches(name, names_of_parameters, 1)
            raise QueryError(
                f"A parameter must be one of {', '.join(names_of_parameters)}"
                if names_of_parameters
                else "There must be no parameter",
                f"'{name}'",
                (f"Did you mean '{nearest[0]}'? " if nearest else "") + "Correct the name",
            )
