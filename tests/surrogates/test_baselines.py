"""Linear regression, cubic RBF and sparse polynomial chaos against closed forms and other implementations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from surrogates.kinds import kind_config, regressor_for
from surrogates.radial_basis import CubicRBF


def fit(kind: str, x, z, **settings):
    return regressor_for(kind_config({"kind": kind, **settings})).fit(x, z, seed=0)


def test_linear_recovers_a_plane_and_its_noise():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3))
    z = 1.0 + x @ np.array([[0.5], [-2.0], [0.0]]) + 0.3 * rng.normal(size=(500, 1))
    mean, std = fit("linear", x, z).predict(np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(mean[:, 0], [-0.5, 1.0], atol=0.1)
    np.testing.assert_allclose(std[:, 0], 0.3, rtol=0.1)


def test_linear_predictive_interval_is_students():
    """s^2 (1 + h) with s^2 over n - 2 degrees of freedom, the textbook formula for one input."""
    x, z = np.array([[0.0], [1.0], [2.0], [4.0]]), np.array([[0.1], [0.9], [2.2], [3.8]])
    mean, std = fit("linear", x, z).predict(np.array([[3.0]]))
    slope, intercept = np.polyfit(x[:, 0], z[:, 0], 1)
    s2 = np.sum((z[:, 0] - intercept - slope * x[:, 0]) ** 2) / 2.0
    leverage = 0.25 + (3.0 - 1.75) ** 2 / np.sum((x - 1.75) ** 2)
    assert mean.item() == pytest.approx(intercept + 3.0 * slope)
    assert std.item() == pytest.approx(np.sqrt(s2 * (1.0 + leverage)))


def test_the_cubic_interpolant_equals_scipys():
    rng = np.random.default_rng(1)
    x, z, queries = rng.normal(size=(40, 3)), rng.normal(size=(40, 2)), rng.normal(size=(15, 3))
    reference = RBFInterpolator(x, z, kernel="cubic", degree=1)(queries)
    np.testing.assert_allclose(CubicRBF.fit(x, z)[0](queries), reference, rtol=1e-7, atol=1e-9)


def test_leave_one_out_errors_equal_refitting_without_each_run():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(15, 2))
    z = np.sin(x[:, :1]) + x[:, 1:]
    errors = CubicRBF.fit(x, z)[1]
    for i in range(15):
        rest = np.delete(np.arange(15), i)
        by_hand = z[i] - CubicRBF.fit(x[rest], z[rest])[0](x[i : i + 1])[0]
        np.testing.assert_allclose(errors[i], by_hand, rtol=1e-6, atol=1e-9)


def test_chaos_finds_the_few_terms_that_matter():
    rng = np.random.default_rng(3)
    x = rng.uniform(-1.0, 1.0, (80, 4))
    z = 2.0 + 0.7 * x[:, :1] - 0.4 * x[:, 1:2] * x[:, 2:3]
    fitted = fit("pce", x, z, sparsity=1.0, max_degree=4)
    weights = fitted.weights_[:, 0]
    assert np.count_nonzero(np.abs(weights) > 1e-8) <= 6
    queries = rng.uniform(-1.0, 1.0, (20, 4))
    truth = 2.0 + 0.7 * queries[:, :1] - 0.4 * queries[:, 1:2] * queries[:, 2:3]
    np.testing.assert_allclose(fitted.predict(queries)[0], truth, atol=1e-6)


def test_chaos_on_the_ishigami_function():
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi]^3: variance 13.845 and mean 3.5 are known."""
    rng = np.random.default_rng(4)

    def ishigami(x: np.ndarray) -> np.ndarray:
        return np.sin(x[:, :1]) + 7.0 * np.sin(x[:, 1:2]) ** 2 + 0.1 * x[:, 2:] ** 4 * np.sin(x[:, :1])

    # Two runs in corners, for the basis is orthonormal over the box of the runs.
    x = np.vstack([rng.uniform(-np.pi, np.pi, (300, 3)), np.full((1, 3), np.pi), np.full((1, 3), -np.pi)])
    fitted = fit("pce", x, ishigami(x), max_degree=12, sparsity=1.0)
    # The variance is the sum of the squared weights of an orthonormal basis, the mean the constant.
    assert fitted.weights_[0, 0] == pytest.approx(3.5, abs=0.05)
    assert np.sum(fitted.weights_[1:, 0] ** 2) == pytest.approx(13.845, rel=0.02)


def test_chaos_spread_covers_the_noise():
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.0, 1.0, (120, 2))
    z = x[:, :1] ** 2 + 0.1 * rng.normal(size=(120, 1))
    _, std = fit("pce", x, z).predict(x[:20])
    np.testing.assert_allclose(std, 0.1, rtol=0.3)
