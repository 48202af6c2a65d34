"""The Gram matrix in the inner product of a sparse mass matrix, whose rows reach into other stripes."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.pod.blocks import Span
from fieldwright.surrogates.reductions.pod.stripes import stripes


def of_span_with_mass(
    span: Span, mass: sparse.csr_array, root: np.ndarray, n_groups: int, mix: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """What one span adds to `gram`; mass: the rows of the span, root: of all columns.

    Stripe I is multiplied with every later stripe K that M couples it to, so that only two are held. With points
    numbered by place that reads everything about twice; with points in disorder, once for every two stripes.
    """
    m = span.source.shape[1]
    parts: np.ndarray | None = None
    means = []
    for a in range(span.start, span.stop, span.width):
        b = min(a + span.width, span.stop)
        x, mean = _columns(span, a, b, root, mix)
        means.append(np.where(root[a:b] > 0, mean, np.nan))
        rows = mass[a - span.start : b - span.start]
        moved = rows[:, a:b] @ x.T
        for c in range(b, m, span.width):
            coupled = rows[:, c : min(c + span.width, m)]
            if not coupled.nnz:
                continue
            first, last = int(coupled.indices.min()), int(coupled.indices.max()) + 1
            other, _ = _columns(span, c + first, c + last, root, mix)
            # Twice, and made symmetric at the end: that stands for the stripes below the diagonal.
            moved += 2.0 * (coupled[:, first:last] @ other.T)
        parts = np.zeros((n_groups, len(x), len(x))) if parts is None else parts
        groups = None if span.groups is None else span.groups[a - span.start : b - span.start]
        for group in range(n_groups):
            columns = slice(None) if groups is None else np.flatnonzero(groups == group)
            parts[group] += x[:, columns] @ moved[columns]
    assert parts is not None
    return (parts + parts.transpose(0, 2, 1)) / 2, np.concatenate(means)


def _columns(
    span: Span, a: int, b: int, root: np.ndarray, mix: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """(snapshots - mean) * root at columns a..b, (n, b - a) float64, and the mean."""
    source: Matrix = span.source
    _, raw = next(iter(stripes(source, a, b, b - a)))
    x = raw.astype(np.float64)
    x[:, root[a:b] == 0] = 0.0
    mean = x.mean(axis=0) if span.centre else np.zeros(b - a)
    x -= mean
    x *= root[a:b]
    return (x if mix is None else mix @ x), mean
