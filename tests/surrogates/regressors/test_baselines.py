"""Linear regression, cubic RBF and sparse polynomial chaos against closed forms and other implementations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from fieldwright.surrogates.regression.radial_basis import RadialBasis
from fieldwright.surrogates.regressors import kind_config, load_kinds, regressor_for
from fieldwright.surrogates.search.search_space import Choices, NumberRange


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
    np.testing.assert_allclose(RadialBasis.fit(x, z)[0](queries), reference, rtol=1e-7, atol=1e-9)


def test_leave_one_out_errors_equal_refitting_without_each_run():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(15, 2))
    z = np.sin(x[:, :1]) + x[:, 1:]
    errors = RadialBasis.fit(x, z)[1]
    for i in range(15):
        rest = np.delete(np.arange(15), i)
        by_hand = z[i] - RadialBasis.fit(x[rest], z[rest])[0](x[i : i + 1])[0]
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


def test_chaos_knows_the_sobol_indices_of_the_ishigami_function():
    """Of an orthonormal basis the squared weights are the variances; a = 7, b = 0.1 gives closed forms.

    V1 = (1 + b pi^4/5)^2 / 2, V2 = a^2/8, V13 = b^2 pi^8 (1/18 - 1/50), all others zero: first-order indices
    0.3139, 0.4424, 0, total ones 0.5576, 0.4424, 0.2437 (Sudret, Reliab. Eng. Syst. Saf. 93, 2008).
    """
    rng = np.random.default_rng(6)

    def ishigami(x: np.ndarray) -> np.ndarray:
        return np.sin(x[:, :1]) + 7.0 * np.sin(x[:, 1:2]) ** 2 + 0.1 * x[:, 2:] ** 4 * np.sin(x[:, :1])

    x = np.vstack([rng.uniform(-np.pi, np.pi, (250, 3)), np.full((1, 3), np.pi), np.full((1, 3), -np.pi)])
    fitted = fit("pce", x, ishigami(x), max_degree=14, sparsity=1.0)
    powers, squares = fitted.basis_.exponents > 0, fitted.weights_[1:, 0] ** 2
    first = [squares[powers[:, j] & (powers.sum(axis=1) == 1)].sum() / squares.sum() for j in range(3)]
    whole = [squares[powers[:, j]].sum() / squares.sum() for j in range(3)]
    b, pi = 0.1, np.pi
    v1, v2, v13 = (1.0 + b * pi**4 / 5.0) ** 2 / 2.0, 49.0 / 8.0, b**2 * pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    total = v1 + v2 + v13
    np.testing.assert_allclose(first, [v1 / total, v2 / total, 0.0], atol=2e-3)
    np.testing.assert_allclose(whole, [(v1 + v13) / total, v2 / total, v13 / total], atol=2e-3)


def test_every_kind_says_settings_that_it_has():
    for config in load_kinds().configs.values():
        for name, choice in config.space.items():
            assert name in config.model_fields
            tried = choice.values if isinstance(choice, Choices) else (choice.low, choice.high)
            for value in tried:
                made = config.model_validate(
                    {name: int(value) if isinstance(choice, NumberRange) and choice.integer else value}
                )
                assert getattr(made, name) == value


@pytest.mark.parametrize(
    ("kind", "runs", "parameters", "suits"),
    [
        ("pce", 7, 2, False),
        ("pce", 20, 11, False),
        ("pce", 22, 11, True),
        ("mlp", 12, 2, False),
        ("mlp", 20, 2, True),
    ]
    + [(kind, runs, 3, runs > 4) for kind in ("bayes", "rbf", "linear") for runs in (4, 5)],
)
def test_a_search_is_told_where_a_kind_suits(kind, runs, parameters, suits):
    assert load_kinds().configs[kind].suits(runs, parameters, None) == suits
