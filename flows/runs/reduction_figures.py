"""The pictures and numbers of the reduction that a pipeline's MLflow run carries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from fieldwright.flows.runs.targets import Targets
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.field_model import column_weights
from fieldwright.surrogates.reductions import Reduction
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.understanding.ranks_and_modes import modes_figure, ranks_figure

MODES = 3
HELD_OUT = 5
"""Every fifth run is held out of the basis by which projection errors are measured."""


def projection_errors(
    targets: Targets, reductions: Mapping[str, Reduction], seed: int
) -> dict[str, np.ndarray]:
    """Field to the relative projection errors of held-out runs, by rank from 0; of those that have ranks."""
    return {
        name: held_out_projection_errors(
            one, targets.values[name], seed, places(targets.x), targets.weights[name]
        )
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
    targets: Targets, reductions: Mapping[str, Reduction], errors: Mapping[str, np.ndarray]
) -> dict[str, Figure]:
    """File name to figure: what each rank leaves out, and the first modes on the mesh."""
    figures = {}
    for field in targets.fields:
        reduction = reductions[field.name]
        if not isinstance(reduction, SVDReduction):
            continue
        mode_values = [
            _at_last_time(mode, len(field.components), field.n_points) for mode in reduction.basis_[:MODES]
        ]
        cells = targets.cells if field.on == "point" else {}
        figures[f"{field.name}_modes.png"] = modes_figure(
            mode_values, targets.points[field.name], cells, name=field.name
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
    reduction: SVDReduction,
    values: np.ndarray,
    seed: int,
    place: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """(r + 1,) relative projection error, by rank from 0, of every fifth place (n,) on the basis of the others."""
    rows = values.reshape(len(values), -1)
    held_out = (place if place.max() > 0 else np.arange(len(rows))) % HELD_OUT == 0
    rank = min(len(reduction.singular_values_), int((~held_out).sum()), rows.shape[1])
    of_the_others = SVDReduction(reduction.config.model_copy(update={"rank": rank, "energy": None}))
    columns = column_weights(weights, values)
    return of_the_others.fit(rows[~held_out], columns, seed=seed).projection_errors(rows[held_out])


def _at_last_time(mode: np.ndarray, components: int, points: int) -> np.ndarray:
    """(points,) of a mode over [times,] points and components: signed for a scalar, else the magnitude."""
    last = mode.reshape(-1, points, components)[-1]
    return last[:, 0] if components == 1 else np.linalg.norm(last, axis=1)
