"""How well probabilities outline the cracks: F1 within some pixels, IoU, and the best over all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np
from scipy.ndimage import binary_dilation, maximum_filter

THRESHOLDS = np.arange(1, 100) / 100.0
"""At which ODS and OIS look for the best, as in the literature."""


@dataclass(frozen=True)
class Tallies:
    """Pixels of one photo or of several together, at each threshold in THRESHOLDS.

    predicted: pixels at least at the threshold. right: of those, within the tolerance of a crack pixel.
    truth: crack pixels. detected: of those, within the tolerance of a predicted one. pixels: of all kinds.
    """

    predicted: np.ndarray
    right: np.ndarray
    truth: int
    detected: np.ndarray
    pixels: int

    @classmethod
    def of(cls, probability: np.ndarray, mask: np.ndarray, tolerance: int) -> Self:
        """Of one photo: probability (h, w) in [0, 1], mask (h, w) bool, tolerance in pixels, Euclidean."""
        disk = _disk(tolerance)
        near = np.asarray(binary_dilation(mask, disk), dtype=bool) if tolerance else mask
        reached = np.asarray(maximum_filter(probability, footprint=disk)) if tolerance else probability
        return cls(
            _at_least(probability),
            _at_least(probability[near]),
            int(mask.sum()),
            _at_least(reached[mask]),
            mask.size,
        )

    def __add__(self, other: Tallies) -> Tallies:
        return Tallies(
            self.predicted + other.predicted,
            self.right + other.right,
            self.truth + other.truth,
            self.detected + other.detected,
            self.pixels + other.pixels,
        )

    @property
    def precision(self) -> np.ndarray:
        """Share of the predicted pixels that are right, 1 where none is predicted."""
        return np.where(self.predicted > 0, self.right / np.maximum(self.predicted, 1), 1.0)

    @property
    def recall(self) -> np.ndarray:
        """Share of the crack pixels that are detected, 1 where there is no crack."""
        return self.detected / self.truth if self.truth else np.ones_like(THRESHOLDS)

    @property
    def f1(self) -> np.ndarray:
        """2 P R / (P + R) at each threshold."""
        both = self.precision + self.recall
        return np.where(both > 0.0, 2.0 * self.precision * self.recall / np.maximum(both, 1e-12), 0.0)

    @property
    def iou(self) -> np.ndarray:
        """Intersection over union of the crack, for a tolerance of 0."""
        return self.right / np.maximum(self.predicted + self.truth - self.right, 1)

    @property
    def mean_iou(self) -> np.ndarray:
        """Mean of the crack's and the background's intersection over union, for a tolerance of 0."""
        neither = self.pixels - self.predicted - self.truth + self.right
        return 0.5 * (self.iou + neither / np.maximum(self.pixels - self.right, 1))


@dataclass(frozen=True)
class SegmentationScores:
    """Scores over several photos.

    f1: by tolerance in pixels, of all pixels of all photos together, at the threshold that was given. precision,
    recall: the same. iou: of the crack. mean_iou: of crack and background. ods: by tolerance, the best F1 that one
    threshold reaches for all photos. ois: by tolerance, the mean over the photos of the best F1 of each.

    Source of ODS and OIS: Arbelaez, Maire, Fowlkes & Malik, IEEE PAMI 33, 2011; for cracks, with thresholds 0.01 to
    0.99, Yang, Zhang, Yu, Prokhorov, Mei & Ling, IEEE T-ITS 21, 2020.
    """

    threshold: float
    f1: dict[int, float]
    precision: dict[int, float]
    recall: dict[int, float]
    iou: float
    mean_iou: float
    ods: dict[int, float]
    ois: dict[int, float]


def scores(
    probabilities: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    threshold: float,
    tolerances: Sequence[int] = (0, 2, 5),
) -> SegmentationScores:
    """Of probabilities (h, w) and masks (h, w) bool of one photo or more, at the nearest of THRESHOLDS."""
    at = int(np.argmin(np.abs(THRESHOLDS - threshold)))
    single = {
        tolerance: [Tallies.of(p, m, tolerance) for p, m in zip(probabilities, masks, strict=True)]
        for tolerance in (0, *tolerances)
    }
    pooled = {tolerance: reduce(Tallies.__add__, tallies) for tolerance, tallies in single.items()}
    return SegmentationScores(
        threshold=float(THRESHOLDS[at]),
        f1={t: float(pooled[t].f1[at]) for t in tolerances},
        precision={t: float(pooled[t].precision[at]) for t in tolerances},
        recall={t: float(pooled[t].recall[at]) for t in tolerances},
        iou=float(pooled[0].iou[at]),
        mean_iou=float(pooled[0].mean_iou[at]),
        ods={t: float(pooled[t].f1.max()) for t in tolerances},
        ois={t: float(np.mean([one.f1.max() for one in single[t]])) for t in tolerances},
    )


def _at_least(values: np.ndarray) -> np.ndarray:
    """How many values are at least each of THRESHOLDS."""
    # Single-precision probabilities are compared with thresholds of the same precision.
    edges = np.concatenate([THRESHOLDS.astype(values.dtype), [np.inf]])
    return np.histogram(values, edges)[0][::-1].cumsum()[::-1]


def _disk(radius: int) -> np.ndarray:
    steps = np.arange(-radius, radius + 1)
    return steps[:, None] ** 2 + steps**2 <= radius**2
