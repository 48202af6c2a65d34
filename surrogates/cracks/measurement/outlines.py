"""The narrowest and the widest outline that a segmentation allows its cracks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.measurement.component import labelled

ROUNDING = 1.0 / 255.0
"""Of probabilities that come as a picture: so close to the threshold, a pixel was not corrected by hand."""
BAND = 256
"""Rows of a photo at a time, so that no further array of its size is needed."""


@dataclass(frozen=True)
class Outlines:
    """The narrowest and the widest outline (h, w) bool; inner <= mask <= outer."""

    inner: np.ndarray
    outer: np.ndarray

    @classmethod
    def of(
        cls,
        mask: np.ndarray,
        probability: np.ndarray | None,
        std: np.ndarray | None,
        threshold: float | None = None,
    ) -> Outlines:
        """Those of a mask by what is known of it, see `Segmented`; the mask itself where nothing is."""
        segmented = Segmented.of(mask, probability, std, threshold)
        if segmented is None or not mask.any():
            return cls(mask, mask)
        return outlines(mask, np.ones(mask.shape, dtype=bool), segmented)


@dataclass(frozen=True)
class Outlined:
    """A mask of which both outlines are known; what `Segmented` says of one with a probability."""

    limits: Outlines

    def part(self, where: tuple[slice, slice]) -> Outlined:
        """The same of a part of the photo."""
        return Outlined(Outlines(self.limits.inner[where], self.limits.outer[where]))

    def inner(self) -> np.ndarray:
        """Where it is crack for certain (h, w) bool."""
        return self.limits.inner

    def outer(self) -> np.ndarray:
        """Where it may be crack (h, w) bool."""
        return self.limits.outer

    def drawn(self, mask: np.ndarray) -> np.ndarray:
        """All False: an outline does not say which of its pixels were drawn by hand."""
        return np.zeros(mask.shape, dtype=bool)

    def erased(self, mask: np.ndarray) -> np.ndarray:
        """Nowhere: what was erased lies in no outline."""
        return np.zeros(mask.shape, dtype=bool)


@dataclass(frozen=True)
class Segmented:
    """What is known of a mask: the probability (h, w), its standard deviation (h, w) or None, and the threshold.

    corrected: whether the mask was changed by hand since. What was drawn or erased is certain.
    """

    probability: np.ndarray
    std: np.ndarray | None
    threshold: float
    corrected: bool

    @classmethod
    def of(
        cls,
        mask: np.ndarray,
        probability: np.ndarray | None,
        std: np.ndarray | None,
        threshold: float | None,
    ) -> Segmented | None:
        """None where no probability is known; raises QueryError where shapes differ.

        threshold: of the mask before it was corrected by hand, where it was. Else it lies between the least
        probability within the mask and the greatest beyond it.
        """
        if probability is None:
            if std is not None:
                raise QueryError(
                    "'std' goes with 'probability'", "std alone", "Give both, as a segmenter answers them"
                )
            return None
        for name, map_ in (("probability", probability), ("std", std)):
            if map_ is not None and map_.shape != mask.shape:
                raise QueryError(
                    f"'{name}' must have the shape of the mask",
                    f"{map_.shape} against {mask.shape}",
                    "Give maps of one photo",
                )
        if threshold is not None:
            return cls(probability, std, threshold, corrected=True)
        within, beyond = 1.0, 0.0
        for rows in bands(mask.shape[0]):
            crack, p = mask[rows], probability[rows]
            within = float(p[crack].min(initial=within))
            beyond = float(np.where(crack, 0.0, p).max(initial=beyond))
        between = 0.5 * (within + beyond) if beyond < within else within
        return cls(probability, std, between, corrected=False)

    def part(self, where: tuple[slice, slice]) -> Segmented:
        """The same of a part of the photo."""
        std = None if self.std is None else self.std[where]
        return Segmented(self.probability[where], std, self.threshold, self.corrected)

    def inner(self) -> np.ndarray:
        """Where it is crack for certain (h, w) bool: p - std reaches the threshold, or p a value halfway to 1."""
        p, threshold = self.probability, self.threshold
        inner = p >= (1.0 + threshold) / 2.0 if self.std is None else p - self.std >= threshold
        return inner | self._below() if self.corrected else inner

    def outer(self) -> np.ndarray:
        """Where it may be crack: p + std reaches the threshold, or p a value halfway to 0."""
        if self.std is None:
            return self.probability >= self.threshold / 2.0
        return self.probability + self.std >= self.threshold

    def drawn(self, mask: np.ndarray) -> np.ndarray:
        """What a hand has added to the mask (h, w)."""
        return mask & self._below() if self.corrected else np.zeros(mask.shape, dtype=bool)

    def _below(self) -> np.ndarray:
        return self.probability < self.threshold - ROUNDING

    def erased(self, mask: np.ndarray) -> np.ndarray:
        """What a hand has taken out of the mask (h, w)."""
        if not self.corrected:
            return np.zeros(mask.shape, dtype=bool)
        return (self.probability >= self.threshold + ROUNDING) & ~mask


def outlines(mask: np.ndarray, here: np.ndarray, segmented: Segmented | Outlined) -> Outlines:
    """Inner and outer outline of a mask (h, w) within a part of the photo, `here` (h, w) bool.

    The rim of a crack of which a part was erased goes where it lies nearer to that part than to what stays.
    """
    outer = segmented.outer() & here
    erased = segmented.erased(mask) & here
    if erased.any():
        labels, count = labelled(outer | erased)
        with_erased = np.zeros(count + 1, dtype=bool)
        with_erased[labels[erased]] = True
        rim = outer & ~mask & with_erased[labels]
        nearer = np.ones(mask.shape, dtype=bool)
        if mask.any():
            to_mask, to_erased = (
                np.asarray(distance_transform_edt(~one), np.float32) for one in (mask, erased)
            )
            nearer = to_erased < to_mask
        outer &= ~(erased | rim & nearer)
    return Outlines(mask & segmented.inner(), mask | outer)


def bands(height: int) -> Iterator[slice]:
    """Rows of a photo, some at a time."""
    for first in range(0, height, BAND):
        yield slice(first, min(first + BAND, height))
