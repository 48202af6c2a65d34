"""Where a study may be simulated, and the table in which suggested runs are written."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import StudyError
from fieldwright.data.expressions import Constraint
from fieldwright.data.ingest.parameters.cells import table_cells
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.design.space import ParameterSpace


def space_of(study: Study, x: np.ndarray) -> ParameterSpace:
    """The study's ranges, those of the runs x (n, p) where it gives none, and its constraints; raises StudyError."""
    names = tuple(study.parameters.columns)
    bounds = []
    for j, (name, parameter) in enumerate(study.parameters.columns.items()):
        limits = (parameter.minimum, parameter.maximum)
        if not len(x) and None in limits:
            raise StudyError(
                f"Without accepted runs, parameter '{name}' must have a 'minimum' and a 'maximum'",
                "none" if limits == (None, None) else "only one of them",
                f"Add them to [parameters.columns.{name}] of {study.path.name}",
            )
        bounds.append(
            [end(x[:, j]) if one is None else one for one, end in zip(limits, (np.min, np.max), strict=True)]
        )
    lower, upper = np.array(bounds, dtype=np.float64).T
    constraints = tuple(Constraint.parse(text, names) for text in study.parameters.constraints)
    return ParameterSpace(names, lower, upper, constraints)


def space_within(study: Study, region: tuple[np.ndarray, np.ndarray]) -> ParameterSpace:
    """A box between two corners (p,), cut by the study's own limits and constraints; raises StudyError."""
    names, columns = tuple(study.parameters.columns), study.parameters.columns.values()
    least = [-np.inf if one.minimum is None else one.minimum for one in columns]
    most = [np.inf if one.maximum is None else one.maximum for one in columns]
    lower, upper = (np.clip(corner, least, most) for corner in region)
    constraints = tuple(Constraint.parse(text, names) for text in study.parameters.constraints)
    return ParameterSpace(names, lower, upper, constraints)


def write_table(study: Study, path: Path, x: np.ndarray, runs: Sequence[str]) -> None:
    """The runs x (q, p) as CSV with the columns of the study's parameter table, as its header writes them.

    runs: names of the runs there are; the new ones continue their numbers.
    """
    names = list(study.parameters.columns)
    titles = _titles(study)
    order = [name for name in titles if name in names] + [name for name in names if name not in titles]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        header = [titles.get(name, _with_unit(study, name)) for name in order]
        table.writerow([study.parameters.run_column, *header])
        for name, row in zip(next_names(runs, len(x)), x, strict=True):
            # repr gives the shortest digits that read back as the same number.
            table.writerow([name, *(repr(float(row[names.index(column)])) for column in order)])


def next_names(runs: Sequence[str], n: int) -> list[str]:
    """Continues the highest number at the end of the given names by n names: run_0080, run_0081, ..."""
    numbered = [(match[1], match[2]) for run in runs if (match := re.fullmatch(r"(.*?)(\d+)", run))]
    prefix, last = max(numbered, key=lambda one: int(one[1]), default=("run_", "0000"))
    return [f"{prefix}{int(last) + k:0{len(last)}d}" for k in range(1, n + 1)]


def _titles(study: Study) -> dict[str, str]:
    """Column name to its title in the header of the parameter table, in the table's order; empty without a table."""
    if study.parameters.table is None or not study.beside(study.parameters.table).is_file():
        return {}
    table = table_cells(study.beside(study.parameters.table))
    titles = zip(table.names, table.units, strict=True)
    return {name: f"{name} [{unit}]" if unit and not name.endswith("]") else name for name, unit in titles}


def _with_unit(study: Study, name: str) -> str:
    unit = study.parameters.columns[name].unit
    return f"{name} [{unit}]" if unit else name
