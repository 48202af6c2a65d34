"""Products of Legendre polynomials: the basis of polynomial regression and of polynomial chaos."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node


def number_of_terms(parameters: int, degree: int) -> int:
    """Terms of total degree 1 to `degree` in so many parameters: C(parameters + degree, degree) - 1."""
    return math.comb(parameters + degree, degree) - 1


def exponents(parameters: int, degree: int) -> np.ndarray:
    """(terms, parameters) degrees of all products of total degree 1 to `degree`, the total degree rising."""
    rows = [(0,) * parameters]
    by_degree = [rows]
    for _ in range(degree):
        # Each product once: a factor is only raised at or behind its last parameter of positive degree.
        rows = [
            (*row[:i], row[i] + 1, *row[i + 1 :])
            for row in rows
            for i in range(max((j for j, power in enumerate(row) if power), default=0), parameters)
        ]
        by_degree.append(rows)
    return np.array([row for rows in by_degree[1:] for row in rows], dtype=np.int64).reshape(-1, parameters)


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
        return self._products(self._factors(u))

    def graph(self, x: Node, used: np.ndarray) -> Node:
        """The terms at positions `used`, at x (p,)."""
        p, width = len(self.lower), self.upper - self.lower
        exponents = self.exponents[used]
        stretch = np.divide(2.0, width, out=np.zeros_like(width), where=width > 0.0)
        u = (x - 0.5 * (self.lower + self.upper)) * stretch
        values = [graph.constant(np.ones(p)), u]
        for k in range(1, int(exponents.max(initial=0))):
            values.append(((2 * k + 1) * u * values[k] - k * values[k - 1]) / (k + 1.0))
        table = graph.concat([np.sqrt(2.0 * k + 1.0) * value for k, value in enumerate(values)])
        terms = table.take(exponents[:, 0] * p)
        for j in range(1, p):
            terms = terms * table.take(exponents[:, j] * p + j)
        return terms

    def gradients(self, x: np.ndarray) -> np.ndarray:
        """Return d Phi / d x_j (q, terms, p) at x (q, p), by P'_{k+1} = P'_{k-1} + (2k + 1) P_k."""
        width = self.upper - self.lower
        stretch = np.divide(2.0, width, out=np.zeros_like(width), where=width > 0.0)
        values = self._factors(stretch * (x - 0.5 * (self.lower + self.upper)))
        norm = np.sqrt(2.0 * np.arange(len(values)) + 1.0)[:, None, None]
        slopes = np.zeros_like(values)
        for k in range(len(values) - 1):
            slopes[k + 1] = (slopes[k - 1] if k else 0.0) + (2 * k + 1) * values[k] / norm[k]
        slopes *= norm * stretch
        columns = []
        for j in range(x.shape[1]):
            replaced = values.copy()
            replaced[:, :, j] = slopes[:, :, j]
            columns.append(self._products(replaced))
        return np.stack(columns, axis=-1)

    def _factors(self, u: np.ndarray) -> np.ndarray:
        """sqrt(2 k + 1) P_k(u) (k, q, p) of mapped parameters u (q, p)."""
        highest = int(self.exponents.max(initial=0))
        values = np.ones((highest + 1, *u.shape))
        if highest >= 1:
            values[1] = u
        for k in range(1, highest):
            values[k + 1] = ((2 * k + 1) * u * values[k] - k * values[k - 1]) / (k + 1)
        return values * np.sqrt(2.0 * np.arange(highest + 1) + 1.0)[:, None, None]

    def _products(self, factors: np.ndarray) -> np.ndarray:
        """(q, terms), one factor (k, q, p) of each parameter multiplied."""
        phi = np.ones((factors.shape[1], len(self.exponents)))
        for j in range(factors.shape[2]):
            phi *= factors[self.exponents[:, j], :, j].T
        return phi

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"lower": self.lower, "upper": self.upper, "exponents": self.exponents}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The basis again."""
        return cls(state["lower"], state["upper"], state["exponents"])
