"""The number of modes worth predicting, from the errors of left-out runs."""

from __future__ import annotations

import numpy as np

NEGLIGIBLE = 1e-3
"""Share of the error of a typical run that dropping modes may add. The error is that of a cheap interpolation, and a
regressor may be ten times better."""
PESSIMISM = 0.5
"""Share of the squared error of a left-out run that counts: it lies in a gap twice as wide as that of a new run."""


def predictable_rank(latent: np.ndarray, left_out: np.ndarray) -> int:
    """The fewest modes whose prediction is as good as that with all.

    latent: (n, r) coordinates of zero mean in units of the field, in the order of the modes. left_out: (n, r)
    their errors where each run was left out. Let s_ij be the coordinates of run i and e_ij^2 half of the squares of
    its errors, or s_ij^2 for modes that are predicted better than by their mean in fewer than half of the runs. The
    error of run i with k modes is sqrt(sum_(j<=k) e_ij^2 + sum_(j>k) s_ij^2). The result is the least k whose
    geometric mean of errors over the runs exceeds the least one by no more than `NEGLIGIBLE`. Sums over the runs
    would be dominated by the outermost ones, which are extrapolated when left out.
    """
    size, lost = latent**2, left_out**2
    predictable = np.mean(lost < size, axis=0) > 0.5
    change = np.where(predictable, PESSIMISM * lost - size, 0.0)
    square = size.sum(axis=1, keepdims=True) + np.cumsum(change, axis=1)
    floor = np.finfo(float).eps ** 2 * size.sum()
    error = 0.5 * np.log(square.clip(floor) + np.finfo(float).tiny).mean(axis=0)
    return int(np.argmax(error <= error.min() + np.log1p(NEGLIGIBLE))) + 1
