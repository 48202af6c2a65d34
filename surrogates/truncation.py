"""How many modes are worth predicting, told by how well left-out runs predict each."""

from __future__ import annotations

import numpy as np

NEGLIGIBLE = 1e-3
"""Share of the error of a typical run that dropping modes may add. It is judged by a plain interpolation, and a
regressor may be ten times better."""


def predictable_rank(latent: np.ndarray, left_out: np.ndarray) -> int:
    """The fewest modes whose prediction is as good as that with all.

    latent: (n, r) coordinates of zero mean in units of the field, in the order of the modes. left_out: (n, r)
    their errors where each run was left out. A mode counts as predictable where most runs are nearer to their
    prediction than to the mean; else it is taken as predicted by its mean. With e_ij the errors and s_ij the
    coordinates of run i, its error with k modes is sqrt(sum_(j<=k) e_ij^2 + sum_(j>k) s_ij^2); the result is the
    least k whose geometric mean of errors over the runs exceeds the least one by no more than `NEGLIGIBLE`. Sums
    over the runs would be those of the outermost ones, which leaving out turns into extrapolation.
    """
    size, lost = latent**2, left_out**2
    predictable = np.mean(lost < size, axis=0) > 0.5
    lost = np.where(predictable, lost, size)
    square = size.sum(axis=1, keepdims=True) + np.cumsum(lost - size, axis=1)
    floor = np.finfo(float).eps ** 2 * size.sum()
    error = 0.5 * np.log(square.clip(floor) + np.finfo(float).tiny).mean(axis=0)
    return int(np.argmax(error <= error.min() + np.log1p(NEGLIGIBLE))) + 1
