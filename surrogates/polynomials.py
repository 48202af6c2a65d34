"""Products of Legendre polynomials: the basis of polynomial regression and of polynomial chaos."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np


def number_of_terms(parameters: int, degree: int) -> int:
    """Terms of total degree 1 to `degree` in so many parameters: C(parameters + degree, degree) - 1."""
    return math.comb(parameters + degree, degree) - 1


def exponents(parameters: int, degree: int) -> np.ndarray:
    """(terms, parameters) degrees of all products of total degree 1 to `degree`, the total degree rising."""
    rows = [(0,) * parameters]
    seen = [rows]
    for _ in range(degree):
        # Each product once: a factor is only raised at or behind its last parameter of positive degree.
        rows = [
            (*row[:i], row[i] + 1, *row[i + 1 :])
            for row in rows
            for i in range(max((j for j, power in enumerate(row) if power), default=0), parameters)
        ]
        seen.append(rows)
    return np.array([row for rows in seen[1:] for row in rows], dtype=np.int64).reshape(-1, parameters)


@dataclass(frozen=True, eq=False)
class Legendre:
    """phi_k(x) = prod_j sqrt(2 a_kj + 1) P_{a_kj}(u_j), u = x mapped from [lower, upper] to [-1, 1].

    Orthonormal for parameters spread evenly over the box, so that one prior variance suits all terms.
    Source: Xiu & Karniadakis, SIAM J. Sci. Comput. 24, 2002.

    lower, upper: (p,). exponents: (terms, p) the degrees a_kj; the constant is not among them.
    """

    lower: np.ndarray
    upper: np.ndarray
    exponents: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray, degree: int) -> Self:
        """The basis of total degree 1 to `degree` over the box of x (n, p)."""
        return cls(x.min(axis=0), x.max(axis=0), exponents(x.shape[1], degree))

    @property
    def total_degree(self) -> np.ndarray:
        """(terms,) total degree of each term."""
        return self.exponents.sum(axis=1)

    def terms(self, x: np.ndarray) -> np.ndarray:
        """Phi (q, terms) at x (q, p); a parameter that never varied counts as its middle."""
        width = self.upper - self.lower
        u = np.divide(2.0 * x - self.lower - self.upper, width, out=np.zeros_like(x), where=width > 0.0)
        highest = int(self.exponents.max(initial=0))
        values = np.ones((highest + 1, *x.shape))
        if highest >= 1:
            values[1] = u
        for k in range(1, highest):
            values[k + 1] = ((2 * k + 1) * u * values[k] - k * values[k - 1]) / (k + 1)
        values *= np.sqrt(2.0 * np.arange(highest + 1) + 1.0)[:, None, None]
        phi = np.ones((len(x), len(self.exponents)))
        for j in range(x.shape[1]):
            phi *= values[self.exponents[:, j], :, j].T
        return phi

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"lower": self.lower, "upper": self.upper, "exponents": self.exponents}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The basis again."""
        return cls(state["lower"], state["upper"], state["exponents"])
