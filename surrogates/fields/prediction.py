"""The prediction of every surrogate: mean, std, calibrated band, and whether the query lies in the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import QueryError


@dataclass(frozen=True, eq=False)
class Band:
    """A predicted field or quantity for q queries; every array has its shape (q, ...).

    mean, std: of the model's own predictive distribution.
    lower, upper: the calibrated band; it covers the truth with the stated probability on new runs.
    """

    mean: np.ndarray
    std: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def joined(cls, bands: Sequence[Band]) -> Band:
        """The band of all queries of several."""
        every = [[one.mean, one.std, one.lower, one.upper] for one in bands]
        return cls(*(np.concatenate(parts) for parts in zip(*every, strict=True)))

    def within(self, low: float, high: float) -> Band:
        """The band with mean, lower and upper clipped to bounds that no true value can pass."""
        if np.isneginf(low) and np.isposinf(high):
            return self
        mean, lower, upper = (np.clip(part, low, high) for part in (self.mean, self.lower, self.upper))
        return Band(mean, self.std, lower, upper)

    def times(self, factor: float) -> Band:
        """The band of a positive factor times this field or quantity."""
        if factor == 1.0:
            return self
        return Band(factor * self.mean, factor * self.std, factor * self.lower, factor * self.upper)


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer to q queries.

    fields: name to Band of shape (q, [t,] points, components), in the field's unit.
    quantities: label ("max(von_mises)") to Band of shape (q, [t,]), where quantities were requested.
    inside: (q,) bool, whether each query lies inside the domain of the training runs.
    outside: (q,) how far from the runs each query lies: 1 at the border of the domain, above 1 outside.
    why: for each query one sentence on why its answer may be wrong, or None.
    coverage: the nominal coverage of the bands, such as 0.9.
    simultaneous: whether a band covers all values of a field (all times of a quantity) together with that
        probability, or each value by itself.
    """

    fields: dict[str, Band]
    quantities: dict[str, Band]
    inside: np.ndarray
    outside: np.ndarray
    why: tuple[str | None, ...]
    coverage: float
    simultaneous: bool = False

    def require_inside(self) -> None:
        """Raises QueryError where a query lies outside the domain of the training runs."""
        outside = np.flatnonzero(~self.inside)
        if len(outside):
            raise QueryError(
                "Every query must lie inside the domain of the training runs",
                f"query {outside[0]} outside: {self.why[outside[0]]}",
                'Correct it, or send "outside": "answer" to be answered all the same',
            )


def tabulated(bands: Mapping[str, Band], answer: Prediction) -> dict[str, np.ndarray]:
    """Return `<name>`, `<name>:std`, `:lower`, `:upper` of each band, and `inside` and `outside`, by name."""
    columns: dict[str, np.ndarray] = {}
    for name, band in bands.items():
        columns |= {name: band.mean, f"{name}:std": band.std}
        columns |= {f"{name}:lower": band.lower, f"{name}:upper": band.upper}
    return columns | {"inside": answer.inside, "outside": answer.outside}
