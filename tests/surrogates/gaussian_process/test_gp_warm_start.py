"""A Gaussian process that learns from more runs than before, or from a part of them."""

from __future__ import annotations

import numpy as np
import torch

from fieldwright.surrogates.gaussian_process.likelihood import Objective, Sample
from fieldwright.surrogates.gaussian_process.optimum import optimum_of
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.regressors import kind_config, regressor_for


def gp(**settings):
    return regressor_for(kind_config({"kind": "gp", **settings}))


def losses(fitted, x: np.ndarray, z: np.ndarray) -> list[float]:
    """The objective of every output at what was found."""
    optima = [optimum_of(fitted.hyperparameters, k) for k in range(z.shape[1])]
    return [
        Objective(x, each.structure)(each.theta, Sample.once(column))[0]
        for each, column in zip(optima, z.T, strict=True)
    ]


def two_outputs(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.uniform(-1.7, 1.7, (n, 2))
    smooth = np.stack([np.sin(2.0 * x[:, 0]), x[:, 0] * x[:, 1]], axis=1)
    return x, smooth + [0.01, 0.1] * rng.normal(size=(n, 2))


def test_a_warm_start_takes_fewer_evaluations_to_the_same_optimum():
    x, z = two_outputs(90)
    earlier = gp().fit(x[:70], z[:70], seed=0)
    cold, warm = gp().fit(x, z, seed=0), gp().fit(x, z, seed=0, start=earlier)
    assert warm.evaluations_ < 0.5 * cold.evaluations_
    np.testing.assert_allclose(losses(warm, x, z), losses(cold, x, z), atol=0.05)


def test_a_warm_start_of_other_parameters_is_a_cold_one():
    x, z = two_outputs(30)
    other = gp().fit(x[:, :1], z, seed=0)
    cold, warm = gp().fit(x, z, seed=0), gp().fit(x, z, seed=0, start=other)
    np.testing.assert_array_equal(warm.predict(x), cold.predict(x))


def test_new_rows_extend_the_posterior_as_if_conditioned_on_all():
    x, z = two_outputs(40)
    fitted = gp().fit(x[:30], z[:30], seed=0)
    extended = fitted.updated(x[30:], z[30:])
    whole = Posterior.condition(torch.from_numpy(x), torch.from_numpy(z), fitted.hyperparameters)
    queries = np.random.default_rng(8).uniform(-1.7, 1.7, (20, 2))
    mean, std = extended.predict(queries)
    reference = whole.predict(torch.from_numpy(queries))
    np.testing.assert_allclose(mean, reference[0], atol=1e-6)
    np.testing.assert_allclose(std, reference[1], rtol=1e-4)


def test_hyperparameters_of_a_part_of_the_runs_serve_all():
    rng = np.random.default_rng(6)
    x = rng.uniform(-1.7, 1.7, (150, 2))
    z = np.stack([np.sin(2.0 * x[:, 0]) * np.cos(x[:, 1]), np.tanh(2.0 * x[:, 0] + x[:, 1])], axis=1)
    queries = rng.uniform(-1.7, 1.7, (300, 2))
    true = np.stack(
        [np.sin(2.0 * queries[:, 0]) * np.cos(queries[:, 1]), np.tanh(2.0 * queries[:, 0] + queries[:, 1])],
        axis=1,
    )
    part, whole = (
        np.linalg.norm(gp(learn_runs=most).fit(x, z, seed=0).predict(queries)[0] - true, axis=0)
        for most in (75, 150)
    )
    # The first is learned to a millionth of its values, where rounding has a part in what is left.
    assert (part < 1.5 * whole + 1e-5 * np.linalg.norm(true, axis=0)).all()
