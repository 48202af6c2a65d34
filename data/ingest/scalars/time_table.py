"""Numbers against the time, as solvers write them beside the fields: forces, coefficients, probes, CSV."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

_SEPARATORS = re.compile(r"[\s,;()]+")
_GROUP = re.compile(r"([^\s()]+)\(([^()]*\s[^()]*)\)")
_AXES = ("x", "y", "z")
_TIME = re.compile(r"^\W*(time|t|step|iter\w*)\b", re.I)


@dataclass(frozen=True, eq=False)
class TimeTable:
    """Columns of numbers against the time.

    names: of the columns. times: (t,) rising. values: (t, columns).
    """

    names: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """The values (t,) of a column, by its name; raises KeyError that names those there are."""
        if name not in self.names:
            named = ", ".join(self.names[:12]) or "none"
            raise KeyError(f"no column '{name}' among {named}")
        return self.values[:, self.names.index(name)]


def read_time_table(path: Path) -> TimeTable:
    """The table of a text file: a row per time, the time first, names above; raises ValueError where it is none.

    Names are read from the last line above the numbers that has one for each column. Where there are three numbers
    for each name the columns are its components, "U.x", "U.y" and "U.z"; so are those of OpenFOAM's groups, as in
    "forces(pressure viscous)": "forces.pressure.x". Rows of other lengths, as of a run that was stopped while it
    wrote, end the table.
    """
    heads: list[str] = []
    rows: list[list[float]] = []
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for line in lines:
            cells = [cell for cell in _SEPARATORS.split(line.strip()) if cell]
            try:
                numbers = [float(cell) for cell in cells]
            except ValueError:
                if rows:
                    break
                heads.append(line.strip().lstrip("#").strip())
                continue
            if rows and len(numbers) != len(rows[0]):
                break
            if numbers:
                rows.append(numbers)
    if not rows or len(rows[0]) < 2 or (len(rows) == 1 and not (heads and _TIME.match(heads[-1]))):
        raise ValueError("no rows of a time and further numbers")
    values = np.array(rows)
    return TimeTable(_names(heads, values.shape[1] - 1), *_rising(values[:, 0], values[:, 1:]))


def joined_tables(tables: Sequence[TimeTable]) -> TimeTable:
    """One table of those of a run and its restarts, in the order in which these began; a later one replaces times.

    Raises ValueError where they have different columns.
    """
    tables = sorted(tables, key=lambda one: one.times[0])
    if any(one.names != tables[0].names for one in tables):
        raise ValueError("files of different columns")
    parts = [one.times < later.times[0] for one, later in pairwise(tables)] + [
        np.ones(len(tables[-1].times), dtype=bool)
    ]
    times = np.concatenate([one.times[rows] for one, rows in zip(tables, parts, strict=True)])
    values = np.concatenate([one.values[rows] for one, rows in zip(tables, parts, strict=True)])
    return TimeTable(tables[0].names, times, values)


def _names(heads: Sequence[str], columns: int) -> tuple[str, ...]:
    """Of the columns after the time: by the last line that has a name for each, else their numbers from 0."""
    for head in reversed(heads):
        grouped = _GROUP.sub(_with_leaves, head)
        separator = r"[,;]" if re.search(r"[,;]", grouped) else r"\s+"
        words = [word.strip().strip('"') for word in re.split(separator, grouped)]
        names = [word for word in words if word][1:]
        if len(names) == columns:
            return tuple(names)
        if 3 * len(names) == columns:
            return tuple(f"{name}.{axis}" for name in names for axis in _AXES)
    return tuple(str(k) for k in range(columns))


def _with_leaves(group: re.Match[str]) -> str:
    return " ".join(f"{group[1]}.{leaf}" for leaf in group[2].split())


def _rising(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times and values with each time once, the last of it: a solver that restarts within one file repeats some."""
    if not np.isfinite(times).all():
        raise ValueError("times that are no finite numbers")
    if (np.diff(times) > 0.0).all():
        return times, values
    rows, latest = [], np.inf
    for row in range(len(times) - 1, -1, -1):
        if times[row] < latest:
            latest = times[row]
            rows.append(row)
    if len(rows) < 2:
        raise ValueError("a first column that does not rise, so it is no time")
    order = rows[::-1]
    return times[order], values[order]
