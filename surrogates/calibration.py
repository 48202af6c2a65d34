"""Conformal calibration: factors that turn a model's own std into bands of known coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from data.errors import ModelError
from surrogates.functional import Functional
from surrogates.validation import CrossValidation

BLOCK = 65536


def conformal_factor(scores: np.ndarray, coverage: float) -> np.ndarray:
    """The k-th smallest of n scores (n, ...), k = ceil((n + 1) coverage), column by column.

    For scores of n exchangeable runs the next run's score is at most this with probability in
    [coverage, coverage + 1/(n + 1)], whatever the model and the distribution; if k > n the largest score is
    returned, which covers n/(n + 1) only. Source: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random
    World, 2005; Lei et al., JASA 113, 2018, theorem 2.2.
    """
    n = len(scores)
    k = min(_rank(n, coverage), n)
    return np.partition(scores, k - 1, axis=0)[k - 1]


def observed_coverage(
    true: np.ndarray, mean: np.ndarray, std: np.ndarray, fold: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """The share of values of held-out runs that bands of each nominal level would have covered, (levels,).

    The runs of a fold are judged by factors from the scores of all other folds, so that no run helps to set the
    band it is judged by. true, mean, std: (n, ...), out of fold. fold: (n,). levels: nominal coverages.
    """
    scores = (np.abs(true.astype(np.float64) - mean) / std).reshape(len(true), -1)
    covered = np.zeros(len(levels))
    for index in np.unique(fold):
        held = fold == index
        for k, level in enumerate(levels):
            covered[k] += np.sum(scores[held] <= conformal_factor(scores[~held], level))
    return covered / scores.size


def too_few(n: int, coverage: float) -> str | None:
    """What must be said when n runs cannot carry the coverage, else None."""
    if _rank(n, coverage) <= n:
        return None
    needed = math.ceil(coverage / (1.0 - coverage) - 1e-9)
    return (
        f"{n} runs are too few for bands of {coverage:.0%} coverage, which need {needed}; the bands use the "
        f"largest error seen and can be held to {n / (n + 1):.0%} only."
    )


def _rank(n: int, coverage: float) -> int:
    # (n + 1) coverage is often a whole number that floating point puts just above itself: 20 * 0.95.
    return math.ceil((n + 1) * coverage - 1e-9)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Factors q such that mean +- q std is the band; per value of a field and per default quantity.

    Scores are |true - mean| / std of every run, predicted by the model of the fold that held it out. The
    band is put round the mean of the model of all runs with its own std. This is the simplified form of CV+
    (Barber, Candes, Ramdas & Tibshirani, Predictive inference with the jackknife+, Ann. Statist. 49, 2021):
    it needs one model in place of one per fold. In exchange the finite-sample guarantee of CV+ (1 - 2 (1 -
    coverage) up to a small term) is not strictly inherited; what is measured on new runs is close to
    nominal, and a little above it where the model of all runs is better than those of the folds. Coverage
    is marginal: over new runs drawn as the training runs were, value by value, not for all values of a
    field at once.

    fields: name to (t, points, components). quantities: functional to (t,).
    """

    coverage: float
    fields: dict[str, np.ndarray]
    quantities: dict[Functional, np.ndarray]

    @classmethod
    def fit(cls, targets: Mapping[str, np.ndarray], held_out: CrossValidation, coverage: float) -> Self:
        """Learns from targets, field to (n, [t,] points, components), and their out-of-fold predictions."""
        if not 0.0 < coverage < 1.0:
            raise ModelError(
                "'coverage' must be a probability between 0 and 1",
                str(coverage),
                "Give 0.9 for bands of 90 %",
            )
        fields = {}
        for name, true in targets.items():
            if name not in held_out.mean or held_out.mean[name].shape != true.shape:
                raise ModelError(
                    "The cross-validation must be of the same fields and runs as the training",
                    f"a field '{name}' of shape {true.shape} that it does not hold",
                    "Cross-validate this candidate on these runs first",
                )
            shape = true.shape[1:] if true.ndim == 4 else (1, *true.shape[1:])
            flat, mean, std = (
                values.reshape(len(true), -1) for values in (true, held_out.mean[name], held_out.std[name])
            )
            factor = np.empty(flat.shape[1])
            for start in range(0, flat.shape[1], BLOCK):
                columns = slice(start, start + BLOCK)
                error = np.abs(flat[:, columns].astype(np.float64) - mean[:, columns])
                factor[columns] = conformal_factor(error / std[:, columns], coverage)
            fields[name] = factor.reshape(shape)
        quantities = {
            key: conformal_factor(np.abs(number.true - number.mean) / number.std, coverage)
            for key, number in held_out.quantities.items()
        }
        return cls(coverage, fields, quantities)

    def state(self) -> dict[str, np.ndarray]:
        """The factors as named arrays."""
        arrays = {f"field.{index}": factor for index, factor in enumerate(self.fields.values())}
        return arrays | {f"quantity.{key.key}": factor for key, factor in self.quantities.items()}

    @classmethod
    def restore(
        cls,
        coverage: float,
        fields: list[str],
        quantities: list[Functional],
        state: Mapping[str, np.ndarray],
    ) -> Self:
        """The calibration again; fields and quantities in the order of training."""
        by_field = {name: state[f"field.{index}"] for index, name in enumerate(fields)}
        return cls(coverage, by_field, {key: state[f"quantity.{key.key}"] for key in quantities})
