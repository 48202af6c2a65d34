"""The preparation that candidates with the same view of the runs share: reduced fields, and parameter scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.fields.coordinates.training_field import training_fields
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.training.training_data import check_runs
from fieldwright.surrogates.fields.transforms.input_transform import InputTransform
from fieldwright.surrogates.fields.transforms.output_transform import fitted_field
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime

VIEW = ("inputs", "outputs", "hints", "modes", "transient")
"""The settings that determine how the runs are prepared for a candidate."""


def view(config: KindConfig) -> str:
    """The view of the runs that a candidate has; those with equal views can share one `Preparation`."""
    return config.model_dump_json(include=set(VIEW))


@dataclass(frozen=True, eq=False)
class Preparation:
    """Everything that is learned before the regressor, in a fold from its training runs alone.

    x: (n, p) parameters. fields: the reduced fields by name. latent: (n, r) scaled coordinates of each.
    scales: of the parameters, for each field.
    """

    x: np.ndarray
    fields: dict[str, FieldModel | TimeByTime]
    latent: dict[str, np.ndarray]
    scales: dict[str, InputTransform]

    @classmethod
    def of(
        cls,
        config: KindConfig,
        reductions: Mapping[str, ReductionConfig],
        x: np.ndarray,
        targets: Mapping[str, Any],
        seed: int,
        weights: Mapping[str, np.ndarray] | None = None,
    ) -> Self:
        """Prepare runs x (n, p) and targets for all candidates of one view.

        targets: field to (n, [t,] points, components), or to its `TrainingViews`, which have their weights.
        weights: field to (points,) length, area or volume of each point or cell; equal where there are none.
        """
        learned_from = training_fields(targets, weights, config.transient)
        check_runs(reductions, x, {name: field.values for name, field in learned_from.items()})
        x = x.astype(np.float64)
        fields, latent, scales = {}, {}, {}
        for name, field in learned_from.items():
            fields[name], latent[name], scales[name] = fitted_field(
                config, reductions[name], x, field, seed, name
            )
        return cls(x, fields, latent, scales)
