"""Answers at times between those of the training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import make_interp_spline

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.prediction import Band

SLACK = 1e-9


def checked_times(times: Sequence[float], known: Sequence[float] | None, field: str) -> np.ndarray:
    """The asked times (m,); raises QueryError beyond the known ones, or where the field has none."""
    if known is None:
        raise QueryError(
            "Only a transient field can be asked at times",
            f"times for '{field}', which is steady",
            "Leave out 'times'",
        )
    asked = np.asarray(times, dtype=np.float64)
    first, last = known[0], known[-1]
    slack = SLACK * (last - first)
    if asked.ndim != 1 or not len(asked):
        raise QueryError("'times' must be a list of one or more numbers", str(times), "Name the times")
    outside = ~((asked >= first - slack) & (asked <= last + slack))
    if outside.any():
        raise QueryError(
            f"The times of '{field}' must lie in the trained range {first:g} to {last:g}",
            f"{asked[outside][0]:g}",
            "Ask within it, or train on longer runs",
        )
    return np.clip(asked, first, last)


def at_times(band: Band, known: Sequence[float], asked: np.ndarray) -> Band:
    """The band (q, t, ...) at the asked times (m,): (q, m, ...).

    The mean goes through its known times as a cubic spline; std and widths of the band go straight from
    each to the next, widened by what spline and straight line differ by, which tells how well the times are resolved.
    """
    at = np.asarray(known)
    degree = min(3, len(at) - 1)
    mean = make_interp_spline(at, band.mean, k=degree, axis=1)(asked)
    right = np.clip(np.searchsorted(at, asked), 1, len(at) - 1)
    share = ((asked - at[right - 1]) / (at[right] - at[right - 1])).reshape(-1, *[1] * (band.mean.ndim - 2))

    def straight(values: np.ndarray) -> np.ndarray:
        return values[:, right - 1] * (1.0 - share) + values[:, right] * share

    bent = np.abs(mean - straight(band.mean))
    lower = mean - straight(band.mean - band.lower) - bent
    upper = mean + straight(band.upper - band.mean) + bent
    return Band(mean, straight(band.std), lower, upper)
