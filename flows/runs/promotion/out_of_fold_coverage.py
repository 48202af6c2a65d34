"""What the bands of a candidate cover, before any of them is registered."""

from __future__ import annotations

import numpy as np

from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.validation.calibration import observed_coverage
from fieldwright.surrogates.validation.cross_validation import CrossValidation

MOST_PLACES = 2000
"""Points or cells of a field that are looked at: more take longer and say the same of a share."""


def out_of_fold_coverage(study: Study, targets: Targets, validation: CrossValidation) -> dict[str, float]:
    """Field to the share of values of held-out runs within the bands that the other folds calibrate."""
    rng = np.random.default_rng(study.seed)
    levels, shares = np.array([study.validation.coverage]), {}
    for name, true in targets.values.items():
        some = np.sort(rng.permutation(true.shape[-2])[:MOST_PLACES])
        weights = validation.weights.get(name)
        share = observed_coverage(
            true[..., some, :],
            validation.mean[name][..., some, :],
            validation.std[name][..., some, :],
            validation.fold,
            levels,
            validation.place,
            None if weights is None else weights[some],
        )
        shares[name] = float(share[0])
    return shares
