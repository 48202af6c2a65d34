"""Predictions at times between those of the training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import make_interp_spline

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.prediction import Band

SLACK = 1e-9


def checked_times(times: Sequence[float], trained: Sequence[float] | None, field: str) -> np.ndarray:
    """Return the requested times (m,); raises QueryError beyond the trained ones, or where the field has none."""
    if trained is None:
        raise QueryError(
            "Only a transient field can be predicted at given times",
            f"times for '{field}', which is steady",
            "Leave out 'times'",
        )
    requested = np.asarray(times, dtype=np.float64)
    first, last = trained[0], trained[-1]
    slack = SLACK * (last - first)
    if requested.ndim != 1 or not len(requested):
        raise QueryError("'times' must be a list of one or more numbers", str(times), "Name the times")
    outside = ~((requested >= first - slack) & (requested <= last + slack))
    if outside.any():
        raise QueryError(
            f"The times of '{field}' must lie in the trained range {first:g} to {last:g}",
            f"{requested[outside][0]:g}",
            "Ask within it, or train on longer runs",
        )
    return np.clip(requested, first, last)


def at_times(band: Band, trained: Sequence[float], requested: np.ndarray) -> Band:
    """The band (q, t, ...) at the requested times (m,): (q, m, ...).

    The mean is interpolated by a cubic spline through the trained times, std and widths of the band linearly. The
    band is widened by the difference of spline and linear interpolation, a measure of the resolution of the times.
    """
    at = np.asarray(trained)
    degree = min(3, len(at) - 1)
    # Far outside the domain numbers overflow; a spline takes finite ones alone.
    overflown = ~np.isfinite(band.mean).all(axis=1, keepdims=True)
    mean = make_interp_spline(at, np.where(overflown, 0.0, band.mean), k=degree, axis=1)(requested)
    right = np.clip(np.searchsorted(at, requested), 1, len(at) - 1)
    share = ((requested - at[right - 1]) / (at[right] - at[right - 1])).reshape(
        -1, *[1] * (band.mean.ndim - 2)
    )

    def straight(values: np.ndarray) -> np.ndarray:
        return values[:, right - 1] * (1.0 - share) + values[:, right] * share

    mean = np.where(overflown, straight(band.mean), mean)
    bent = np.where(overflown, 0.0, np.abs(mean - straight(band.mean)))
    lower = mean - straight(band.mean - band.lower) - bent
    upper = mean + straight(band.upper - band.mean) + bent
    return Band(mean, straight(band.std), lower, upper)
