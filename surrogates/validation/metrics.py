"""Errors of predicted runs; every function takes true and predicted values with runs as rows.

Weights (points,) are the length, area or volume of each point or cell of fields (n, [t,] points, components): errors
are then integrals of squares over the part, whatever its mesh. Without weights every value counts alike.
"""

from __future__ import annotations

import math

import numpy as np

NEGLIGIBLE = 1e-12
CONSTANT = 1e-6
"""Relative error of the mean at and below which a field is the same in all runs, up to single-precision rounding."""
EXACT = 1e-8
"""Relative error below which predictions are exact: what is better there is better by digits of rounding."""
ONE_SIDED = 1.645
"""Standard errors that a gain must exceed: it is then chance in one of twenty cases."""


def norms(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """The root (n,) of the weighted sum of squares of each row's values."""
    values = values.astype(np.float64)
    scaled = values if weights is None else values * np.sqrt(weights)[:, None]
    return np.linalg.norm(scaled.reshape(len(values), -1), axis=1)


def mean_of_values(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The weighted mean of all values (n, [t,] points, components)."""
    if weights is None:
        return float(np.mean(values, dtype=np.float64))
    return float(np.mean(np.average(values, axis=-2, weights=weights)))


def relative(error: np.ndarray, size: np.ndarray, common: bool = False) -> np.ndarray:
    """Return error / size, each (n,); a run of negligible size is divided by the root mean square size instead.

    common: all are divided by it. So are errors of single numbers, of which some lie near zero by chance.
    """
    typical = float(np.sqrt(np.mean(size**2)))
    if typical == 0.0:
        return np.where(error == 0.0, 0.0, np.inf)
    return error / np.where(size > NEGLIGIBLE * typical, typical if common else size, typical)


def relative_l2(true: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """||predicted - true|| / ||true|| of each run, (n,); dimensionless."""
    return relative(norms(predicted - true, weights), norms(true, weights))


def fluctuation_l2(
    true: np.ndarray, predicted: np.ndarray, reference: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """||predicted - true|| / ||true - reference|| of each run, (n,).

    reference: the mean field of the training runs, so that an offset such as 293 K does not flatter: a
    model that always answers the training mean has the error 1.
    """
    return relative(norms(predicted - true, weights), norms(true - reference, weights))


def beats_mean(model: np.ndarray, mean: np.ndarray) -> bool:
    """Whether a model predicts held-out runs better than the mean of the training runs does.

    Two conditions must hold. First, the gains (b^2 - m^2) / (b^2 + m^2) of the runs, m and b the errors of model and
    mean, have a mean above zero by 1.645 standard errors, so that it is hardly chance; they lie in [-1, 1], whatever
    the sizes of the runs. Second, the squared errors have the smaller sum, so that no run is far off. Of a field that
    is the same in all runs, the model need only equal the mean.

    Parameters
    ----------
    model, mean : (n,)
        Relative L2 errors of the same runs.
    """
    if np.all(mean <= CONSTANT):
        return bool(np.all(model <= 10.0 * CONSTANT))
    if not np.isfinite(model).all():
        return False
    total = mean**2 + model**2
    gain = np.divide(mean**2 - model**2, total, out=np.zeros_like(total), where=total > 0.0)
    error = float(gain.std(ddof=1)) / math.sqrt(len(gain)) if len(gain) > 1 else 0.0
    return float(gain.mean()) > ONE_SIDED * error and float(np.sum(model**2)) < float(np.sum(mean**2))


def r2(true: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Coefficient of determination 1 - SSE / SST over all values.

    SSE = sum w (true - predicted)^2; SST = sum w (true - mean over runs)^2. One for a perfect prediction, zero
    for the mean of the runs, negative for worse; values without spread give 1 if predicted exactly and -inf
    otherwise.
    """
    residual = float(np.sum(norms(true.astype(np.float64) - predicted, weights) ** 2))
    spread = float(np.sum(norms(true - true.mean(axis=0, dtype=np.float64), weights) ** 2))
    return determination(residual, spread)


def determination(residual: float, spread: float) -> float:
    """The coefficient of determination 1 - SSE / SST of these two sums of squares; see `r2`."""
    if spread == 0.0:
        return 1.0 if residual == 0.0 else -np.inf
    return 1.0 - residual / spread
