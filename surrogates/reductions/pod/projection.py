"""Latent coordinates of snapshots, and what the projection on the modes leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.pod.blocks import BLOCK
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.stripes import stripe_width, stripes


class Residual:
    """Snapshots (q, m) less their mean and z U, as a matrix of which only the columns asked for are formed."""

    def __init__(
        self, source: Matrix, mean: np.ndarray, basis: np.ndarray, z: np.ndarray | None = None
    ) -> None:
        self.source, self.mean, self.basis, self.z = source, mean, basis, z
        self.shape, self.dtype = source.shape, np.dtype(np.float64)
        self.chunks = getattr(source, "chunks", None)

    def __getitem__(self, key: Any) -> np.ndarray:
        rows, columns = key
        residual = np.asarray(self.source[rows, columns]) - self.mean[columns]
        return residual if self.z is None else residual - self.z[rows] @ self.basis[:, columns]


def coordinates(
    source: Matrix, mean: np.ndarray, basis: np.ndarray, inner: InnerProduct, memory: int
) -> np.ndarray:
    """Return z = <x - mean, U>, (q, r) float64, of snapshots (q, m); columns of weight 0 may hold anything."""
    z = np.zeros((source.shape[0], len(basis)))
    for residual, dual in _paired(Residual(source, mean, basis), inner, memory):
        z += residual @ dual(basis).T
    return z


def left_out(
    source: Matrix, mean: np.ndarray, basis: np.ndarray, inner: InnerProduct, memory: int
) -> tuple[np.ndarray, np.ndarray]:
    """|x - P_k x|^2 for k = 0..r modes, (q, r + 1), and z (q, r), of centred snapshots (q, m); two readings.

    The residual of all r modes is formed before it is squared: |x|^2 - |z|^2 would lose it in rounding.
    """
    z = coordinates(source, mean, basis, inner, memory)
    rest_of_all = squared_norms(Residual(source, mean, basis, z), inner, memory)
    tail = np.cumsum((z**2)[:, ::-1], axis=1)[:, ::-1]
    return np.hstack([tail, np.zeros((len(z), 1))]) + rest_of_all[:, None], z


def squared_norms(source: Matrix, inner: InnerProduct, memory: int) -> np.ndarray:
    """|x|^2 = <x, x> (q,) of snapshots (q, m); columns of weight 0 may hold anything."""
    squares = np.zeros(source.shape[0])
    for values, dual in _paired(source, inner, memory):
        squares += np.einsum("ij,ij->i", values, dual(source))
    return np.maximum(squares, 0.0)


def _paired(
    left: Matrix, inner: InnerProduct, memory: int
) -> Iterator[tuple[np.ndarray, Callable[[Matrix], np.ndarray]]]:
    """Columns of `left` block by block, and what gives the same columns of another matrix times W^1/2 M W^1/2."""
    q, m = left.shape
    width = stripe_width(left, memory, per_value=24)
    for first, values in stripes(left, 0, m, width):
        step = max(16, BLOCK // q)
        for a in range(first, first + values.shape[1], step):
            b = min(a + step, first + values.shape[1])
            inside = inner.weights[a:b] > 0
            part = values[:, a - first : b - first]
            yield (
                part if inside.all() else np.where(inside, part, 0.0),
                partial(_times_inner, inner=inner, a=a, b=b),
            )


def _times_inner(right: Matrix, *, inner: InnerProduct, a: int, b: int) -> np.ndarray:
    """Columns a..b of right W^1/2 M W^1/2."""
    if inner.mass is None:
        values = right[:, a:b] * inner.weights[a:b]
        return np.where(inner.weights[a:b] > 0, values, 0.0)
    rows = inner.mass[a:b]
    first, last = int(rows.indices.min()), int(rows.indices.max()) + 1
    weights = inner.weights[first:last]
    values = np.where(weights > 0, right[:, first:last] * np.sqrt(weights), 0.0)
    return (rows[:, first:last] @ values.T).T * np.sqrt(inner.weights[a:b])
