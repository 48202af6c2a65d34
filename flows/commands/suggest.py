"""What to simulate next: points of the study's parameters, where its runs leave the model uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import StudyError
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.runs.available_runs import accepted_runs, stored_targets
from fieldwright.flows.runs.candidates import with_common_settings
from fieldwright.flows.runs.parameter_space import next_names, space_of, space_within, write_table
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.design.acquisition import By, next_runs
from fieldwright.surrogates.design.figures import suggestion_figure
from fieldwright.surrogates.design.space import ParameterSpace
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.figures import png
from fieldwright.surrogates.regressors import kind_config

FEWEST_RUNS = 4
"""With fewer, no model can choose the next ones; an even design is continued instead."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """The next runs x (n, p), the present ones (m, p), and a note for the user."""

    space: ParameterSpace
    x: np.ndarray
    runs: np.ndarray
    names: tuple[str, ...]
    note: str


Region = tuple[np.ndarray, np.ndarray]
"""Least and largest value of each parameter, (p,) each."""


def suggest_runs(study: Study, n: int, by: By, region: Region | None = None) -> Suggestion:
    """The next n runs of a study, whose new runs are read first; raises StudyError.

    region: where they are to lie, as far as the study's own limits allow; anywhere between these if None.
    """
    if n < 1:
        raise StudyError("The number of runs to suggest must be at least 1", str(n), "Give -n 8")
    names = list(study.parameters.columns)
    records = accepted_runs(study)
    runs = np.array([[record.parameters[name] for name in names] for record in records])
    runs = runs.reshape(len(records), len(names))
    space = space_of(study, runs) if region is None else space_within(study, region)
    run_names = tuple(record.name for record in records)
    if len(runs) < FEWEST_RUNS:
        note = (
            f"{len(runs)} accepted run{'' if len(runs) == 1 else 's'} cannot tell where the next should be: this is "
            "an even design (Sobol), which the next call continues."
        )
        return Suggestion(space, space.sample(len(runs) + n, study.seed)[len(runs) :], runs, run_names, note)
    with threadpool_limits(1):
        x = _by_model(study, run_names, runs, space, n, by)
    return Suggestion(space, x, runs, run_names, "")


def _by_model(
    study: Study, run_names: tuple[str, ...], runs: np.ndarray, space: ParameterSpace, n: int, by: By
) -> np.ndarray:
    targets = stored_targets(study, run_names)
    columns = [space.names.index(parameter.name) for parameter in targets.parameters]
    for j in sorted({*range(len(space.names))} - {*columns}):
        if space.free[j]:
            raise StudyError(
                f"Parameter '{space.names[j]}' must have two values among the runs before others can be suggested",
                f"{runs[0, j]:g} in all {len(runs)} runs",
                "Simulate one run with another value, or take 'minimum' and 'maximum' out of the study file",
            )
    report_progress("Learning what is known", 0, 1)
    config = with_common_settings(study, kind_config({"kind": "gp"}), targets)
    reductions = {name: study.reduction_of(name) for name in study.outputs}
    emulator = Emulator.fit(
        config, reductions, targets.x, targets.values, study.seed, weights=targets.weights
    )
    report_progress("Learning what is known", 1, 1)
    return next_runs(
        emulator,
        space,
        n,
        by=by,
        seed=study.seed,
        columns=columns,
        progress=lambda done, total: report_progress("Choosing runs", done, total),
    )


def write_suggestion(study: Study, suggestion: Suggestion, path: Path, console: Console) -> None:
    """Writes the CSV and its picture, and prints the runs as a table."""
    write_table(study, path, suggestion.x, suggestion.names)
    units = [parameter.unit or "" for parameter in study.parameters.columns.values()]
    figure = suggestion_figure(suggestion.space.names, units, suggestion.runs, suggestion.x)
    picture = path.with_name("suggestion.png")
    picture.write_bytes(png(figure))
    table = Table(title="Simulate next", title_justify="left")
    table.add_column("run")
    for name, unit in zip(suggestion.space.names, units, strict=True):
        table.add_column(f"{name} ({unit})" if unit else name, justify="right")
    for name, row in zip(next_names(suggestion.names, len(suggestion.x)), suggestion.x, strict=True):
        table.add_row(name, *(f"{value:.6g}" for value in row))
    # Numbers cut short by a narrow terminal would be no use.
    wide = Measurement.get(console, console.options.update(max_width=1000), table).maximum
    Console(file=console.file, width=max(wide, console.width)).print(table)
    if suggestion.note:
        console.print(f"Note: {suggestion.note}", markup=False)
    console.print(f"Wrote {path} and {picture}", markup=False, soft_wrap=True)
