"""The covariance matrix of the columns, in one reading by rows: for many snapshots of few values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.surrogates.reductions import Matrix


def covariance(
    source: Matrix,
    root: np.ndarray,
    centre: bool,
    memory: int,
    mix: np.ndarray | None = None,
    executor: Executor = IN_PROCESS,
) -> tuple[np.ndarray, np.ndarray]:
    """C = X^T X (m, m) in float64, X = (snapshots - mean) diag(root), and the mean (m,).

    mix: (m, p) to have C of X @ mix instead. Parts are joined by the update of Chan, Golub & LeVeque (1983),
    which never forms the difference of large sums. The mean is NaN where root is 0.
    """
    p = source.shape[1] if mix is None else mix.shape[1]
    c, mean, count = np.zeros((p, p)), np.zeros(source.shape[1]), 0
    tasks = [(source, a, b, root, centre, mix) for a, b in _panels(source, memory)]
    for part, part_mean, k in executor.in_order(_of_panel, tasks):
        c += part
        if centre:
            step = (part_mean - mean) * root
            step = step if mix is None else step @ mix
            c += (count * k / (count + k)) * np.outer(step, step)
            mean += (part_mean - mean) * (k / (count + k))
        count += k
    return c, np.where(root > 0, mean, np.nan)


def _panels(source: Matrix, memory: int) -> Iterator[tuple[int, int]]:
    n, m = source.shape
    rows = max(1, memory // 8 // (8 * m))
    chunks = getattr(source, "chunks", None)
    if chunks is not None and isinstance(chunks[0], int) and chunks[0] < rows:
        rows = rows // chunks[0] * chunks[0]
    return ((a, min(a + rows, n)) for a in range(0, n, rows))


def _of_panel(
    source: Matrix, a: int, b: int, root: np.ndarray, centre: bool, mix: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, int]:
    x = np.asarray(source[a:b, :], dtype=np.float64)
    x = np.where(root > 0, x, 0.0)
    mean = x.mean(axis=0) if centre else np.zeros(len(root))
    x = (x - mean) * root
    x = x if mix is None else x @ mix
    return x.T @ x, mean, b - a
