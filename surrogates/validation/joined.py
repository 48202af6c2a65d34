"""The out-of-fold predictions of several candidates, put together field by field."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.validation.cross_validation import CrossValidation


def joined_validation(of_fields: Mapping[str, CrossValidation]) -> CrossValidation:
    """Of each field the predictions, errors and quantities of one cross-validation, which nothing changes.

    of_fields: field to the cross-validation that is taken for it. All must have the same folds, so that one
    calibration holds for their joined predictions. Both times are 0: nothing is trained or predicted again.
    Raises ModelError.
    """
    parts = list(of_fields.values())
    first = parts[0]
    if not all(np.array_equal(one.fold, first.fold) for one in parts):
        raise ModelError(
            "Cross-validations must have the same folds to be joined", "others", "Use one seed and one number"
        )
    return CrossValidation(
        {name: one.fields[name] for name, one in of_fields.items()},
        {name: one.errors[name] for name, one in of_fields.items()},
        {name: one.mean_errors[name] for name, one in of_fields.items()},
        {name: one.r2[name] for name, one in of_fields.items()},
        {
            key: values
            for name, one in of_fields.items()
            for key, values in one.quantities.items()
            if key.field == name
        },
        first.fold,
        first.place,
        fit_seconds=0.0,
        predict_seconds=0.0,
        weights=first.weights,
    )
