"""How well a candidate keeps what the study's equations conserve: the integral of a field over the mesh."""

from __future__ import annotations

import numpy as np

from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.validation.cross_validation import CrossValidation


def conservation_errors(study: Study, targets: Targets, validation: CrossValidation) -> dict[str, float]:
    """Of fields that are 'conserved', by predictions of held-out runs, means over runs and components.

    With I the integral: "conservation.{field}" is |I predicted - I true| / |I true| over all times;
    "drift.{field}" of a transient field is max_t |I(t) - I(0)| / |I(0)| as predicted, "drift.{field}.runs" as true.
    Where an integral nearly vanishes, the error is relative to the integral of the field's magnitude.
    """
    errors = {}
    for name, spec in study.fields.items():
        if not spec.conserved:
            continue
        weights, of_points = targets.weights[name], []
        for block in validation.fields[name].blocks():
            part = weights[block.start : block.stop]
            of_points.append([_integral(one, part) for one in (block.true, block.mean, np.abs(block.true))])
        true, predicted, magnitude = np.sum(of_points, axis=0)
        size = magnitude.max(axis=1, keepdims=True)
        size = np.where(size > 0.0, size, 1.0)
        errors[f"conservation.{name}"] = float(np.mean(np.abs(predicted - true) / size))
        if true.shape[1] > 1:
            for key, values in ((f"drift.{name}", predicted), (f"drift.{name}.runs", true)):
                errors[key] = float(np.mean(np.abs(values - values[:, :1]).max(axis=1, keepdims=True) / size))
    return errors


def _integral(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, t, components) of values (n, t, points, components)."""
    return np.einsum("ntpc,p->ntc", values.astype(np.float64), weights)
