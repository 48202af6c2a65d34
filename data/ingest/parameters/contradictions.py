"""Parameter tables compared with the runs' own input files: the same parameter must have the same value in both."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fieldwright.data.ingest.parameters.case_entries import CaseEntry, case_entries
from fieldwright.data.ingest.parameters.table import ParameterTable
from fieldwright.data.ingest.sources import RunSource

_TOLERANCE = 1e-3
"""Tables are rounded: what differs by less is the same value."""


@dataclass(frozen=True)
class Contradiction:
    """Runs whose own files give a parameter another value: run to (value in the table, value in the file)."""

    name: str
    expression: str
    runs: Mapping[str, tuple[float, float]]


def contradictions(
    rows: Mapping[str, Mapping[str, float]], entries: Mapping[str, Mapping[str, CaseEntry]]
) -> list[Contradiction]:
    """Where a column of a table follows an entry of the input files in most runs, the runs in which it does not.

    rows, entries: parameters by name and input numbers by expression, of each run. A column follows an entry that
    has its values, also in a unit that is a power of ten larger or smaller or with the other sign: in three of four
    runs, with three values or more; under the column's own name in half of the runs.
    """
    result = []
    runs = [run for run in rows if entries.get(run)]
    expressions = dict.fromkeys(one for run in runs for one in entries[run])
    for name in dict.fromkeys(name for run in runs for name in rows[run]):
        best: tuple[int, str, dict[str, tuple[float, float]]] | None = None
        for expression in expressions:
            having = [run for run in runs if expression in entries[run]]
            pairs = {run: (rows[run][name], entries[run][expression].value) for run in having}
            factor = _factor(list(pairs.values()))
            if factor is None:
                continue
            other = {run: pair for run, pair in pairs.items() if not _same(pair, factor)}
            alike = [pair[0] for run, pair in pairs.items() if run not in other]
            same_name = _is_named(name, expression)
            follows = len(alike) >= (0.5 if same_name else 0.75) * len(runs) and len(set(alike)) >= (
                2 if same_name else 3
            )
            if follows and (best is None or len(alike) > best[0]):
                best = len(alike), expression, other
        if best is not None and best[2]:
            result.append(Contradiction(name, best[1], best[2]))
    return result


def disagreements(
    rows: Mapping[str, Mapping[str, float]], entries: Mapping[str, Mapping[str, CaseEntry]]
) -> list[str]:
    """A sentence for each column that differs from the entry of its own name in most runs, as after a wrong sorting.

    Only where most of its values are among those of the entry: other numbers may be of another unit.
    """
    sentences = []
    runs = [run for run in rows if entries.get(run)]
    for name in dict.fromkeys(name for run in runs for name in rows[run]):
        for expression in dict.fromkeys(e for run in runs for e in entries[run] if _is_named(name, e)):
            having = [run for run in runs if expression in entries[run]]
            pairs = {run: (rows[run][name], entries[run][expression].value) for run in having}
            file_values = {value for _, value in pairs.values()}
            matching = [
                table_value
                for table_value, _ in pairs.values()
                if any(_same((table_value, one), 1.0) for one in file_values)
            ]
            other = {run: pair for run, pair in pairs.items() if not _same(pair, 1.0)}
            if len(file_values) > 1 and len(matching) > len(having) / 2 and len(other) > len(having) / 2:
                run, (table_value, value) = next(iter(other.items()))
                sentences.append(
                    f"column '{name}' differs from the runs' own '{expression}' in {len(other)} of {len(having)} "
                    f"runs, first in '{run}': {table_value:g} and {value:g}"
                )
    return sentences


def without_contradictions(table: ParameterTable, sources: Sequence[RunSource], where: str) -> ParameterTable:
    """The table without the rows that the runs' own files contradict, each with both values in `contradictions`.

    where: the name of the table's file, for the sentences.
    """
    folders = {source.name: source.path for source in sources if source.path.is_dir()}
    rows = {run: row for run in table.runs if run in folders and (row := table.row(run)) is not None}
    if len(rows) < 2:
        return table
    entries = {}
    for run in rows:
        try:
            entries[run] = case_entries(folders[run])
        except OSError:
            continue
    both: dict[str, str] = {}
    for one in contradictions(rows, entries):
        for run, (table_value, file_value) in one.runs.items():
            text = (
                f"{one.name} = {table_value:g} in '{where}' and {file_value:g} in its own '{one.expression}'"
            )
            both[run] = f"{both[run]}, {text}" if run in both else text
    indices = [i for i, run in enumerate(table.runs) if run not in both]
    return replace(
        table,
        runs=tuple(table.runs[i] for i in indices),
        values=table.values[indices],
        contradictions=both,
        notes=(*table.notes, *disagreements(rows, entries)),
    )


def _factor(pairs: Sequence[tuple[float, float]]) -> float | None:
    """The power of ten, with its sign, by which most values of the file are those of the table."""
    ratios = [file_value / table_value for table_value, file_value in pairs if table_value and file_value]
    if not ratios:
        return None
    powers = [math.copysign(10.0 ** round(math.log10(abs(ratio))), ratio) for ratio in ratios]
    values, counts = np.unique(
        [p for p, r in zip(powers, ratios, strict=True) if abs(r / p - 1) <= _TOLERANCE], return_counts=True
    )
    return float(values[np.argmax(counts)]) if len(values) else None


def _same(pair: tuple[float, float], factor: float) -> bool:
    table_value, file_value = pair
    return math.isclose(table_value * factor, file_value, rel_tol=_TOLERANCE)


def _is_named(name: str, expression: str) -> bool:
    """Whether the last word of an expression is the column's name: "constant/transportProperties: nu" and "nu"."""
    words = re.findall(r"[A-Za-z]\w*", re.sub(r"\[\d+\]$|\.value\b", "", expression))
    return bool(words) and words[-1].lower() == re.sub(r"\W.*", "", name).lower()
