from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.regression.polynomials import Legendre, exponents, number_of_terms
from fieldwright.surrogates.regression.weight_posterior import WeightPosterior
from fieldwright.surrogates.regressors import kind_config, regressor_for


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
    fitted = fit(x, y, degree=3, decay=1.0, prior="ridge")
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
    fitted = fit(x, y, degree=2, decay=1.0, prior="ridge")
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
    fitted = fit(x, y, degree=4, decay=0.5, prior="ridge")
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


def test_a_single_parameter_may_take_high_degrees():
    """cos 10x needs the degree 14 for three digits: Legendre coefficients fall off beyond the wave number."""
    x = np.linspace(-1.0, 1.0, 60)[:, None]
    fitted = fit(x, np.cos(10.0 * x))
    assert fitted.degree_[0] >= 14
    between = x[:-1] + 0.5 / 60
    np.testing.assert_allclose(fitted.predict(between)[0], np.cos(10.0 * between), atol=1e-3)


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


@pytest.mark.parametrize("n", [0, 1, 3, 20])
def test_the_posterior_run_by_run_is_the_classical_one(n):
    """w = (-0.25, 0.6) on [1, x^3], noise variance 0.04, prior variance 0.5, n runs in [-1, 1].

    S^-1 = Phi^T Phi / 0.04 + I / 0.5, mean = S Phi^T y / 0.04, predictive variance 0.04 + phi^T S phi.
    """
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, n)
    phi = np.stack([np.ones(n), x**3], axis=1)
    y = phi @ [-0.25, 0.6] + 0.2 * rng.normal(size=n)
    posterior = WeightPosterior.prior(np.array([0.5, 0.5]), 0.04)
    for row, answer in zip(phi, y, strict=True):
        posterior = posterior.update(row, answer)
    covariance = np.linalg.inv(phi.T @ phi / 0.04 + np.eye(2) / 0.5)
    np.testing.assert_allclose(posterior.covariance, covariance, rtol=1e-10)
    np.testing.assert_allclose(posterior.mean, covariance @ phi.T @ y / 0.04, rtol=1e-8, atol=1e-12)
    queries = np.stack([np.ones(5), np.linspace(-1.0, 1.0, 5) ** 3], axis=1)
    variance = posterior.predict(queries)[1]
    np.testing.assert_allclose(variance, 0.04 + np.sum(queries @ covariance * queries, axis=1), rtol=1e-10)
    draws = posterior.draws(20000, seed=1)
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.05 * covariance.max())
    # The most probable weights are those of ridge regression with the penalty noise / prior variance.
    ridge = np.linalg.solve(phi.T @ phi + 0.04 / 0.5 * np.eye(2), phi.T @ y)
    np.testing.assert_allclose(posterior.mean, ridge, rtol=1e-8, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), more=st.integers(1, 6), prior=st.sampled_from(["ridge", "ard"]))
def test_updated_run_by_run_equals_the_posterior_of_all_runs_at_the_same_precisions(seed, more, prior):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, (24, 2))
    z = np.stack([x[:, 0] * x[:, 1] + x[:, 0], x[:, 1] ** 2], axis=1) + 0.1 * rng.normal(size=(24, 2))
    first = updated = fit(x, z, degree=3, decay=0.5, prior=prior)
    new = rng.uniform(-1.5, 1.5, (more, 2))
    answers = rng.normal(size=(more, 2))
    for row, answer in zip(new, answers, strict=True):
        updated = updated.update(row, answer)
    queries = rng.uniform(-1.0, 1.0, (7, 2))
    phi = np.hstack([np.ones((24 + more, 1)), first.basis_.terms(np.vstack([x, new]))])
    asked = np.hstack([np.ones((7, 1)), first.basis_.terms(queries)])
    mean, std = updated.predict(queries)
    for r in range(2):
        used, precision = prior_of(first, r)
        columns = np.append(0, used + 1)
        # The constant has no prior; the others have theirs.
        inverse = first.alpha_[r] * phi[:, columns].T @ phi[:, columns] + np.diag(np.append(0.0, precision))
        covariance = np.linalg.inv(inverse)
        weights = first.alpha_[r] * covariance @ phi[:, columns].T @ np.concatenate([z[:, r], answers[:, r]])
        variance = 1.0 / first.alpha_[r] + np.sum(asked[:, columns] @ covariance * asked[:, columns], axis=1)
        np.testing.assert_allclose(mean[:, r], asked[:, columns] @ weights, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(std[:, r] ** 2, variance, rtol=1e-8)


def prior_of(fitted, r: int) -> tuple[np.ndarray, np.ndarray]:
    """Terms in use of output r and the precisions of their weights, read off its eigendecomposition.

    With rows P^(-1/2) V in it and V orthogonal, the squares of each row sum to the prior variance.
    """
    key = f"sparse {r}" if fitted.sparse_[r] else f"{fitted.degree_[r]},{float(fitted.decay_[r])!r}"
    variance = np.sum(fitted.vectors_[key] ** 2, axis=1)
    used = np.flatnonzero(variance)
    return used, fitted.lambda_[r] / variance[used]


def test_an_updated_regression_survives_its_state_and_leaves_the_old_one_alone():
    rng = np.random.default_rng(7)
    x = rng.uniform(-1.0, 1.0, (20, 1))
    fitted = fit(x, np.sin(2.0 * x))
    before = fitted.predict(x)
    updated = fitted.update(np.array([1.2]), np.array([5.0]))
    np.testing.assert_array_equal(fitted.predict(x), before)
    assert not np.array_equal(updated.predict(x), before)
    again = type(updated).restore(updated.config, {k: v.copy() for k, v in updated.state().items()})
    np.testing.assert_array_equal(again.predict(x), updated.predict(x))


def test_relevance_is_determined_term_by_term():
    """Of 55 products in five parameters three matter; one precision for all cannot know which."""
    rng = np.random.default_rng(8)
    x, queries = rng.uniform(-1.0, 1.0, (40, 5)), rng.uniform(-1.0, 1.0, (50, 5))

    def truth(x: np.ndarray) -> np.ndarray:
        return x[:, :1] + 2.0 * x[:, 1:2] * x[:, 2:3] - x[:, 1:2] * x[:, 3:4] * x[:, 4:]

    z = truth(x) + 1e-3 * rng.normal(size=(40, 1))
    errors = {}
    for prior in ("ridge", "ard", "auto"):
        mean, std = fit(x, z, prior=prior, max_degree=3).predict(queries)
        errors[prior] = np.sqrt(np.mean((mean - truth(queries)) ** 2))
        assert 0.1 < np.median(np.abs(mean - truth(queries)) / std) < 3.0 or prior == "ridge"
    assert errors["auto"] == errors["ard"] < 2e-3 < 0.1 * errors["ridge"]
    assert fit(x, z, max_degree=3).sparse_.all()


def test_one_precision_is_kept_where_every_term_matters():
    rng = np.random.default_rng(9)
    x = rng.uniform(-1.0, 1.0, (200, 3))
    basis = Legendre.fit(x, 2)
    z = basis.terms(x) @ rng.normal(size=(9, 4)) + 0.05 * rng.normal(size=(200, 4))
    fitted = fit(x, z, max_degree=2)
    assert not fitted.sparse_.any()


def test_outside_its_data_bayes_is_far_off_and_the_domain_says_so():
    """sqrt(x) sin(x), 30 runs on [0, 10], noise 0.2, powers to 9: inside as good as the noise, at 11 no more."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0.0, 10.0, (30, 1)), axis=0)
    truth = np.sqrt(x) * np.sin(x)
    z = truth + 0.2 * rng.normal(size=x.shape)
    fitted = fit(x, z, degree=9, prior="ridge")
    mean, std = fitted.predict(np.vstack([x, [[11.0]]]))
    assert np.sqrt(np.mean((mean[:-1] - truth) ** 2)) < 0.2
    far = np.sqrt(11.0) * np.sin(11.0)
    assert far == pytest.approx(-3.317, abs=1e-3)
    assert abs(mean[-1, 0] - far) > 2.0
    assert std[-1, 0] > 5.0 * std[:-1].max()
    domain = Domain.fit(x)
    assert domain.inside(x).all()
    assert not domain.inside(np.array([[11.0]]))[0]
