"""Bands limited by the range of all runs: a band wider than that says no more than the runs themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldwright.surrogates.fields.prediction import Band

LEAST_SHARE = 0.1
"""Share of the range of a component that is the least range of any of its values, even one that hardly changes."""
ROUNDING = 1e-6
"""Share of the largest value below which a range is one of rounding errors."""
LEAST_REPORTED = 0.01
"""Share of the values of a field with such a band from which on the answer mentions it."""


def limited(band: Band, low: np.ndarray, high: np.ndarray, inside: np.ndarray) -> tuple[Band, np.ndarray]:
    """Limit a band to twice the range of all runs, and say where it is wider than the range.

    A band as wide as the range may still have its coverage, since a new run may lie beyond all others. It is cut only
    where it is wider than twice the range, to the middle of the range plus and minus the range.

    Parameters
    ----------
    band : of shape (q, ...).
    low, high : (...) least and largest value of all runs; infinite where they are not known.
    inside : (q,) bool, whether each query lies in the domain. Outside of it, values may lie beyond all runs, and the
        answer already carries a warning.

    Returns
    -------
    The band, and bool (q, ...) where it was wider than the range.
    """
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return band, np.zeros(band.mean.shape, dtype=bool)
    low, high = low.astype(np.float64), high.astype(np.float64)
    # Values that never differ have no range to compare with.
    over = tuple(range(low.ndim - 1)) if low.ndim > 1 else None
    range_of_component = np.max(high, axis=over) - np.min(low, axis=over)
    size = np.maximum(high - low, LEAST_SHARE * range_of_component)
    rounding = ROUNDING * max(float(np.abs(low).max(initial=0.0)), float(np.abs(high).max(initial=0.0)))
    size = np.where(size > 0.0, size, np.inf) + rounding
    within = inside.reshape(-1, *[1] * low.ndim)
    wide = within & (band.upper - band.lower > size)
    if not wide.any():
        return band, wide
    middle = 0.5 * (low + high)
    cut = wide & (band.upper - band.lower > 2.0 * size)
    first, last = middle - np.where(cut, size, np.inf), middle + np.where(cut, size, np.inf)
    mean, lower, upper = (np.clip(part, first, last) for part in (band.mean, band.lower, band.upper))
    return Band(mean, band.std, lower, upper), wide


def added(
    why: tuple[str | None, ...], fields: Mapping[str, np.ndarray], quantities: Mapping[str, np.ndarray]
) -> tuple[str | None, ...]:
    """Add to the reasons of each query which of its bands, (q, ...) bool by name, exceed the range of all runs."""
    reasons = []
    for query, first in enumerate(why):
        wide = [_sentence(f"'{name}'", one[query], False) for name, one in fields.items()]
        wide += [_sentence(name, one[query], True) for name, one in quantities.items()]
        reasons_of_query = [reason for reason in (first, *wide) if reason is not None]
        reasons.append("; ".join(reasons_of_query) or None)
    return tuple(reasons)


def _sentence(name: str, wide: np.ndarray, number: bool) -> str | None:
    """Return the warning on the bands of one query, `wide` bool (...) where they exceed the range, or None.

    number: whether they are bands of a quantity, of which every value counts.
    """
    share = float(wide.mean()) if wide.size else 0.0
    if share == 0.0 or (not number and share < LEAST_REPORTED):
        return None
    where = "" if number and share == 1.0 else f" at {share:.0%} of its {'times' if number else 'values'}"
    return (
        f"the band of {name} is wider than the range of all runs{where}: it tells no more there than the runs do, "
        "and is cut at twice that range"
    )
