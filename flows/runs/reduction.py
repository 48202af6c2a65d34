"""The reduction of every field over all runs, and the numbers that a pipeline's MLflow run has of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.coordinates.training_field import TrainingField, TrainingViews
from fieldwright.surrogates.fields.field_model import column_weights
from fieldwright.surrogates.reductions import Reduction, reduction_for
from fieldwright.surrogates.reductions.svd import SVDReduction

HELD_OUT = 5
"""Every fifth run is held out of the basis by which projection errors are measured."""


def reduce_fields(study: Study, views: Mapping[str, TrainingViews]) -> dict[str, Reduction]:
    """Reduces every field over all runs: what the singular values show of the study, whatever the candidate."""
    reductions = {}
    for count, (name, of_field) in enumerate(views.items(), start=1):
        field = of_field.trajectories
        reduction = reduction_for(field.reducible_by(study.reduction_of(name)))
        reductions[name] = reduction.fit(*rows_and_weights(field), seed=study.seed)
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


def held_out_projection_errors(
    reduction: SVDReduction, field: TrainingField, seed: int, place: np.ndarray
) -> np.ndarray:
    """(r + 1,) relative projection error, by rank from 0, of every fifth place (n,) on the basis of the others."""
    rows, weights = rows_and_weights(field)
    held_out = (place if place.max() > 0 else np.arange(len(rows))) % HELD_OUT == 0
    rank = min(len(reduction.singular_values_), int((~held_out).sum()), rows.shape[1])
    of_the_others = SVDReduction(reduction.config.model_copy(update={"rank": rank, "energy": None}))
    return of_the_others.fit(rows[~held_out], weights, seed=seed).projection_errors(rows[held_out])


def rows_and_weights(field: TrainingField) -> tuple[np.ndarray, np.ndarray | None]:
    """Snapshots (n, m), and weights (m,) of their inner product."""
    columns = column_weights(field.weights, field.values)
    return field.values.reshape(len(field), -1), columns
