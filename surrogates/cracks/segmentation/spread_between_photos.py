"""How much the share of cracks at one predicted probability differs from photo to photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BINS = 10
LEVELS = 256
LEAST_PIXELS = 100
"""In a bin, for a photo's share there to say something."""
LEAST_PHOTOS = 3


def spread_between_photos(probabilities: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> np.ndarray:
    """(256,) standard deviation between photos of the share of cracks, by probability in steps of 1/255.

    In each of ten bins of the probability, every photo's own share of crack pixels is compared with the mean
    predicted there; the root mean square of the differences is joined to a line. Where fewer than three photos have
    pixels in a bin, it is sqrt(p (1 - p)), the most that it can be.

    probabilities, masks: (h, w) of each photo.
    """
    centres = (np.arange(BINS) + 0.5) / BINS
    squares: list[list[float]] = [[] for _ in range(BINS)]
    for probability, mask in zip(probabilities, masks, strict=True):
        at = np.minimum((probability * BINS).astype(int), BINS - 1).ravel()
        count = np.bincount(at, minlength=BINS)
        surplus = np.bincount(at, weights=mask.ravel() - probability.ravel().astype(float), minlength=BINS)
        for k in np.flatnonzero(count >= LEAST_PIXELS):
            squares[k].append(float(surplus[k] / count[k]) ** 2)
    most = np.sqrt(centres * (1.0 - centres))
    spreads = [
        np.sqrt(np.mean(one)) if len(one) >= LEAST_PHOTOS else m for one, m in zip(squares, most, strict=True)
    ]
    levels = np.arange(LEVELS) / (LEVELS - 1.0)
    line = np.interp(levels, [0.0, *centres, 1.0], [0.0, *np.minimum(spreads, most), 0.0])
    return line.astype(np.float32)
