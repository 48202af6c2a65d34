"""Linear interpolation between two sets of places, as a sparse matrix."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import Delaunay, KDTree


def interpolation(sources: np.ndarray, targets: np.ndarray) -> csr_array:
    """W (t, s) with u(targets) = W u(sources), exact for linear u; sources (s, 3), targets (t, 3).

    The weights are barycentric in the Delaunay simplex that holds the target. Where none does, at the rim of a
    curved boundary, the target takes the value of the nearest source. Sources on a line or in a plane, whatever
    its slope, are recognised and interpolated within it.
    """
    s, t = _in_own_dimensions(sources, targets)
    if s.shape[1] == 1:
        return _on_a_line(s[:, 0], t[:, 0])
    simplices = Delaunay(s)
    home = np.asarray(simplices.find_simplex(t))
    d = s.shape[1]
    transform = np.asarray(simplices.transform)[home]
    partial = np.einsum("tij,tj->ti", transform[:, :d], t - transform[:, d])
    weights = np.concatenate([partial, 1 - partial.sum(axis=1, keepdims=True)], axis=1)
    columns = simplices.simplices[home]
    # A simplex without volume has no barycentric coordinates.
    outside = (home < 0) | ~np.isfinite(weights).all(axis=1)
    weights[outside] = [1.0] + [0.0] * d
    columns[outside] = np.asarray(KDTree(s).query(t[outside])[1])[:, None]
    rows = np.repeat(np.arange(len(t)), d + 1)
    return csr_array((weights.ravel(), (rows, columns.ravel())), shape=(len(t), len(s)))


def apply(weights: csr_array, values: np.ndarray) -> np.ndarray:
    """(times, s, c) to (times, t, c), in the type of the values."""
    steps = [weights @ step for step in values.astype(np.float64, copy=False)]
    return np.stack(steps).astype(values.dtype, copy=False)


def _in_own_dimensions(sources: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets in the line, plane or space that the sources span."""
    centre = sources.mean(axis=0)
    _, sizes, axes = np.linalg.svd(sources - centre, full_matrices=False)
    kept = axes[sizes > 1e-8 * sizes[0]]
    return (sources - centre) @ kept.T, (targets - centre) @ kept.T


def _on_a_line(s: np.ndarray, t: np.ndarray) -> csr_array:
    order = np.argsort(s)
    right = np.clip(np.searchsorted(s[order], t), 1, len(s) - 1)
    a, b = order[right - 1], order[right]
    gap = s[b] - s[a]
    share = np.clip((t - s[a]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
    rows, columns = np.tile(np.arange(len(t)), 2), np.concatenate([a, b])
    return csr_array((np.concatenate([1 - share, share]), (rows, columns)), shape=(len(t), len(s)))
