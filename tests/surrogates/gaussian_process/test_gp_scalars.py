"""Scalars of few runs: how accurate the default process is, and which kernels its search offers."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.surrogates.functions import samples
from fieldwright.surrogates.gaussian_process.discovery import discovered, penalised_value
from fieldwright.surrogates.gaussian_process.kernel import Structure
from fieldwright.surrogates.gaussian_process.likelihood import Objective, Sample
from fieldwright.surrogates.gaussian_process.optimum import Objectives, optimum_of
from fieldwright.surrogates.gaussian_process.process import GP
from fieldwright.surrogates.regressors import kind_config, regressor_for


def learned(x: np.ndarray, y: np.ndarray, **settings) -> tuple[GP, np.ndarray, np.ndarray]:
    """The process, and the inputs and values that it has learned from, of mean 0 and std 1."""
    u, z = (x - x.mean(axis=0)) / x.std(axis=0), ((y - y.mean()) / y.std())[:, None]
    return regressor_for(kind_config({"kind": "gp", **settings})).fit(u, z, 0), u, z  # type: ignore[return-value]


def relative_error(process: GP, x: np.ndarray, y: np.ndarray, new: np.ndarray, true: np.ndarray) -> float:
    """Root mean square error over the spread."""
    mean = process.predict((new - x.mean(axis=0)) / x.std(axis=0))[0][:, 0]
    return float(np.sqrt(np.mean((mean * y.std() + y.mean() - true) ** 2)) / true.std())


@pytest.mark.parametrize("seed", [60, 61, 62])
def test_forty_runs_of_branins_function_leave_two_thousandths(seed):
    """SMT's kriging leaves 0.4 to 1.1 thousandths on these designs; noise of 1e-5 of the spread left 2 to 4.8."""
    x, y = samples("Branin", 40, seed)
    process, u, z = learned(x, y)
    assert relative_error(process, x, y, *samples("Branin", 1000, 1000)) < 2e-3
    # From the optimum of Matern 5/2 the search for a squared exponential ended far from where it does by itself.
    alone, _, _ = learned(x, y, kernel="rbf")
    found, other = (optimum_of(each.hyperparameters, 0) for each in (process, alone))
    values = [Objective(u, each.structure)(each.theta, Sample.once(z[:, 0]))[0] for each in (found, other)]
    assert values[0] < values[1] + 1.0


def six_hump_camel(x: np.ndarray) -> np.ndarray:
    """Source: Molga & Smutnicki, Test functions for optimization needs, 2005."""
    a, b = x.T
    return (4.0 - 2.1 * a**2 + a**4 / 3.0) * a**2 + a * b + (4.0 * b**2 - 4.0) * b**2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_smooth_function_is_not_left_at_the_optimum_where_it_ripples(seed):
    """From short lengthscales the search ended where fifty runs were missed by 0.17 to 0.22 of the spread."""
    rng = np.random.default_rng(seed)
    x, new = rng.uniform([-2.0, -1.0], [2.0, 1.0], (50, 2)), rng.uniform([-2.0, -1.0], [2.0, 1.0], (500, 2))
    process, _, _ = learned(x, six_hump_camel(x))
    assert relative_error(process, x, six_hump_camel(x), new, six_hump_camel(new)) < 0.1


def test_a_linear_parameter_that_few_runs_leave_open_is_offered_to_more():
    """Its gain lies below the handicap on 24 runs, so that another kernel is better; on 100 runs it is the best."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1.7, 1.7, (100, 2))
    z = np.sin(2.0 * x[:, 0]) * (1.0 + 0.5 * x[:, 1]) + 0.02 * rng.normal(size=100)
    z, asked, linear_is_best = z / z.std(), Structure("matern52"), {}
    for n in (24, 100):
        search, sample = Objectives(x[:n]), Sample.once(z[:n])
        ends = [search.followed(asked, start, sample) for start in search[asked].starts()]
        first = min(ends, key=lambda each: each.value)
        optima = [first, *discovered(search, first, sample)]
        assert any(each.structure.linear_in for each in optima)
        best = min(optima, key=lambda each: penalised_value(each, asked, n, 2))
        linear_is_best[n] = bool(best.structure.linear_in)
    assert linear_is_best == {24: False, 100: True}
