"""Leading singular values where neither Gram matrix fits into memory: randomised block Krylov iteration."""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.surrogates.reductions.pod.blocks import Span, blocks

log = logging.getLogger(__name__)

READINGS = 40
OVERSAMPLING = 10


class Ritz(NamedTuple):
    """Singular values s (p,) and left vectors v (n, p) of which the first `wanted` have converged."""

    s: np.ndarray
    v: np.ndarray
    error: float
    readings: int


def energies(
    spans: list[Span], n_groups: int, executor: Executor = IN_PROCESS
) -> tuple[np.ndarray, np.ndarray]:
    """Energy |X_g|^2 of each group of columns and the mean of each column, in one reading."""
    parts = list(executor.in_order(_energies_of_span, [(span, n_groups) for span in spans]))
    return np.sum([energy for energy, _ in parts], axis=0), np.concatenate([mean for _, mean in parts])


def _energies_of_span(span: Span, n_groups: int) -> tuple[np.ndarray, np.ndarray]:
    energy = np.zeros(n_groups)
    mean = np.full(span.stop - span.start, np.nan)
    for block in blocks(span):
        energy[block.group] += np.vdot(block.values, block.values)
        mean[block.columns] = block.mean
    return energy, mean


def leading(
    spans: list[Span], rank: int, tolerance: float, memory: int, seed: int, executor: Executor = IN_PROCESS
) -> Ritz:
    """The `wanted` largest singular values of X to a relative `tolerance`.

    A random start (n, wanted + 10) is multiplied by X X^T once in each reading; the Krylov space of all products
    is kept orthonormal, and restarted from its best vectors when it fills half the memory. It ends when the
    residuals |X X^T v - s^2 v| bound the error, or after 40 readings, with a warning that gives the error.
    Halko, Martinsson & Tropp (2011); Musco & Musco (2015); thick restart: Wu & Simon (2000).
    """
    n = spans[0].source.shape[0]
    width = min(n, rank + OVERSAMPLING)
    capacity = max(3 * width, memory // 2 // (8 * n))
    rng = np.random.default_rng(seed)
    space = np.linalg.qr(rng.standard_normal((n, width)))[0]
    projected = np.zeros((0, 0))
    newest, error, reading = space, np.inf, 0
    for reading in range(1, READINGS + 1):
        product = _squared(spans, newest, executor)
        column = space.T @ product
        old = len(projected)
        projected = np.block(
            [[projected, column[:old]], [column[:old].T, (column[old:] + column[old:].T) / 2]]
        )
        theta, ritz = np.linalg.eigh(projected)
        theta, ritz = np.maximum(theta[::-1], 0.0), ritz[:, ::-1]
        residual, triangle = _orthonormal_rest(
            product - space @ column, space, min(width, n - space.shape[1])
        )
        complete = space.shape[1] == n
        error = 0.0 if complete else _error(theta, np.linalg.norm(triangle @ ritz[old:], axis=0), rank)
        if error <= tolerance or reading == READINGS:
            break
        if space.shape[1] + residual.shape[1] > capacity:
            n_retained = min(2 * width, capacity - width)
            space, projected = space @ ritz[:, :n_retained], np.diag(theta[:n_retained])
        space, newest = np.hstack([space, residual]), residual
    if error > tolerance:
        log.warning("singular values are known to %.1e only after %d readings", error, reading)
    return Ritz(np.sqrt(theta), space @ ritz, error, reading)


def _squared(spans: list[Span], q: np.ndarray, executor: Executor) -> np.ndarray:
    return sum(executor.in_order(_squared_of_span, [(span, q) for span in spans]), np.zeros(q.shape))


def _squared_of_span(span: Span, q: np.ndarray) -> np.ndarray:
    total = np.zeros(q.shape)
    for block in blocks(span):
        total += block.values @ (block.values.T @ q)
    return total


def _orthonormal_rest(residual: np.ndarray, space: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Q, R of the part of `rest` orthogonal to `space`; projected twice, as once loses half the digits."""
    residual = residual - space @ (space.T @ residual)
    q, triangle = np.linalg.qr(residual)
    q = q[:, :width]
    q = np.linalg.qr(q - space @ (space.T @ q))[0]
    return q, triangle


def _error(theta: np.ndarray, residual: np.ndarray, rank: int) -> float:
    """Largest relative error of the first singular values that the residuals allow.

    |dtheta| <= min(residual, residual^2 / gap), gap being the distance to the first value not wanted
    (Parlett, The Symmetric Eigenvalue Problem, 11.7); those lost in rounding do not count.
    """
    gap = np.maximum(theta[:rank] - theta[rank], 1e-300)
    bound = np.minimum(residual[:rank], residual[:rank] ** 2 / gap)
    counted = theta[:rank] > 1e-14 * theta[0]
    return float(np.max(np.where(counted, 0.5 * bound / np.maximum(theta[:rank], 1e-300), 0.0), initial=0.0))
