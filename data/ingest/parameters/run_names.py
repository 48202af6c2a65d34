"""Parameters out of the names of the runs, by a pattern such as "U{u}_nu{nu}"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.parameters.table import ParameterTable, table_from_rows
from fieldwright.data.ingest.sources import RunSource

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


def table_from_names(
    sources: Sequence[RunSource], pattern: str, units: Mapping[str, str | None]
) -> ParameterTable:
    """The parameters of each run by its name: "U1.5_nu1e-3" under "U{u}_nu{nu}" is u = 1.5, nu = 0.001.

    units: parameter to unit; every {name} must be one of them. "*" stands for anything. A run whose name does not
    fit gets no row, with the reason in `problems`. Raises StudyError where the pattern is malformed.
    """
    names = re.findall(r"\{(\w+)\}", pattern)
    if sorted(names) != sorted(units) or not names:
        raise StudyError(
            f"The pattern of the run names must hold each of {', '.join(f'{{{n}}}' for n in units)} once",
            f"'{pattern}'",
            "Correct 'names' in the study file, or name the parameters alike",
        )
    parts = re.split(r"(\{\w+\}|\*)", pattern)
    expression = re.compile("".join(_expression(part) for part in parts))
    rows, problems = {}, {}
    for source in sources:
        match = expression.fullmatch(source.name)
        if match is None:
            problems[source.name] = f"a name that does not fit '{pattern}'"
        else:
            rows[source.name] = {name: float(match[name]) for name in units}
    table = table_from_rows(rows, units)
    return ParameterTable(table.names, table.units, table.runs, table.values, problems)


def _expression(part: str) -> str:
    if part == "*":
        return ".*?"
    return rf"(?P<{part[1:-1]}>{_NUMBER})" if part.startswith("{") else re.escape(part)
