"""The search for a minimum between bounds, and for the optimum of a likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from fieldwright.surrogates.gaussian_process.bounded_minimum import bounded_minimum
from fieldwright.surrogates.gaussian_process.kernel import FAMILIES
from fieldwright.surrogates.gaussian_process.likelihood import Objective, Sample
from fieldwright.surrogates.gaussian_process.optimum import TOLERANCE, optimum_of
from fieldwright.surrogates.gaussian_process.process import GP
from fieldwright.surrogates.regressors import kind_config, regressor_for


def banana(theta: np.ndarray) -> tuple[float, np.ndarray]:
    return float(rosen(theta)), rosen_der(theta)


@pytest.mark.parametrize("bounds", [(-5.0, 5.0), (-1.5, 0.7), (1.2, 3.0)], ids=str)
@pytest.mark.parametrize("d", [2, 3])
def test_the_minimum_between_bounds_is_that_of_scipy(bounds, d):
    table = np.tile(bounds, (d, 1))
    start = np.linspace(bounds[0], bounds[1], d)
    found = bounded_minimum(banana, start, table, tolerance=1e-12, most=1000)
    reference = minimize(
        rosen, start, jac=rosen_der, method="L-BFGS-B", bounds=table, options={"ftol": 1e-15}
    )
    assert found.value == pytest.approx(reference.fun, abs=1e-6)
    assert (found.theta >= bounds[0]).all()
    assert (found.theta <= bounds[1]).all()


def test_the_inverse_hessian_of_a_search_shortens_the_next():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    hessian = root @ root.T + np.eye(4)
    quadratic = lambda theta: (0.5 * float(theta @ hessian @ theta), hessian @ theta)  # noqa: E731
    table = np.tile([-100.0, 100.0], (4, 1))
    first = bounded_minimum(quadratic, np.ones(4), table, tolerance=1e-12)
    other = np.array([1.0, -1.5, 0.5, 2.0])
    cold = bounded_minimum(quadratic, other, table, tolerance=1e-12)
    warm = bounded_minimum(quadratic, other, table, tolerance=1e-12, inverse=first.inverse)
    exact = bounded_minimum(quadratic, other, table, tolerance=1e-12, inverse=np.linalg.inv(hessian))
    assert exact.evaluations <= 4
    assert exact.evaluations <= warm.evaluations < cold.evaluations
    for found in (cold, warm, exact):
        assert found.value < 1e-9


def test_a_wrong_inverse_hessian_does_not_stop_the_search():
    table = np.tile([-5.0, 5.0], (3, 1))
    wrong = np.diag([1e6, 1.0, 1e-6])
    found = bounded_minimum(
        banana, np.array([-1.0, 2.0, 0.5]), table, tolerance=1e-12, inverse=wrong, most=1000
    )
    assert found.value < 1e-6


def test_no_more_evaluations_than_allowed():
    count = []

    def counted(theta: np.ndarray) -> tuple[float, np.ndarray]:
        count.append(1)
        return banana(theta)

    found = bounded_minimum(
        counted, np.array([-1.2, 1.0]), np.tile([-5.0, 5.0], (2, 1)), tolerance=0.0, most=17
    )
    assert found.evaluations == len(count) == 17


@pytest.mark.parametrize("kernel", [*FAMILIES, "linear+rbf"])
def test_the_optimum_of_a_likelihood_is_no_worse_than_the_best_of_scipy(kernel):
    rng = np.random.default_rng(1)
    x = rng.uniform(-1.7, 1.7, (40, 3))
    smooth, noisy = np.sin(2.0 * x[:, 0]) * x[:, 1], np.exp(0.5 * x[:, 2]) + 0.1 * rng.normal(size=40)
    z = np.column_stack([smooth, noisy])
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    fitted = regressor_for(kind_config({"kind": "gp", "kernel": kernel})).fit(x, z, seed=0)
    assert isinstance(fitted, GP)
    for k, column in enumerate(z.T):
        found, sample = optimum_of(fitted.hyperparameters, k), Sample.once(np.ascontiguousarray(column))
        objective = Objective(x, found.structure)
        ends = [
            minimize(objective, start, (sample,), "L-BFGS-B", jac=True, bounds=objective.bounds).fun
            for start in (objective.start(), objective.start() + np.eye(len(objective.start()))[3] * 8.0)
        ]
        # The last step gained less than the tolerance; the few before it could not hide more than a hundred.
        assert objective(found.theta, sample)[0] < min(ends) + 100.0 * TOLERANCE
