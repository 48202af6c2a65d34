"""Bands limited by the range of all runs: a band wider than that says no more than the runs themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

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
    limits = RangeLimits.of(low, high)
    return (band, np.zeros(band.mean.shape, dtype=bool)) if limits is None else limits.cut(band, inside)


@dataclass(frozen=True, eq=False)
class RangeLimits:
    """The range of all runs, as wide as a band of a value may be: middle +- size, both of the shape of the value."""

    middle: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, low: np.ndarray, high: np.ndarray, scale: float = 0.0) -> Self | None:
        """From the least and largest value of all runs; None where they are not known.

        scale: size of the numbers that the value is formed of, such as those of a field of which it is the mean.
        """
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            return None
        low, high = low.astype(np.float64), high.astype(np.float64)
        # Values that never differ have no range to compare with.
        over = tuple(range(low.ndim - 1)) if low.ndim > 1 else None
        range_of_component = np.max(high, axis=over) - np.min(low, axis=over)
        size = np.maximum(high - low, LEAST_SHARE * range_of_component)
        largest = max(float(np.abs(end).max(initial=scale)) for end in (low, high))
        return cls(0.5 * (low + high), np.where(size > 0.0, size, np.inf) + ROUNDING * largest)

    @property
    def range(self) -> np.ndarray:
        """The range of the runs, 0 where it is not known."""
        return np.where(np.isfinite(self.size), self.size, 0.0)

    @classmethod
    def joined(cls, parts: Sequence[Self | None], shape: tuple[int, ...]) -> Self:
        """Those of several values of one shape, stacked; where a value has none, its band may be of any width."""
        none = cls(np.zeros(shape), np.full(shape, np.inf))
        limits = [none if part is None else part for part in parts]
        return cls(np.stack([part.middle for part in limits]), np.stack([part.size for part in limits]))

    def cut(self, band: Band, inside: np.ndarray) -> tuple[Band, np.ndarray]:
        """The band (q, ...) cut as `limited` says, and bool (q, ...) where it was wider than the range."""
        width = band.upper - band.lower
        wide = width > self.size
        wide &= inside.reshape(-1, *[1] * self.size.ndim)
        if not wide.any():
            return band, wide
        cut = wide & (width > 2.0 * self.size)
        first, last = (self.middle + sign * np.where(cut, self.size, np.inf) for sign in (-1.0, 1.0))
        mean, lower, upper = (np.clip(part, first, last) for part in (band.mean, band.lower, band.upper))
        return Band(mean, band.std, lower, upper), wide


def added(
    why: tuple[str | None, ...], fields: Mapping[str, np.ndarray], quantities: Mapping[str, np.ndarray]
) -> tuple[str | None, ...]:
    """Add to the reasons of each query which of its bands, (q, ...) bool by name, exceed the range of all runs."""
    reasons: list[list[str]] = [[] if first is None else [first] for first in why]
    for number, bands in ((False, fields), (True, quantities)):
        for name, wide in bands.items():
            share = wide.reshape(len(wide), -1).mean(axis=1) if wide.any() else np.zeros(0)
            for query in np.flatnonzero(share >= LEAST_REPORTED if not number else share > 0.0).tolist():
                reasons[query].append(_sentence(name if number else f"'{name}'", float(share[query]), number))
    return tuple("; ".join(sentences) or None for sentences in reasons)


def _sentence(name: str, share: float, number: bool) -> str:
    """What an answer must say of one query's bands, of whose values this share exceeds the range.

    number: whether they are bands of a quantity, of which every value counts.
    """
    where = "" if number and share == 1.0 else f" at {share:.0%} of its {'times' if number else 'values'}"
    return (
        f"the band of {name} is wider than the range of all runs{where}: it tells no more there than the runs do, "
        "and is cut at twice that range"
    )
