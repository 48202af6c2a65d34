"""Symmetric matrices by their lower half: every product, root and exponential is done once for a pair of runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import get_lapack_funcs

PACK, FACTOR, SOLVE, INVERT = get_lapack_funcs(("trttf", "pftrf", "pftrs", "pftri"), dtype=np.float64)
FORM = {"transr": "N", "uplo": "L"}
"""LAPACK's rectangular full packed format: n (n + 1) / 2 numbers, factored and inverted at the speed of a full
matrix. Source: Gustavson et al., ACM TOMS 37 (2010) 18."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs i >= j of n runs in the order of the packed format.

    first, second: (m,) the runs of each of the m = n (n + 1) / 2 pairs. diagonal: (n,) where the pairs (i, i) are.
    """

    first: np.ndarray
    second: np.ndarray
    diagonal: np.ndarray

    @classmethod
    def of(cls, n: int) -> Pairs:
        """All pairs of n runs."""
        # The format is LAPACK's own affair: it tells by packing a matrix of the numbers of its places.
        place = np.asfortranarray(np.arange(n * n, dtype=np.float64).reshape(n, n))
        packed = PACK(place, **FORM)[0].astype(np.int64)
        first, second = packed // n, packed % n
        on = np.flatnonzero(first == second)
        return cls(first, second, on[np.argsort(first[on])])

    @property
    def n(self) -> int:
        """Number of runs."""
        return len(self.diagonal)

    def squares(self, x: np.ndarray) -> np.ndarray:
        """(p, m) squared differences of the columns of x (n, p)."""
        return np.ascontiguousarray(np.square(x[self.first] - x[self.second]).T)

    def products(self, x: np.ndarray) -> np.ndarray:
        """(p, m) products of the columns of x (n, p)."""
        return np.ascontiguousarray((x[self.first] * x[self.second]).T)

    def outer(self, a: np.ndarray) -> np.ndarray:
        """(m,) the products a_i a_j of a (n,)."""
        return np.take(a, self.first) * np.take(a, self.second)

    def factor(self, matrix: np.ndarray) -> np.ndarray | None:
        """The Cholesky factor, packed, of a positive definite matrix (m,); None of any other."""
        factor, failed = FACTOR(self.n, matrix, **FORM)
        return None if failed else factor

    def solve(self, factor: np.ndarray, right: np.ndarray) -> np.ndarray:
        """K^-1 b (n, k) from the factor of K and b (n, k)."""
        return SOLVE(self.n, factor, right, **FORM)[0]

    def inverse(self, factor: np.ndarray) -> np.ndarray:
        """K^-1 (m,) from the factor of K, which is overwritten."""
        return INVERT(self.n, factor, overwrite_a=1, **FORM)[0]
