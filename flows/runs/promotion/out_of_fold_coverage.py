"""What the bands of a candidate cover, before any of them is registered."""

from __future__ import annotations

import numpy as np

from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.validation.calibration import observed_coverage
from fieldwright.surrogates.validation.cross_validation import CrossValidation


def out_of_fold_coverage(study: Study, validation: CrossValidation) -> dict[str, float]:
    """Field to the share of values of held-out runs within the bands that the other folds calibrate.

    Of the points of its sample: more take longer and say the same of a share.
    """
    levels, shares = np.array([study.validation.coverage]), {}
    for name, field in validation.fields.items():
        true, mean, std = field.at_sample()
        share = observed_coverage(
            true, mean, std, validation.fold, levels, validation.place, field.sample_weights
        )
        shares[name] = float(share[0])
    return shares
