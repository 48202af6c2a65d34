"""Automatic relevance determination: Bayesian regression in which every term has a precision of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.regression.pursuit import pursue

VAGUE = 1e-12
"""Rate of the Gamma priors of all precisions."""
IRRELEVANT = 1e10
"""Precision beyond which a term is dropped: its weight is below 1e-5 of the spread."""
COST = math.log(math.log(1e8) / math.sqrt(4.0 * math.pi))
"""Of each precision that the data fix, in evidence: its prior is even over eight decades, its posterior has the std
sqrt(2) in the logarithm (MacKay, Neural Computation 4, 1992, section 3.3)."""


@dataclass(frozen=True, eq=False)
class SparseRegression:
    """z = mean z + w^T (phi - mean phi) + noise, w_k ~ N(0, 1/precision_k), noise ~ N(0, 1/alpha).

    terms: (k,) indices of the terms that are left. evidence: logarithm, with the cost of choosing them.
    """

    terms: np.ndarray
    weights: np.ndarray
    precisions: np.ndarray
    alpha: float
    evidence: float


def sparse_regression(phi: np.ndarray, z: np.ndarray) -> SparseRegression | None:
    """Learns from phi (n, terms), without the constant, and z (n,); None where no term is relevant.

    A matching pursuit chooses the terms first: with more terms than runs the evidence has many maxima.
    """
    # Its import takes seconds, which an endpoint that only predicts should not wait for.
    from sklearn.linear_model import ARDRegression

    columns = pursue(np.hstack([np.ones((len(phi), 1)), phi]), z[:, None]).columns
    terms = np.sort(columns[columns > 0]) - 1
    if not len(terms) or len(z) < 4 or not np.ptp(z):
        return None
    model = ARDRegression(alpha_2=VAGUE, lambda_2=VAGUE, threshold_lambda=IRRELEVANT, tol=1e-6)
    model.fit(phi[:, terms], z)
    relevant = model.lambda_ < IRRELEVANT
    terms, precisions, alpha = terms[relevant], model.lambda_[relevant], float(model.alpha_)
    if not len(terms):
        return None
    centred = phi[:, terms] - phi[:, terms].mean(axis=0)
    inverse = np.diag(precisions) + alpha * centred.T @ centred
    weights = alpha * np.linalg.solve(inverse, centred.T @ z)
    evidence = _evidence(centred, z - z.mean(), weights, precisions, alpha, inverse)
    evidence -= len(terms) * COST + math.log(math.comb(phi.shape[1], len(terms)))
    return SparseRegression(terms, weights, precisions, alpha, evidence)


def _evidence(
    phi: np.ndarray,
    z: np.ndarray,
    weights: np.ndarray,
    precisions: np.ndarray,
    alpha: float,
    inverse: np.ndarray,
) -> float:
    """Return log N(z | 0, 1/alpha + Phi diag(1/precision) Phi^T); inverse: of the weights' covariance."""
    misfit = alpha * float(np.sum((z - phi @ weights) ** 2)) + float(precisions @ weights**2)
    volume = float(np.log(precisions).sum()) - float(np.linalg.slogdet(inverse)[1])
    return 0.5 * (volume + len(z) * math.log(alpha / (2.0 * math.pi)) - misfit)
