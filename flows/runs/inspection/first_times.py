"""The rule of the times that a first study proposes, and the scalars that solvers write against the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Run
from fieldwright.data.ingest.cycles.one_period import PERIOD, one_period
from fieldwright.data.ingest.inspection import Inspection
from fieldwright.data.ingest.scalars.time_table import read_time_table
from fieldwright.data.ingest.timebase import CYCLES, TimeRule, proposed_rule
from fieldwright.flows.runs.inspection.first_fields import some_runs

LEAST_TIMES = 20
"""Times of a run in which a period is looked for."""
_COEFFICIENTS = ("coefficient.dat", "forceCoeffs.dat")
_NAMED = ("Cd", "Cl")


def first_rule(inspection: Inspection, fields: Sequence[str]) -> tuple[TimeRule, str] | None:
    """The rule by which these runs come together, and why; None where they are steady.

    fields: those that the study learns, in which a period is looked for.
    """
    times = [one.times for one in inspection.described.values()]
    if all(one is None for one in times):
        return None
    periods = _periods(inspection, fields)
    if periods:
        low, high = f"{min(periods):.3g}", f"{max(periods):.3g}"
        span = f"every {low} s" if low == high else f"every {low} to {high} s"
        return TimeRule("periodic"), f"the runs that were looked into repeat {span}"
    return proposed_rule(times)


def _periods(inspection: Inspection, fields: Sequence[str]) -> list[float]:
    """The periods of the runs that are looked into; none where one of them does not repeat."""
    if inspection.first.times is None or len(inspection.first.times) < LEAST_TIMES:
        return []
    periods = []
    for run in some_runs(inspection, fields):
        try:
            period, _ = one_period(_finite(run), TimeRule("periodic"), {})
        except RunRejected:
            return []
        periods.append(float(period.fields[PERIOD].values.item()))
    return periods


def _finite(run: Run) -> Run:
    return replace(run, fields={n: f for n, f in run.fields.items() if np.isfinite(f.values).all()})


def coefficient_lines(inspection: Inspection, rule: str | None) -> list[str]:
    """The lines of `[scalars]` for the coefficients of forces that OpenFOAM has written in all runs; else none."""
    if inspection.in_one_file or not inspection.runs:
        return []
    folders = [inspection.folder / run for run in inspection.runs]
    tables = sorted(
        path
        for name in _COEFFICIENTS
        for path in folders[0].glob(f"postProcessing/*/*/{name}")
        if path.is_file()
    )
    for path in tables[:1]:
        pattern = f"postProcessing/{path.parts[-3]}/*/{path.name}"
        try:
            names = read_time_table(path).names
        except ValueError:
            continue
        if all(any(folder.glob(pattern)) for folder in folders):
            # The mean lift of a wake is nought: it swings.
            takes = {"Cd": "mean", "Cl": "std"} if rule in CYCLES else dict.fromkeys(_NAMED, "last")
            return [
                f'{name} = {{ file = "{pattern}: {name}", take = "{takes[name]}" }}'
                for name in _NAMED
                if name in names
            ]
    return []
