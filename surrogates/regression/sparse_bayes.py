"""Automatic relevance determination: Bayesian regression in which every term has a precision of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.regression.pursuit import pursue
from fieldwright.surrogates.regression.ridge_evidence import MOST_ITERATIONS, RATE, SHAPE

TOLERANCE = 1e-6
"""Sum of the changes of the weights, below which an output has converged."""
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


def sparse_regressions(phi: np.ndarray, z: np.ndarray) -> list[SparseRegression | None]:
    """Learns each output of z (n, r) from phi (n, terms), without the constant; None where no term is relevant.

    A matching pursuit chooses the terms of each output first: with more terms than runs the evidence has many maxima.
    """
    n = len(phi)
    if n < 4:
        return [None] * z.shape[1]
    chosen_terms = [_terms_of(phi, column) for column in z.T]
    designs = [phi[:, terms] - phi[:, terms].mean(axis=0) for terms in chosen_terms]
    centred = z - z.mean(axis=0)
    precisions, alphas = _maximised(designs, centred)
    results: list[SparseRegression | None] = []
    for terms, design, precision, alpha, column in zip(
        chosen_terms, designs, precisions, alphas, centred.T, strict=True
    ):
        relevant = precision < IRRELEVANT
        if not relevant.any():
            results.append(None)
            continue
        terms, design, precision = terms[relevant], design[:, relevant], precision[relevant]
        inverse = np.diag(precision) + alpha * design.T @ design
        weights = alpha * np.linalg.solve(inverse, design.T @ column)
        evidence = _evidence(design, column, weights, precision, alpha, inverse)
        evidence -= len(terms) * COST + math.log(math.comb(phi.shape[1], len(terms)))
        results.append(SparseRegression(terms, weights, precision, alpha, evidence))
    return results


def _terms_of(phi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The terms of an output z (n,) that a matching pursuit takes; none where it never varies."""
    if not np.ptp(z):
        return np.zeros(0, dtype=np.int64)
    columns = pursue(np.hstack([np.ones((len(phi), 1)), phi]), z[:, None]).columns
    return np.sort(columns[columns > 0]) - 1


def _maximised(designs: list[np.ndarray], z: np.ndarray) -> tuple[list[np.ndarray], list[float]]:
    """Precisions of the terms and of the noise of highest evidence, for centred terms (n, k) and outputs z (n, r).

    With S = (diag(precision) + alpha Phi^T Phi)^-1 and gamma_k = 1 - precision_k S_kk, precision_k = gamma_k / w_k^2
    and alpha = (n - sum gamma) / |residual|^2, in turn with the weights w = alpha S Phi^T z; terms beyond IRRELEVANT
    leave. Source: MacKay, Neural Computation 4, 1992; it is the algorithm of scikit-learn's ARDRegression, for all
    outputs at once. S is found as D (1 + alpha D Phi^T Phi D)^-1 D with D = precision^(-1/2), whose inner matrix has
    no eigenvalue below 1, however the precisions differ.
    """
    n, widest = len(z), max((design.shape[1] for design in designs), default=0)
    phi = np.zeros((len(designs), n, widest))
    for r, design in enumerate(designs):
        phi[r, :, : design.shape[1]] = design
    targets = z.T[:, :, None]
    gram, moments = phi.transpose(0, 2, 1) @ phi, (phi.transpose(0, 2, 1) @ targets)[..., 0]
    present = np.array([np.arange(widest) < design.shape[1] for design in designs]).reshape(
        len(designs), widest
    )
    precision, alpha = np.ones(present.shape), 1.0 / (z.var(axis=0) + np.finfo(np.float64).eps)
    weights, unit = np.zeros(present.shape), np.eye(widest)
    live = np.flatnonzero(present.any(axis=1))
    for iteration in range(MOST_ITERATIONS):
        if not len(live):
            break
        root = present[live] / np.sqrt(precision[live])
        noise = alpha[live, None]
        inner = unit + noise[..., None] * root[:, :, None] * gram[live] * root[:, None, :]
        inverse = np.linalg.inv(inner)
        new = noise * root * (inverse @ (root * moments[live])[..., None])[..., 0]
        residual = np.sum((targets[live] - phi[live] @ new[..., None]) ** 2, axis=(1, 2))
        fixed = present[live] * (1.0 - np.diagonal(inverse, axis1=1, axis2=2))
        update = (fixed + 2.0 * SHAPE) / (new**2 + 2.0 * RATE)
        precision[live] = np.where(present[live], update, precision[live])
        alpha[live] = (n - fixed.sum(axis=1) + 2.0 * SHAPE) / (residual + 2.0 * RATE)
        present[live] &= precision[live] < IRRELEVANT
        new = new * present[live]
        moved = np.sum(np.abs(new - weights[live]), axis=1) >= TOLERANCE
        weights[live] = new
        live = live[(moved | (iteration == 0)) & present[live].any(axis=1)]
    sizes = [design.shape[1] for design in designs]
    return [each[:size] for each, size in zip(precision, sizes, strict=True)], alpha.tolist()


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
