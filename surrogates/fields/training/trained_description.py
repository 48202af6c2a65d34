"""The description of a surrogate that has been trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fieldwright.surrogates.fields.description import Description, FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.measure import note_on_unmeasured
from fieldwright.surrogates.fields.per_field import PerField
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.validation.achievable_coverage import achievable_coverage, sentence
from fieldwright.surrogates.validation.calibration import other_weights, too_few
from fieldwright.surrogates.validation.cross_validation import CrossValidation


def trained_description(
    name: str,
    config: KindConfig,
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    parameters: Sequence[ParameterInfo],
    fields: Sequence[FieldInfo],
    weights: Mapping[str, np.ndarray],
    cross_validation: CrossValidation,
    coverage: float,
    history: int,
    seed: int,
) -> Description:
    """Names, units, ranges, errors and notes of a model trained on x (n, p), for the fields in the given order.

    weights: field to (points,) length, area or volume of each point or cell. history: first times in queries.
    """
    calibration_runs = len(np.unique(cross_validation.place))
    achievable = achievable_coverage(calibration_runs, coverage)
    notes = (
        f"{config.sentence}." if isinstance(config, PerField) else None,
        too_few(calibration_runs, coverage),
        sentence(achievable, coverage),
        note_on_unmeasured(fields),
        other_weights(weights, cross_validation.weights),
    )
    names = [info.name for info in fields]
    return Description(
        name=name,
        parameters=tuple(
            ParameterInfo(name=info.name, unit=info.unit, minimum=low, maximum=high)
            for info, low, high in zip(parameters, x.min(axis=0), x.max(axis=0), strict=True)
        ),
        fields=tuple(fields),
        kind=config.kind,
        n_runs=len(x),
        coverage=coverage,
        errors={field: cross_validation.field_summary(field) for field in names},
        seed=seed,
        history=history,
        settings={
            "candidate": config.model_dump(mode="json"),
            "reductions": {field: reductions[field].model_dump(mode="json") for field in names},
        },
        notes=tuple(note for note in notes if note is not None),
        achievable=achievable,
    )
