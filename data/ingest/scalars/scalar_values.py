"""The scalars of one run, each read from the files of its folder and reduced to one number."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field
from fieldwright.data.ingest.parameters.case_values import NotThereError, case_value
from fieldwright.data.ingest.scalars.calculix_prints import read_print
from fieldwright.data.ingest.scalars.time_table import TimeTable, joined_tables, read_time_table

Taken = Literal["last", "mean", "max", "min", "std"]
TAKEN = get_args(Taken)
_PLACE = re.compile(r"^(?P<file>[^:]+?)\s*:\s*(?P<entry>.+?)\s*$")
_SINGLE = (".json", ".inp", ".toml", ".ini", ".edp")
"""Files that hold numbers by name, and no table against the time."""


@dataclass(frozen=True)
class ScalarRule:
    """Where a scalar of each run stands and what is taken of it where it is written against the time.

    place: "FILE: ENTRY" within the run's folder, FILE a pattern in which {run} stands for the run's name. None where
    a table of all runs has it.
    taken: the last value, or the mean, maximum, minimum or standard deviation over the time from `start` on, in which
    each value counts as long as it lasts.
    """

    place: str | None = None
    taken: Taken = "last"
    start: float | None = None
    unit: str | None = None


def read_scalars(
    run: str,
    folder: Path,
    rules: Mapping[str, ScalarRule],
    given: Mapping[str, float],
    span: tuple[float, float] | None = None,
) -> tuple[dict[str, Field], tuple[Path, ...]]:
    """The scalars of a run as fields of one value, and the files that they came from.

    given: those that a table of all runs has. span: first and last time that count where a rule has no start, such as
    the whole periods of a flow that repeats. Raises RunRejected ("missing field") where one is not there.
    """
    fields, files = {}, []
    for name, rule in rules.items():
        if rule.place is None:
            value, read = given.get(name, math.nan), ()
        else:
            value, read = _value(run, folder, name, rule, span)
        if not math.isfinite(value):
            raise _missing(name, "no finite number")
        fields[name] = Field(np.full((1, 1, 1), value), "run", ("",), rule.unit)
        files += read
    return fields, tuple(files)


def _value(
    run: str, folder: Path, name: str, rule: ScalarRule, span: tuple[float, float] | None
) -> tuple[float, tuple[Path, ...]]:
    place = str(rule.place).replace("{run}", run)
    match = _PLACE.match(place)
    if match is None:
        raise _missing(name, f"the place '{place}', which must be 'FILE: ENTRY'")
    paths = tuple(sorted(path for path in folder.glob(match["file"]) if path.is_file()))
    if not paths:
        raise _missing(name, f"no file that matches '{match['file']}'")
    try:
        table, column = _table(paths, match["entry"])
        if table is None:
            return case_value(folder, name, place), paths
        values = table.column(column)
        if span is None or rule.start is not None:
            return reduced(table.times, values, rule.taken, rule.start), paths
        inside = table.times <= span[1]
        return reduced(table.times[inside], values[inside], rule.taken, span[0]), paths
    except NotThereError as error:
        raise _missing(name, str(error)) from error
    except (OSError, ValueError, KeyError) as error:
        text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        raise _missing(name, f"{text}, in '{paths[0].name}'") from error


def _table(paths: tuple[Path, ...], entry: str) -> tuple[TimeTable | None, str]:
    """The table of an entry and its column there; None where the file has numbers by name alone."""
    if paths[0].suffix.lower() in _SINGLE:
        return None, entry
    block, _, column = entry.rpartition(".")
    if block and (printed := read_print(paths[0], block)) is not None:
        return printed, column
    try:
        return joined_tables([read_time_table(path) for path in paths]), entry
    except ValueError:
        if len(paths) == 1:
            return None, entry
        raise


def reduced(times: np.ndarray, values: np.ndarray, taken: Taken, start: float | None) -> float:
    """One number of values (t,) at times (t,), from the time `start` on; raises ValueError where none is left.

    Mean and standard deviation are integrals over the time by the trapezoidal rule.
    """
    if start is not None:
        inside = times >= start
        times, values = times[inside], values[inside]
    if not len(values):
        raise ValueError(f"no time from {start:g} on")
    if taken == "last":
        return float(values[-1])
    if taken in ("max", "min"):
        return float(values.max() if taken == "max" else values.min())
    if len(values) == 1:
        return float(values[0]) if taken == "mean" else 0.0
    span = times[-1] - times[0]
    mean = float(np.trapezoid(values, times) / span)
    return mean if taken == "mean" else float(np.sqrt(np.trapezoid((values - mean) ** 2, times) / span))


def _missing(name: str, got: str) -> RunRejected:
    return RunRejected(
        "missing field",
        f"A run must have the scalar '{name}'",
        got,
        "Have the solver write it, or correct 'scalars' in the study file",
    )
