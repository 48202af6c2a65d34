"""Length and widths of cracks together, by the lengths and the widths of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

HIGH = 0.95
LEAST_WIDTH = 1.0
"""px: the greatest width of whatever has a pixel is no less, though a line that falls at 45 degrees has less area."""


def pooled_figures(lengths: Sequence[float], widths: Sequence[np.ndarray]) -> np.ndarray:
    """Length, mean, 95 % and greatest width (4,), px, of all together; zeros where no width is defined.

    lengths: of each crack. widths: (n,) of each along its lines, one a pixel of length, where they are defined.
    """
    every = np.concatenate(widths) if widths else np.zeros(0)
    if not len(every):
        return np.zeros(4)
    every.sort()
    # As np.quantile has it, which takes longer than all else about a small crack.
    at = HIGH * (len(every) - 1)
    below = int(at)
    high = every[below] + (at - below) * (every[min(below + 1, len(every) - 1)] - every[below])
    return np.array([sum(lengths), every.mean(), high, max(every[-1], LEAST_WIDTH)])
