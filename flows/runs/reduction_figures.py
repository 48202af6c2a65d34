"""The pictures and numbers of the reduction that a pipeline's MLflow run carries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.store.field_values import FieldValues, field_values, point_blocks
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.coordinates.training_field import TrainingField, TrainingViews
from fieldwright.surrogates.fields.field_model import column_weights
from fieldwright.surrogates.reductions import Reduction, reduction_for
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.understanding.ranks_and_modes import modes_figure, ranks_figure

BLOCK = 2**20
"""Values of a block of points, of all runs."""
MODES = 3
HELD_OUT = 5
"""Every fifth run is held out of the basis by which projection errors are measured."""


def reduce_fields(study: Study, views: Mapping[str, TrainingViews]) -> dict[str, Reduction]:
    """Reduces every field over all runs: what the singular values show of the study, whatever the candidate."""
    reductions = {}
    for count, (name, of_field) in enumerate(views.items(), start=1):
        field = of_field.trajectories
        reduction = reduction_for(field.reducible_by(study.reduction_of(name)))
        reductions[name] = reduction.fit(*_rows_and_weights(field), seed=study.seed)
        report_progress("Reducing fields", count, len(views))
    return reductions


def projection_errors(
    x: np.ndarray, views: Mapping[str, TrainingViews], reductions: Mapping[str, Reduction], seed: int
) -> dict[str, np.ndarray]:
    """Field to the relative projection errors of held-out runs, by rank from 0; of those that have ranks."""
    return {
        name: held_out_projection_errors(one, views[name].trajectories, seed, places(x))
        for name, one in reductions.items()
        if isinstance(one, SVDReduction)
    }


def reduction_numbers(
    reductions: Mapping[str, Reduction], errors: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Rank and projection error of each field."""
    numbers = {}
    for name, one in reductions.items():
        if isinstance(one, SVDReduction):
            numbers[f"{name}.rank"] = float(len(one.singular_values_))
            numbers[f"{name}.projection_error"] = float(errors[name][-1])
    return numbers


def reduction_figures(
    targets: Targets,
    views: Mapping[str, TrainingViews],
    reductions: Mapping[str, Reduction],
    errors: Mapping[str, np.ndarray],
) -> dict[str, Figure]:
    """File name to figure: what each rank leaves out, and the first modes on the mesh."""
    figures = {}
    for field in targets.fields:
        reduction = reductions[field.name]
        if not isinstance(reduction, SVDReduction):
            continue
        values = field_values(targets.values[field.name])
        modes = leading_modes(reduction, views[field.name].trajectories, values)
        cells = targets.cells if field.on == "point" else {}
        figures[f"{field.name}_modes.png"] = modes_figure(
            [_drawn(mode) for mode in modes], targets.points[field.name], cells, name=field.name
        )
        figures[f"{field.name}_ranks.png"] = ranks_figure(
            reduction.spectrum_,
            reduction.total_energy_,
            len(reduction.singular_values_),
            errors[field.name],
            field.name,
        )
    return figures


def held_out_projection_errors(
    reduction: SVDReduction, field: TrainingField, seed: int, place: np.ndarray
) -> np.ndarray:
    """(r + 1,) relative projection error, by rank from 0, of every fifth place (n,) on the basis of the others."""
    rows, weights = _rows_and_weights(field)
    held_out = (place if place.max() > 0 else np.arange(len(rows))) % HELD_OUT == 0
    rank = min(len(reduction.singular_values_), int((~held_out).sum()), rows.shape[1])
    of_the_others = SVDReduction(reduction.config.model_copy(update={"rank": rank, "energy": None}))
    return of_the_others.fit(rows[~held_out], weights, seed=seed).projection_errors(rows[held_out])


def leading_modes(reduction: SVDReduction, field: TrainingField, values: FieldValues) -> np.ndarray:
    """(MODES, points, components) the first modes of all runs at the last time, fewer where there are not so many."""
    points, components = values.shape[-2:]
    if not field.in_coordinates:
        return (
            reduction.basis_[:MODES]
            .reshape(-1, *values.shape[1:])
            .reshape(min(MODES, len(reduction.basis_)), -1, points, components)[:, -1]
        )
    latent = reduction.encode(_rows_and_weights(field)[0])[:, :MODES]
    square = (latent**2).sum(axis=0)
    mix = np.divide(latent, square, out=np.zeros_like(latent), where=square > 0.0).T
    modes = np.empty((len(mix), points, components))
    for start, stop in point_blocks(values, BLOCK):
        last = values.points(start, stop)[:, -1].astype(np.float64)
        last -= last.mean(axis=0)
        modes[:, start:stop] = np.tensordot(mix, last, 1)
    return modes


def _rows_and_weights(field: TrainingField) -> tuple[np.ndarray, np.ndarray | None]:
    """Snapshots (n, m), and weights (m,) of their inner product."""
    columns = column_weights(field.weights, field.values)
    return field.values.reshape(len(field), -1), columns


def _drawn(mode: np.ndarray) -> np.ndarray:
    """(points,) of a mode (points, components): signed for a scalar, else the magnitude."""
    return mode[:, 0] if mode.shape[1] == 1 else np.linalg.norm(mode, axis=1)
