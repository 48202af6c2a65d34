"""Sobol indices: the share of a quantity's variance that each parameter answers for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

RESAMPLINGS = 200
NEGLIGIBLE = 1e-12


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """Of r outputs and p parameters, each (r, p).

    first: of the parameter alone, Var(E[y | x_j]) / Var(y). total: with all its interactions, E[Var(y | all but
    x_j)] / Var(y). first_std, total_std: of the estimates, by resampling the sample.
    """

    first: np.ndarray
    total: np.ndarray
    first_std: np.ndarray
    total_std: np.ndarray


def sobol_indices(
    function: Callable[[np.ndarray], np.ndarray],
    lower: np.ndarray,
    upper: np.ndarray,
    *,
    n: int = 1024,
    seed: int,
) -> SobolIndices:
    """Of a function (q, p) to (q, r), its parameters independent and uniform over [lower, upper].

    With two samples A and B of n Sobol points and A_j, which is A with the column j of B:

        S_j = mean(f(B) (f(A_j) - f(A))) / Var(f),   T_j = mean((f(A) - f(A_j))^2) / (2 Var(f))

    at n (p + 2) evaluations. n: a power of two. Outputs that do not vary have indices 0.
    Source: Saltelli et al., Comput. Phys. Commun. 181, 2010, table 2 (b) and (f).
    """
    p = len(lower)
    unit = qmc.Sobol(2 * p, scramble=True, rng=seed).random(n)
    a, b = (lower + (upper - lower) * part for part in (unit[:, :p], unit[:, p:]))
    of_a, of_b = function(a), function(b)
    centre = 0.5 * (of_a.mean(axis=0) + of_b.mean(axis=0))
    # Taken off first: the products of large offsets would drown the variance (Sobol & Kucherenko).
    of_a, of_b = of_a - centre, of_b - centre
    mixed = []
    for j in range(p):
        a_j = a.copy()
        a_j[:, j] = b[:, j]
        mixed.append(function(a_j) - centre)
    of_mixed = np.stack(mixed, axis=-1)
    first, total = _estimates(of_a, of_b, of_mixed, centre)
    rng = np.random.default_rng(seed)
    resamplings = [rng.integers(0, n, n) for _ in range(RESAMPLINGS)]
    again = [_estimates(of_a[rows], of_b[rows], of_mixed[rows], centre) for rows in resamplings]
    first_std, total_std = np.std(np.array(again), axis=0)
    return SobolIndices(first, total, first_std, total_std)


def _estimates(
    of_a: np.ndarray, of_b: np.ndarray, of_mixed: np.ndarray, centre: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """First-order and total indices (r, p) of outputs (n, r) and (n, r, p) less their centre (r,)."""
    both = np.concatenate([of_a, of_b])
    variance = both.var(axis=0)
    varies = variance > (NEGLIGIBLE * np.abs(centre)) ** 2 + np.finfo(float).tiny
    scale = np.where(varies, 1.0 / np.where(varies, variance, 1.0), 0.0)[:, None]
    change = of_mixed - of_a[..., None]
    return np.mean(of_b[..., None] * change, axis=0) * scale, 0.5 * np.mean(change**2, axis=0) * scale
