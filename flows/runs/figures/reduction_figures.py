"""The pictures of the reduction that a pipeline's MLflow run carries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.store.field_values import FieldValues, field_values, point_blocks
from fieldwright.flows.pictures import Picture
from fieldwright.flows.runs.reduction import rows_and_weights
from fieldwright.flows.runs.targets import Targets
from fieldwright.surrogates.fields.coordinates.training_field import TrainingField, TrainingViews
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.reductions import Reduction
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.understanding.ranks_and_modes import modes_figure, ranks_figure

BLOCK = 2**20
"""Values of a block of points, of all runs."""
MODES = 3


def reduction_figures(
    targets: Targets,
    views: Mapping[str, TrainingViews],
    reductions: Mapping[str, Reduction],
    errors: Mapping[str, np.ndarray],
) -> dict[str, Picture]:
    """File name to picture: what each rank leaves out, and the first modes on the mesh."""
    figures: dict[str, Picture] = {}
    for field in targets.fields:
        reduction = reductions[field.name]
        if field.on == "run" or not isinstance(reduction, SVDReduction):
            continue
        figures[f"{field.name}_modes.png"] = partial(
            _modes, targets, field, reduction, views[field.name].trajectories
        )
        figures[f"{field.name}_ranks.png"] = partial(
            ranks_figure,
            reduction.spectrum_,
            reduction.total_energy_,
            len(reduction.singular_values_),
            errors[field.name],
            field.name,
        )
    return figures


def _modes(targets: Targets, field: FieldInfo, reduction: SVDReduction, of_field: TrainingField) -> Figure:
    modes = leading_modes(reduction, of_field, field_values(targets.values[field.name]))
    cells = targets.cells if field.on == "point" else {}
    return modes_figure([_drawn(mode) for mode in modes], targets.points[field.name], cells, name=field.name)


def leading_modes(reduction: SVDReduction, field: TrainingField, values: FieldValues) -> np.ndarray:
    """(MODES, points, components) the first modes of all runs at the last time, fewer where there are not so many."""
    points, components = values.shape[-2:]
    if not field.in_coordinates:
        return (
            reduction.basis_[:MODES]
            .reshape(-1, *values.shape[1:])
            .reshape(min(MODES, len(reduction.basis_)), -1, points, components)[:, -1]
        )
    latent = reduction.encode(rows_and_weights(field)[0])[:, :MODES]
    square = (latent**2).sum(axis=0)
    mix = np.divide(latent, square, out=np.zeros_like(latent), where=square > 0.0).T
    modes = np.empty((len(mix), points, components))
    for start, stop in point_blocks(values, BLOCK):
        last = values.points(start, stop)[:, -1].astype(np.float64)
        last -= last.mean(axis=0)
        modes[:, start:stop] = np.tensordot(mix, last, 1)
    return modes


def _drawn(mode: np.ndarray) -> np.ndarray:
    """(points,) of a mode (points, components): signed for a scalar, else the magnitude."""
    return mode[:, 0] if mode.shape[1] == 1 else np.linalg.norm(mode, axis=1)
