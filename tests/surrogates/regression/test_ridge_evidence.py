"""Evidence of ridge regression and of automatic relevance determination, for all outputs at once.

The evidence is log N(z - mean z | 0, C) with C = 1/alpha + Phi Lambda^-1 Phi^T for centred terms, written out with
the n x n matrix C; the fixed points are those of BayesianRidge and ARDRegression of scikit-learn, one by one.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import ARDRegression, BayesianRidge

from fieldwright.surrogates.regression.polynomials import Legendre
from fieldwright.surrogates.regression.ridge_evidence import RATE, SHAPE, CentredTerms
from fieldwright.surrogates.regression.sparse_bayes import COST, sparse_regressions


def outputs(n: int, parameters: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n + parameters)
    x = rng.uniform(-1.0, 1.0, (n, parameters))
    columns = [np.sin(3.0 * x[:, 0] + k) + k * x[:, -1] ** 2 + 0.05 * rng.normal(size=n) for k in range(4)]
    return x, np.stack([*columns, 3.0 * x[:, 0] + 0.1 * rng.normal(size=n)], axis=1)


def log_density(z: np.ndarray, covariance: np.ndarray) -> float:
    volume = np.linalg.slogdet(covariance)[1] + len(z) * math.log(2.0 * math.pi)
    return -0.5 * float(volume + z @ np.linalg.solve(covariance, z))


@pytest.mark.parametrize(("n", "parameters", "degree"), [(30, 2, 3), (40, 4, 1), (25, 3, 4)])
def test_ridge_reaches_the_fixed_point_of_every_output_and_says_its_evidence(
    n: int, parameters: int, degree: int
) -> None:
    x, z = outputs(n, parameters)
    phi = Legendre.fit(x, degree).terms(x)
    ridge = CentredTerms.of(phi).maximised(z)
    centred = phi - phi.mean(axis=0)
    for r in range(z.shape[1]):
        alone = BayesianRidge(alpha_1=SHAPE, lambda_1=SHAPE, alpha_2=RATE, lambda_2=RATE).fit(phi, z[:, r])
        # Iterations that multiply rounding errors of 1e-16 a hundredfold each end within 1e-8.
        np.testing.assert_allclose(ridge.alpha[r], alone.alpha_, rtol=1e-8)
        np.testing.assert_allclose(ridge.precision[r], alone.lambda_, rtol=1e-8)
        np.testing.assert_allclose(ridge.weights[:, r], alone.coef_, atol=1e-8)
        alpha, precision = ridge.alpha[r], ridge.precision[r]
        covariance = np.eye(n) / alpha + centred @ centred.T / precision
        priors = SHAPE * math.log(alpha * precision) - RATE * (alpha + precision)
        expected = log_density(z[:, r] - z[:, r].mean(), covariance) + priors
        # Solving with C loses as many digits as its condition has.
        rounding = np.finfo(float).eps * np.linalg.cond(covariance)
        np.testing.assert_allclose(ridge.evidence[r], expected, rtol=1e-9, atol=rounding)


def test_outputs_learned_together_are_those_learned_alone() -> None:
    x, z = outputs(30, 3)
    terms = CentredTerms.of(Legendre.fit(x, 3).terms(x))
    together = terms.maximised(z)
    for r in range(z.shape[1]):
        alone = terms.maximised(z[:, [r]])
        np.testing.assert_allclose(together.weights[:, [r]], alone.weights, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(together.evidence[r], alone.evidence[0], rtol=1e-10)


def test_relevance_is_that_of_every_output_alone_with_its_evidence() -> None:
    x, z = outputs(40, 3)
    z = np.column_stack([z, np.full(len(x), 2.0)])
    phi = Legendre.fit(x, 4).terms(x)
    results = sparse_regressions(phi, z)
    assert results[-1] is None, "nothing explains what never varies"
    for r, sparse in enumerate(results[:-1]):
        assert sparse is not None
        centred = phi[:, sparse.terms] - phi[:, sparse.terms].mean(axis=0)
        # Terms that are left out are irrelevant: from those that are left, the library ends at the same point.
        alone = ARDRegression(
            alpha_1=SHAPE, lambda_1=SHAPE, alpha_2=RATE, lambda_2=RATE, threshold_lambda=1e10, tol=1e-6
        ).fit(phi[:, sparse.terms], z[:, r])
        # Both stop where the weights move by less than 1e-6 in all.
        np.testing.assert_allclose(sparse.weights, alone.coef_, atol=1e-4)
        np.testing.assert_allclose(sparse.alpha, alone.alpha_, rtol=1e-3)
        covariance = np.eye(len(x)) / sparse.alpha + (centred / sparse.precisions) @ centred.T
        chosen = len(sparse.terms) * COST + math.log(math.comb(phi.shape[1], len(sparse.terms)))
        expected = log_density(z[:, r] - z[:, r].mean(), covariance) - chosen
        rounding = np.finfo(float).eps * np.linalg.cond(covariance)
        np.testing.assert_allclose(sparse.evidence, expected, rtol=1e-8, atol=rounding)
