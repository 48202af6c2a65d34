"""Runs repeated at the same parameters: pooled exactly, and their noise estimated from place to place."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.surrogates.gaussian_process.kernel import Structure
from fieldwright.surrogates.gaussian_process.likelihood import Objective, Sample
from fieldwright.surrogates.gaussian_process.repeats import Heteroscedastic, Pooled, noise_pattern
from fieldwright.surrogates.regressors import kind_config, regressor_for


def gp(**settings):
    return regressor_for(kind_config({"kind": "gp", **settings}))


def repeated(places: int, times: int, noise, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.repeat(rng.uniform(-1.7, 1.7, (places, 1)), times, axis=0)
    order = rng.permutation(len(x))
    x = x[order]
    return x, np.sin(2.0 * x) + noise(x) * rng.normal(size=x.shape)


def rising(x: np.ndarray) -> np.ndarray:
    """From 0.02 to 0.4."""
    return 0.09 * np.exp(0.88 * x)


def test_places_keep_their_order_mean_number_and_scatter():
    x = np.array([[2.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 1.0], [2.0, 0.0]])
    z = np.array([[1.0], [5.0], [2.0], [7.0], [6.0]])
    pooled = Pooled.of(x, z)
    np.testing.assert_array_equal(pooled.x, [[2.0, 0.0], [1.0, 0.0], [3.0, 1.0]])
    np.testing.assert_array_equal(pooled.z[:, 0], [3.0, 5.0, 7.0])
    np.testing.assert_array_equal(pooled.counts, [3, 1, 1])
    np.testing.assert_allclose(pooled.scatter[:, 0], [14.0, 0.0, 0.0])


def test_the_likelihood_of_pooled_runs_is_that_of_all_of_them():
    x, z = repeated(8, 3, lambda x: 0.1 + 0.0 * x, 0)
    pooled = Pooled.of(x, z)
    (sample,) = pooled.samples(np.ones_like(pooled.z))
    few, all_runs = Objective(pooled.x, Structure()), Objective(x, Structure())
    # They differ by what no hyperparameter changes: half the sum of the logarithms of the numbers of repeats.
    constant = 0.5 * np.log(pooled.counts).sum()
    for theta in (np.log([1.0, 1e-2]), np.log([0.4, 0.3])):
        value, gradient = few(theta, sample)
        reference, reference_gradient = all_runs(theta, Sample.once(z[:, 0]))
        assert value + constant == pytest.approx(reference)
        np.testing.assert_allclose(gradient, reference_gradient, rtol=1e-6)


def test_pooled_runs_are_answered_as_all_of_them():
    x, z = repeated(12, 3, lambda x: 0.1 + 0.0 * x, 1)
    pooled = gp(kernel="matern52").fit(x, z, seed=0)
    assert len(pooled.posterior_.x) == 12
    # Distances of 1e-6 make every run a place of its own.
    apart = x + 1e-6 * np.arange(len(x))[:, None]
    whole = gp(kernel="matern52").fit(apart, z, seed=0)
    queries = np.linspace(-1.5, 1.5, 7)[:, None]
    for one, other in zip(pooled.predict(queries), whole.predict(queries), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=2e-3)


def test_the_noise_follows_the_repeats():
    x, z = repeated(40, 6, rising, 2)
    fitted = gp().fit(x, z, seed=0)
    assert isinstance(fitted.posterior_.hyper, Heteroscedastic)
    queries = np.linspace(-1.4, 1.4, 9)[:, None]
    std = fitted.predict(queries)[1]
    assert (std / rising(queries) > 0.6).all()
    assert (std / rising(queries) < 1.6).all()


def test_bands_of_changing_noise_cover_alike_everywhere():
    x, z = repeated(40, 6, rising, 3)
    new, truth = repeated(400, 1, rising, 4)
    fitted, level = gp().fit(x, z, seed=0), gp().fit(x + 1e-9 * np.arange(len(x))[:, None], z, seed=0)
    low, high = new[:, 0] < -0.85, new[:, 0] > 0.85

    def coverage(model, rows: np.ndarray) -> float:
        mean, std = model.predict(new[rows])
        return float(np.mean(np.abs(truth[rows] - mean) < 1.645 * std))

    assert abs(coverage(fitted, low) - 0.9) < 0.08
    assert abs(coverage(fitted, high) - 0.9) < 0.08
    assert coverage(level, low) > 0.98
    assert coverage(level, high) < 0.85


def test_equal_noise_stays_equal():
    changed = 0
    for seed in range(5):
        x, z = repeated(30, 4, lambda x: 0.2 + 0.0 * x, seed)
        pattern = noise_pattern(Pooled.of(x, z))
        if pattern is not None:
            level = np.exp(pattern.predict(pattern.x)[0].numpy())
            changed += level.max() > 2.0 * level.min()
    assert changed == 0


def test_a_solver_that_answers_the_same_twice_has_no_noise():
    x = np.repeat(np.linspace(-1.7, 1.7, 12)[:, None], 2, axis=0)
    fitted = gp().fit(x, np.sin(x), seed=0)
    assert not isinstance(fitted.posterior_.hyper, Heteroscedastic)
    assert fitted.hyperparameters.noise.item() < 1e-6


def test_changing_noise_restores_bit_for_bit():
    x, z = repeated(30, 5, rising, 5)
    fitted = gp().fit(x, z, seed=0)
    again = type(fitted).restore(fitted.config, fitted.state())
    np.testing.assert_array_equal(again.predict(x), fitted.predict(x))
