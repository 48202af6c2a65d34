from __future__ import annotations

import numpy as np
import pytest

from data.errors import ModelError
from surrogates.kinds import kind_config, regressor_for
from surrogates.polynomials import Legendre, exponents, number_of_terms


def fit(x, z, **settings):
    return regressor_for(kind_config({"kind": "bayes", **settings})).fit(x, z, seed=0)


@pytest.mark.parametrize("n", [8, 20])
def test_equals_the_closed_form_at_its_own_precisions(n):
    """Known case: w = (-0.25, 0.6) on [1, x^3], noise variance 0.04.

    With the precisions that the evidence chose, S^-1 = alpha Phi^T Phi + lambda I, mean = alpha S Phi^T y and
    variance = 1/alpha + phi^T S phi.
    """
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (n, 1))
    y = -0.25 + 0.6 * x**3 + 0.2 * rng.normal(size=(n, 1))
    fitted = fit(x, y, degree=3, decay=1.0)
    alpha, prior = fitted.alpha_[0], fitted.lambda_[0]
    phi = fitted.basis_.terms(x)
    queries = np.linspace(-1.0, 1.0, 9)[:, None]
    centred, asked = phi - phi.mean(axis=0), fitted.basis_.terms(queries) - phi.mean(axis=0)
    covariance = np.linalg.inv(alpha * centred.T @ centred + prior * np.eye(3))
    weights = alpha * covariance @ centred.T @ (y - y.mean())[:, 0]
    mean, std = fitted.predict(queries)
    np.testing.assert_allclose(mean[:, 0], y.mean() + asked @ weights, rtol=1e-6, atol=1e-8)
    variance = (1.0 + 1.0 / n) / alpha + np.sum(asked @ covariance * asked, axis=1)
    np.testing.assert_allclose(std[:, 0] ** 2, variance, rtol=1e-6)


def test_the_most_probable_weights_are_those_of_ridge_regression():
    rng = np.random.default_rng(1)
    x = rng.uniform(-1.0, 1.0, (30, 2))
    y = x[:, :1] ** 2 + 0.1 * rng.normal(size=(30, 1))
    fitted = fit(x, y, degree=2, decay=1.0)
    phi = fitted.basis_.terms(x)
    centred = phi - phi.mean(axis=0)
    penalty = fitted.lambda_[0] / fitted.alpha_[0]
    ridge = np.linalg.solve(centred.T @ centred + penalty * np.eye(phi.shape[1]), centred.T @ (y - y.mean()))
    np.testing.assert_allclose(fitted.weights_, ridge, rtol=1e-6, atol=1e-9)


def test_decay_is_a_prior_that_falls_with_the_degree():
    """With one lambda for decay^degree phi, the weights are those of the penalty lambda decay^(-2 degree)."""
    rng = np.random.default_rng(6)
    x = rng.uniform(-1.0, 1.0, (12, 1))
    y = np.exp(x) + 0.1 * rng.normal(size=x.shape)
    fitted = fit(x, y, degree=4, decay=0.5)
    phi = fitted.basis_.terms(x)
    centred, penalty = phi - phi.mean(axis=0), fitted.lambda_[0] * 0.25 ** -np.arange(1.0, 5.0)
    covariance = np.linalg.inv(fitted.alpha_[0] * centred.T @ centred + np.diag(penalty))
    np.testing.assert_allclose(
        fitted.weights_, fitted.alpha_[0] * covariance @ centred.T @ (y - y.mean()), rtol=1e-5, atol=1e-9
    )
    asked = fitted.basis_.terms(np.array([[0.3]])) - phi.mean(axis=0)
    variance = (1.0 + 1.0 / 12.0) / fitted.alpha_[0] + (asked @ covariance @ asked.T).item()
    assert fitted.predict(np.array([[0.3]]))[1].item() ** 2 == pytest.approx(variance, rel=1e-6)


def test_recovers_known_weights_and_noise():
    rng = np.random.default_rng(2)
    x = rng.uniform(-1.0, 1.0, (400, 1))
    fitted = fit(x, -0.25 + 0.6 * x**3 + 0.2 * rng.normal(size=x.shape), degree=3)
    queries = np.linspace(-1.0, 1.0, 21)[:, None]
    np.testing.assert_allclose(fitted.predict(queries)[0], -0.25 + 0.6 * queries**3, atol=0.06)
    assert 1.0 / fitted.alpha_[0] == pytest.approx(0.04, rel=0.2)


def test_the_evidence_chooses_the_degree_of_the_truth():
    rng = np.random.default_rng(3)
    x = rng.uniform(-1.0, 1.0, (60, 2))
    truth = [x[:, 0], x[:, 0] * x[:, 1], x[:, 0] ** 4 - x[:, 1] ** 2]
    z = np.stack(truth, axis=1) + 0.02 * rng.normal(size=(60, 3))
    assert fit(x, z).degree_.tolist() == [1, 2, 4]


def test_the_spread_grows_where_the_data_end():
    rng = np.random.default_rng(4)
    x = rng.uniform(-1.0, 1.0, (40, 1))
    _, std = fit(x, np.sin(3.0 * x) + 0.1 * rng.normal(size=x.shape), degree=5).predict(
        np.array([[0.0], [1.3], [2.0]])
    )
    assert std[0, 0] < std[1, 0] < std[2, 0]


@pytest.mark.parametrize("degree", [0, 40])
def test_refuses_a_degree_that_gives_no_or_too_many_terms(degree):
    with pytest.raises(ModelError, match=r"must have 1 to 400 terms .*Got \d+ terms of degree"):
        fit(np.zeros((5, 2)), np.zeros((5, 1)), degree=degree)


@pytest.mark.parametrize(("p", "degree"), [(1, 4), (2, 3), (5, 2), (11, 2)])
def test_every_product_of_the_total_degree_stands_once(p, degree):
    powers = exponents(p, degree)
    assert len(powers) == len(np.unique(powers, axis=0)) == number_of_terms(p, degree)
    assert powers.sum(axis=1).min() == 1
    assert powers.sum(axis=1).max() == degree
    assert (np.diff(powers.sum(axis=1)) >= 0).all()


def test_the_basis_is_orthonormal_over_its_box():
    side = np.polynomial.legendre.leggauss(8)
    a, b = np.meshgrid(side[0], side[0])
    weight = np.outer(side[1], side[1]).ravel() / 4.0
    box = Legendre(np.array([2.0, -1.0]), np.array([4.0, 3.0]), exponents(2, 4))
    phi = box.terms(np.stack([3.0 + a.ravel(), 1.0 + 2.0 * b.ravel()], axis=1))
    np.testing.assert_allclose(phi.T @ (weight[:, None] * phi), np.eye(phi.shape[1]), atol=1e-12)
    np.testing.assert_allclose(weight @ phi, 0.0, atol=1e-12)
