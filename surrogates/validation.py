"""Cross-validation in which every fold learns everything anew: scaling, basis, hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from surrogates.kinds import KindConfig
from surrogates.reductions import ReductionConfig


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Out-of-fold predictions of every run by models that have not seen it, and their errors.

    mean, std: field to array of the targets' shape (n, [t,] points, components).
    errors: field to metric ("relative_l2", "fluctuation_l2") to (n,), one error per run.
    fold: (n,) the fold in which each run was held out.
    fit_seconds, predict_seconds: wall-clock time summed over the folds.
    """

    mean: dict[str, np.ndarray]
    std: dict[str, np.ndarray]
    errors: dict[str, dict[str, np.ndarray]]
    fold: np.ndarray
    fit_seconds: float
    predict_seconds: float

    def summary(self) -> dict[str, float]:
        """Flat metrics for tracking: "{field}.{metric}.{mean|median|max}", "{field}.r2", the two times."""
        raise NotImplementedError


def cross_validate(
    config: KindConfig,
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    targets: Mapping[str, np.ndarray],
    *,
    folds: int,
    seed: int,
    groups: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CrossValidation:
    """Predicts each run by a model trained without its fold; equal seeds give equal folds.

    x: (n, p) parameters. targets: field to (n, [t,] points, components).
    groups: (n,) labels; runs of one label stay in one fold. progress: called with (folds done, folds).
    """
    raise NotImplementedError
