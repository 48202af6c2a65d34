"""Sparse polynomial chaos: only those polynomials that leave-one-out errors ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from fieldwright.surrogates.domain.places import MeansByPlace
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regression.extrapolation import (
    EXPLODES,
    Edge,
    Limits,
    Refitted,
    block_errors,
    edge_errors,
    edges,
)
from fieldwright.surrogates.regression.polynomials import Legendre, number_of_terms
from fieldwright.surrogates.regression.pursuit import Pursuit, pursue
from fieldwright.surrogates.regressors import KindConfig, register
from fieldwright.surrogates.search.search_space import Choice, Choices

RUNS_PER_TERM = 3
"""With more terms every run helps to choose how it is predicted without itself, and the error says nothing."""
LEAST_STD = 1e-8


class PCEConfig(KindConfig):
    """Settings of sparse polynomial chaos.

    max_degree: largest total degree of a candidate; lowered until there are at most max_candidates.
    sparsity: q of the hyperbolic set (sum_j a_j^q)^(1/q) <= degree; below 1 it leaves out high interactions.
    """

    cost: ClassVar[float] = 0.03
    space: ClassVar[Mapping[str, Choice]] = {
        "max_degree": Choices((10, 3, 5, 15)),
        "sparsity": Choices((0.75, 0.5, 1.0)),
    }

    kind: Literal["pce"] = "pce"
    max_degree: int = Field(default=10, ge=1, le=30)
    max_candidates: int = Field(default=1000, ge=1)
    sparsity: float = Field(default=0.75, gt=0.0, le=1.0)

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Where a few terms are within reach: it needs twice as many runs as parameters."""
        return runs >= max(8, 2 * parameters)


class PCE:
    """z = sum_k c_k phi_k(x), phi_k products of Legendre polynomials chosen one by one for each output.

    They are chosen by orthogonal matching pursuit (`pursuit`) until the corrected leave-one-out error
    rises. Variance: that error times 1 + h(x), h the leverage of the query. Source: Blatman & Sudret, J. Comput.
    Phys. 230, 2011, with orthogonal matching pursuit in place of least angles (Jakeman, Eldred & Sargsyan, J.
    Comput. Phys. 289, 2015).
    """

    def __init__(self, config: PCEConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r); nothing here is random."""
        self.basis_ = self._candidates(x)
        # Runs of one place are left out together, so that a polynomial is not praised for knowing the others.
        pooled, every = MeansByPlace.of(x, z), z
        x, z = pooled.x, pooled.z
        scatter = np.sum((every - z[pooled.place]) ** 2, axis=0) / max(len(every) - len(z), 1)
        phi = np.hstack([np.ones((len(x), 1)), self.basis_.terms(x)])
        self.weights_ = np.zeros((phi.shape[1], z.shape[1]))
        self.errors_ = np.zeros(z.shape[1])
        factors, owners, limits = [], [], []
        ends = edges(x)
        for r in range(z.shape[1]):
            pursuit, columns = self._select(phi, z[:, r : r + 1], ends)
            factor = np.zeros((phi.shape[1], len(columns)))
            factor[columns] = pursuit.factor
            self.weights_[columns, r] = pursuit.weights[:, 0]
            self.errors_[r] = pursuit.error + scatter[r]
            factors.append(factor)
            owners += [r] * len(columns)
            refitted = _refitted(pursuit, phi[:, columns], z[:, r : r + 1])
            limits.append(Limits.fit(x, z[:, r : r + 1], refitted))
        self.factors_, self.owners_ = np.hstack(factors), np.array(owners)
        self.limits_ = Limits.joined(limits)
        return self

    def _select(self, phi: np.ndarray, z: np.ndarray, ends: list[Edge]) -> tuple[Pursuit, np.ndarray]:
        """The pursuit over candidates of that largest degree which gives the least error, and its columns of phi.

        Raising the degree step by step keeps few runs from being matched by chance among many candidates. A degree
        above 1 whose polynomial explodes at the outermost runs, once these are left out, is not taken.
        """
        total = np.append(0, self.basis_.total_degree)
        best: tuple[Pursuit, np.ndarray] | None = None
        losses = 0
        for degree in np.unique(total)[1:]:
            used = np.flatnonzero(total <= degree)
            pursuit = pursue(phi[:, used], z, most=max(1, len(z) // RUNS_PER_TERM))
            better = best is None or pursuit.error < best[0].error
            if better and (degree == 1 or not self._explodes(pursuit, phi[:, used], z, ends)):
                best, losses = (pursuit, used[pursuit.columns]), 0
            elif (losses := losses + 1) == 2:
                break
        assert best is not None
        return best

    @staticmethod
    def _explodes(pursuit: Pursuit, phi: np.ndarray, z: np.ndarray, ends: list[Edge]) -> bool:
        """Whether the pursuit's columns of phi (n, terms) miss the outermost runs by far without them."""
        error = edge_errors(ends, _refitted(pursuit, phi[:, pursuit.columns], z), 1)
        return bool(error[0] > EXPLODES * np.ptp(z))

    def _candidates(self, x: np.ndarray) -> Legendre:
        degree, p = self.config.max_degree, x.shape[1]
        while degree > 1 and number_of_terms(p, degree) > 20 * self.config.max_candidates:
            degree -= 1
        basis = Legendre.fit(x, degree)
        q = self.config.sparsity
        norm = np.sum(basis.exponents.astype(float) ** q, axis=1) ** (1.0 / q)
        order = np.argsort(norm, kind="stable")
        selected = order[norm[order] <= degree + 1e-9][: self.config.max_candidates]
        return Legendre(basis.lower, basis.upper, basis.exponents[np.sort(selected)])

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), at x (q, p)."""
        phi = np.hstack([np.ones((len(x), 1)), self.basis_.terms(x)])
        owner = self.owners_[:, None] == np.arange(self.weights_.shape[1])
        leverage = (phi @ self.factors_) ** 2 @ owner
        std = np.maximum(np.sqrt(self.errors_ * (1.0 + leverage)), LEAST_STD)
        return self.limits_.applied(x, phi @ self.weights_, std)

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,)."""
        used = np.flatnonzero(self.weights_[1:].any(axis=1) | self.factors_[1:].any(axis=1))
        rows = np.append(0, used + 1)
        phi = graph.constant(np.ones(1))
        if len(used):
            phi = graph.concat([phi, self.basis_.graph(x, used)])
        owner = self.owners_ == np.arange(self.weights_.shape[1])[:, None]
        leverage = owner.astype(np.float64) @ graph.square(self.factors_[rows].T @ phi)
        std = graph.maximum(graph.sqrt(self.errors_ * (1.0 + leverage)), LEAST_STD)
        return self.limits_.graph(x, self.weights_[rows].T @ phi, std)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p)."""
        slopes = np.einsum("qkj,kr->qrj", self.basis_.gradients(x), self.weights_[1:])
        return self.limits_.jacobian(x, self.weights_[0] + self.basis_.terms(x) @ self.weights_[1:], slopes)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return (
            prefixed("basis.", self.basis_.state())
            | prefixed("limits.", self.limits_.state())
            | {
                "weights": self.weights_,
                "factors": self.factors_,
                "owners": self.owners_,
                "errors": self.errors_,
            }
        )

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted chaos again."""
        chaos = cls(config)
        chaos.basis_ = Legendre.restore(part(state, "basis."))
        chaos.limits_ = Limits.restore(part(state, "limits."))
        chaos.weights_, chaos.factors_ = state["weights"], state["factors"]
        chaos.owners_, chaos.errors_ = state["owners"], state["errors"]
        return chaos


def _refitted(pursuit: Pursuit, phi: np.ndarray, z: np.ndarray) -> Refitted:
    """Errors of rows that the pursuit's columns, phi (n, k) of z (n, r), are fitted without."""
    basis = phi @ pursuit.factor
    residual = z - basis @ pursuit.coordinates
    noise = np.sum(residual**2, axis=0) / (len(z) - len(pursuit.columns))
    return lambda rows: block_errors(basis[rows] @ basis[rows].T, residual[rows], noise)


register(PCEConfig, PCE)
