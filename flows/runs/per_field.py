"""The candidate that is made of the best one for each field."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldwright.flows.resumption.validated_candidate import Validated
from fieldwright.flows.tracking.versions.paired_comparison import chance_of_difference
from fieldwright.flows.tracking.versions.promotion import CHANCE
from fieldwright.surrogates.fields.per_field import PerField
from fieldwright.surrogates.validation import metrics
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.joined import joined_validation


def best_of_fields(validations: Mapping[str, CrossValidation], best: str, metric: str) -> dict[str, str]:
    """Field to the label of the candidate that predicts it best; the best of all where none does so beyond chance.

    It must do so by the study's metric, and beyond chance by the relative L2 errors, as promotion compares: the
    fluctuation of a run near the mean of all is small, and an error over it tells little. Each comparison is paired
    over the runs that were held out; those with equal parameters count as one. With K
    candidates and F fields there are (K - 1) F comparisons with the best, and each must hold at 5 % / ((K - 1) F)
    (Bonferroni), so that equal candidates make a difference in at most one of 20 studies. Where the best of all is
    exact up to rounding, no other is better.
    """
    fields = list(validations[best].errors)
    means = {
        label: {name: float(one.errors[name][metric].mean()) for name in fields}
        for label, one in validations.items()
    }
    paired = {
        label: {name: _of_places(one, one.errors[name]["relative_l2"]) for name in fields}
        for label, one in validations.items()
    }
    others = [label for label in validations if label != best]
    level = CHANCE / max(len(others) * len(fields), 1)
    labels = {}
    for name in fields:
        is_exact = validations[best].errors[name]["relative_l2"].mean() < metrics.EXACT
        better = [
            label
            for label in ([] if is_exact else others)
            if means[label][name] < means[best][name]
            and chance_of_difference(paired[best][name], paired[label][name]) < level
        ]
        labels[name] = min(better, key=lambda label: means[label][name], default=best)
    return labels


def per_field_candidate(evaluated: Mapping[str, Validated], best: str, metric: str) -> Validated | None:
    """The best candidate of each field, with their out-of-fold predictions; None where one is best for all.

    evaluated: by label. best: the label of the best of all. Kinds that roll out are left out, and nothing is joined
    where one of them is best.
    """
    joinable = {label: one for label, one in evaluated.items() if one.config.transient != "rollout"}
    if best not in joinable:
        return None
    validations = {label: one.validation for label, one in joinable.items()}
    labels = best_of_fields(validations, best, metric)
    if set(labels.values()) == {best}:
        return None
    config = PerField(labels=labels, fields={name: joinable[label].config for name, label in labels.items()})
    return Validated(config, joined_validation({name: validations[label] for name, label in labels.items()}))


def _of_places(validation: CrossValidation, errors: np.ndarray) -> np.ndarray:
    """The mean error (places,) of the runs of each place."""
    return np.bincount(validation.place, errors) / np.bincount(validation.place)
