"""Sparse polynomial chaos: only those polynomials that leave-one-out errors ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from surrogates.kinds import KindConfig, register
from surrogates.polynomials import Legendre, number_of_terms
from surrogates.states import part, prefixed

LEAST_STD = 1e-8
DEPENDENT = 1e-10


class PCEConfig(KindConfig):
    """Settings of sparse polynomial chaos.

    max_degree: largest total degree of a candidate; lowered until there are at most max_candidates.
    sparsity: q of the hyperbolic set (sum_j a_j^q)^(1/q) <= degree; below 1 it leaves out high interactions.
    """

    kind: Literal["pce"] = "pce"
    max_degree: int = Field(default=10, ge=1, le=30)
    max_candidates: int = Field(default=1000, ge=1)
    sparsity: float = Field(default=0.75, gt=0.0, le=1.0)


class PCE:
    """z = sum_k c_k phi_k(x), phi_k products of Legendre polynomials chosen one by one for each output.

    Each step takes the term most correlated with the residual; the number of terms is that of the least
    leave-one-out error (1/n) sum (residual_i / (1 - h_i))^2, times n/(n - k) (1 + tr (Phi^T Phi)^-1)
    against choosing too many. Variance: that error times 1 + h(x), h the leverage of the query. Source:
    Blatman & Sudret, J. Comput. Phys. 230, 2011, with orthogonal matching pursuit in place of least angles
    (Jakeman, Eldred & Sargsyan, J. Comput. Phys. 289, 2015).
    """

    def __init__(self, config: PCEConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r); nothing here is random."""
        self.basis_ = self._candidates(x)
        phi = np.hstack([np.ones((len(x), 1)), self.basis_.terms(x)])
        weights, factors, owners, errors = [], [], [], []
        for r in range(z.shape[1]):
            factor, coordinates, error = self._chosen(phi, z[:, r])
            weights.append(factor @ coordinates)
            factors.append(factor)
            owners += [r] * factor.shape[1]
            errors.append(error)
        self.weights_ = np.stack(weights, axis=1)
        self.factors_, self.owners_ = np.hstack(factors), np.array(owners)
        self.errors_ = np.array(errors)
        return self

    def _chosen(self, phi: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """The pursuit over candidates of that largest degree which gives the least error.

        Raising the degree step by step keeps few runs from being matched by chance among many candidates.
        """
        total = np.append(0, self.basis_.total_degree)
        best: tuple[np.ndarray, np.ndarray, float] | None = None
        losses = 0
        for degree in np.unique(total)[1:]:
            used = total <= degree
            factor, coordinates, error = _pursue(phi[:, used], z)
            if best is None or error < best[2]:
                spread = np.zeros((len(total), factor.shape[1]))
                spread[used] = factor
                best, losses = (spread, coordinates, error), 0
            elif (losses := losses + 1) == 2:
                break
        assert best is not None
        return best

    def _candidates(self, x: np.ndarray) -> Legendre:
        degree, p = self.config.max_degree, x.shape[1]
        while degree > 1 and number_of_terms(p, degree) > 20 * self.config.max_candidates:
            degree -= 1
        basis = Legendre.fit(x, degree)
        q = self.config.sparsity
        norm = np.sum(basis.exponents.astype(float) ** q, axis=1) ** (1.0 / q)
        order = np.argsort(norm, kind="stable")
        kept = order[norm[order] <= degree + 1e-9][: self.config.max_candidates]
        return Legendre(basis.lower, basis.upper, basis.exponents[np.sort(kept)])

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), at x (q, p)."""
        phi = np.hstack([np.ones((len(x), 1)), self.basis_.terms(x)])
        owner = self.owners_[:, None] == np.arange(self.weights_.shape[1])
        leverage = (phi @ self.factors_) ** 2 @ owner
        return phi @ self.weights_, np.maximum(np.sqrt(self.errors_ * (1.0 + leverage)), LEAST_STD)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return prefixed("basis.", self.basis_.state()) | {
            "weights": self.weights_,
            "factors": self.factors_,
            "owners": self.owners_,
            "errors": self.errors_,
        }

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted chaos again."""
        chaos = cls(config)
        chaos.basis_ = Legendre.restore(part(state, "basis."))
        chaos.weights_, chaos.factors_ = state["weights"], state["factors"]
        chaos.owners_, chaos.errors_ = state["owners"], state["errors"]
        return chaos


def _pursue(phi: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Orthogonal matching pursuit of z (n,) in the columns of phi (n, terms), the constant first.

    Returns F (terms, k) such that phi F has orthonormal columns, the coordinates (k,) of z in them, and the
    corrected leave-one-out error of the k terms.
    """
    n, terms = phi.shape
    factor = np.zeros((terms, 0))
    orthonormal = np.zeros((n, 0))
    residual, leverage = z.copy(), np.zeros(n)
    size = np.linalg.norm(phi, axis=0)
    best, best_k, waited = np.inf, 1, 0
    for k in range(1, min(n, terms) + (n <= 1)):
        if k == 1:
            chosen = 0
        else:
            rest = np.sqrt(np.maximum(size**2 - np.sum((orthonormal.T @ phi) ** 2, axis=0), 0.0))
            independent = rest > DEPENDENT * size
            gain = np.abs(residual @ phi) / np.where(independent, rest, np.inf)
            chosen = int(gain.argmax())
            if gain[chosen] == 0.0:
                break
        direction = np.zeros(terms)
        direction[chosen] = 1.0
        column = phi[:, chosen]
        # Twice is enough (Kahan): a second pass removes what rounding left of the earlier directions.
        for _ in range(2):
            along = orthonormal.T @ column
            column, direction = column - orthonormal @ along, direction - factor @ along
        length = np.linalg.norm(column)
        orthonormal = np.column_stack([orthonormal, column / length])
        factor = np.column_stack([factor, direction / length])
        residual = residual - orthonormal[:, -1] * (orthonormal[:, -1] @ residual)
        leverage = leverage + orthonormal[:, -1] ** 2
        if k == n:
            break
        error = float(np.mean((residual / np.maximum(1.0 - leverage, DEPENDENT)) ** 2))
        error *= n / (n - k) * (1.0 + float(np.sum(factor**2)))
        waited += 1
        if error < best:
            best, best_k, waited = error, k, 0
        if waited > 20 or error <= LEAST_STD**2:
            break
    factor, orthonormal = factor[:, :best_k], orthonormal[:, :best_k]
    return factor, orthonormal.T @ z, best


register(PCEConfig, PCE)
