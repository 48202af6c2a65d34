"""Coarse and fine runs together, on the pair of Forrester, Sobester & Keane, Proc. R. Soc. A 463 (2007) 3251."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.gaussian_process.levels import LevelsObjective
from fieldwright.surrogates.gaussian_process.likelihood import Sample
from fieldwright.surrogates.regressors import kind_config, regressor_for

# The places and numbers of runs are those of the paper.
COARSE = np.linspace(0.0, 1.0, 11)
FINE = np.array([0.0, 0.4, 0.6, 1.0])


def gp(**settings):
    return regressor_for(kind_config({"kind": "gp", **settings}))


def fine(u: np.ndarray) -> np.ndarray:
    return (6.0 * u - 2.0) ** 2 * np.sin(12.0 * u - 4.0)


def coarse(u: np.ndarray) -> np.ndarray:
    return 0.5 * fine(u) + 10.0 * (u - 0.5) - 5.0


def runs() -> tuple[np.ndarray, np.ndarray]:
    """Place in [-1.7, 1.7] and level, 3 for coarse and 10 for fine; the value, scaled."""
    x = np.vstack(
        [np.column_stack([COARSE, np.full(11, 3.0)]), np.column_stack([FINE, np.full(len(FINE), 10.0)])]
    )
    z = np.concatenate([coarse(COARSE), fine(FINE)])[:, None] / 5.0
    return x * [3.4, 1.0] - [1.7, 0.0], z


def at(u: np.ndarray, level: float) -> np.ndarray:
    return np.column_stack([3.4 * u - 1.7, np.full(len(u), level)])


def error(mean: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(mean - true) / np.linalg.norm(true - true.mean()))


def test_few_fine_and_many_coarse_runs_beat_the_fine_alone():
    x, z = runs()
    u = np.linspace(0.0, 1.0, 101)
    true = fine(u) / 5.0
    both = gp(fidelity=1).fit(x, z, seed=0)
    alone = gp().fit(x[11:, :1], z[11:], seed=0)
    assert error(both.predict(at(u, 10.0))[0][:, 0], true) < 0.05
    assert error(alone.predict(at(u, 10.0)[:, :1])[0][:, 0], true) > 0.5
    assert error(both.predict(at(u, 3.0))[0][:, 0], coarse(u) / 5.0) < 0.1


def test_the_multiple_of_the_coarse_level_is_found():
    x, z = runs()
    fitted = gp(fidelity=1, kernel="rbf").fit(x, z, seed=0)
    assert fitted.posterior_.hyper.rho[0, 1].item() == pytest.approx(2.0, rel=0.1)


def test_answers_the_fine_runs_themselves_and_knows_the_gaps():
    x, z = runs()
    fitted = gp(fidelity=1).fit(x, z, seed=0)
    mean, std = fitted.predict(x)
    np.testing.assert_allclose(mean, z, atol=2e-2)
    between = fitted.predict(at(np.array([0.2, 0.8]), 10.0))[1]
    assert (between > std[11:].max()).all()


@pytest.mark.parametrize("family", ["matern32", "matern52", "rbf"])
def test_the_gradient_of_three_levels_is_the_derivative(family):
    rng = np.random.default_rng(0)
    x, level = rng.uniform(-1.7, 1.7, (24, 2)), np.arange(24) % 3
    sample = Sample.once(np.sin(x[:, 0]) * (1.0 + level) + x[:, 1])
    objective = LevelsObjective(x, level, family)
    theta = objective.start() + 0.3 * rng.normal(size=len(objective.start()))
    numerical = approx_fprime(theta, lambda t: objective(t, sample)[0], 1e-6)
    np.testing.assert_allclose(objective(theta, sample)[1], numerical, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_the_covariance_is_that_of_its_recursion():
    """cov(f_s(x), f_t(x')) follows from f_l = rho_l f_(l-1) + d_l, here by the matrix that builds f of all d."""
    rng = np.random.default_rng(1)
    places = rng.uniform(-1.7, 1.7, (5, 1))
    x = np.vstack([np.column_stack([places, np.full(5, float(level))]) for level in (0, 1, 2)])
    prior = gp(fidelity=1, restarts=0).fit(x, rng.normal(size=(15, 2)), seed=0).posterior_.hyper
    built = prior.covariance(torch.from_numpy(x), torch.from_numpy(x))
    others = torch.from_numpy(places)
    for k in range(2):
        one, two = prior.rho[k, 1:].tolist()
        recursion = np.kron([[1.0, 0.0, 0.0], [one, 1.0, 0.0], [one * two, two, 1.0]], np.eye(5))
        differences = torch.block_diag(
            *(process.covariance(others, others)[k] for process in prior.processes)
        )
        np.testing.assert_allclose(built[k], recursion @ differences.numpy() @ recursion.T, atol=1e-9)
        np.testing.assert_allclose(prior.variance(torch.from_numpy(x))[k], built[k].diagonal(), atol=1e-9)


def test_levels_restore_bit_for_bit():
    x, z = runs()
    fitted = gp(fidelity=1).fit(x, z, seed=0)
    again = type(fitted).restore(fitted.config, fitted.state())
    np.testing.assert_array_equal(again.predict(x), fitted.predict(x))


def test_refuses_a_single_level():
    x, z = runs()
    with pytest.raises(ModelError, match=r"two levels at least, and another parameter. Got 1 level\(s\)"):
        gp(fidelity=1).fit(x[:11], z[:11], seed=0)


def test_refuses_a_level_that_is_not_there():
    x, z = runs()
    with pytest.raises(ModelError, match=r"'fidelity' must name positions of parameters in 0..1. Got 2"):
        gp(fidelity=2).fit(x, z, seed=0)
