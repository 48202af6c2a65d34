"""Errors of predicted runs; every function takes true and predicted values with runs as rows."""

from __future__ import annotations

import numpy as np

NEGLIGIBLE = 1e-12


def norms(values: np.ndarray) -> np.ndarray:
    """The Euclidean norm (n,) of each row's values."""
    return np.linalg.norm(values.reshape(len(values), -1).astype(np.float64), axis=1)


def relative(error: np.ndarray, size: np.ndarray) -> np.ndarray:
    """error / size, each (n,); a run of negligible size is held against the root mean square size instead."""
    typical = float(np.sqrt(np.mean(size**2)))
    if typical == 0.0:
        return np.where(error == 0.0, 0.0, np.inf)
    return error / np.where(size > NEGLIGIBLE * typical, size, typical)


def relative_l2(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """||predicted - true|| / ||true|| of each run, (n,); dimensionless."""
    return relative(norms(predicted - true), norms(true))


def fluctuation_l2(true: np.ndarray, predicted: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """||predicted - true|| / ||true - reference|| of each run, (n,).

    reference: the mean field of the training runs, so that an offset such as 293 K does not flatter: a
    model that always answers the training mean has the error 1.
    """
    return relative(norms(predicted - true), norms(true - reference))


def r2(true: np.ndarray, predicted: np.ndarray) -> float:
    """Coefficient of determination 1 - SSE / SST over all values.

    SSE = sum (true - predicted)^2; SST = sum (true - mean over runs)^2. One for a perfect prediction, zero
    for the mean of the runs, negative for worse; a set without spread gives 1 if met exactly and -inf
    otherwise.
    """
    residual = float(np.sum(np.square(true.astype(np.float64) - predicted)))
    spread = float(np.sum(np.square(true.astype(np.float64) - true.mean(axis=0, dtype=np.float64))))
    if spread == 0.0:
        return 1.0 if residual == 0.0 else -np.inf
    return 1.0 - residual / spread
