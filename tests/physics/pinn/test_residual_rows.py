"""Residual rows: the per-sample Jacobian is the Jacobian, for every equation and with coefficients of both kinds."""

import numpy as np
import pytest
import torch

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problems import load_problems, problem_named
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.residual_rows import Measurements, ResidualRows


def central_differences(rows, theta, step=1e-5):
    columns = []
    for i in range(len(theta)):
        shift = torch.zeros_like(theta)
        shift[i] = step
        columns.append((rows(theta + shift) - rows(theta - shift)) / (2 * step))
    return torch.stack(columns, dim=1).numpy()


@pytest.mark.parametrize("name", sorted(load_problems()))
def test_the_jacobian_is_that_of_the_rows(name):
    problem = problem_named(name)
    network = SolutionNetwork(problem, Architecture((4, 3)), seed=2)
    points = problem.points(5, np.random.default_rng(0))
    rows = ResidualRows(network, points, problem.scale(points))
    theta = network.flat()
    j = rows.jacobian(theta).numpy()
    assert j.shape == (len(rows(theta)), len(theta))
    np.testing.assert_allclose(j, central_differences(rows, theta), atol=1e-7 * abs(j).max())


def test_the_jacobian_holds_varied_and_estimated_coefficients_and_measurements():
    problem = problem_named("lotka_volterra")
    network = SolutionNetwork(problem, Architecture((4,)), seed=0, varied=("a",), estimated=("g", "e"))
    theta = network.flat()
    assert len(theta) == 4 * 2 + 4 + 2 * 4 + 2 + 2
    inputs = network.inputs(3, np.random.default_rng(0))
    values = np.array([[1.0, np.nan], [2.0, 0.5], [np.nan, np.nan]])
    rows = ResidualRows(
        network, network.inputs(4, np.random.default_rng(1)), 1.0, Measurements(inputs, values)
    )
    r, j = rows(theta), rows.jacobian(theta).numpy()
    assert r.shape == (2 * 4 + 2 * 3,)
    np.testing.assert_allclose(j, central_differences(rows, theta), atol=1e-7 * abs(j).max())
    assert abs(j[:8, -2:]).max() > 0  # the equations feel the estimated coefficients
    assert not r[[10, 11, 13]].any()  # what was not measured has no misfit
    assert not j[[10, 11, 13]].any()


def test_rows_are_a_mean_square_and_sizes_are_their_pointwise_norm():
    problem = problem_named("lotka_volterra")
    network = SolutionNetwork(problem, Architecture((4,)), seed=0)
    points = problem.points(50, np.random.default_rng(0))
    rows = ResidualRows(network, points, scale=0.5)
    residual = problem.residual_of(lambda x, c: network(x), points)
    assert float(rows(network.flat()).square().sum()) == pytest.approx((4 * residual**2).sum(axis=1).mean())
    np.testing.assert_allclose(rows.sizes(), 2 * np.linalg.norm(residual, axis=1))


def test_derivatives_of_a_polynomial_are_exact():
    x = torch.tensor([[0.5, 2.0], [1.5, -1.0]], dtype=torch.float64, requires_grad=True)
    a, b = x[:, :1], x[:, 1:2]
    u = torch.cat([a**3 * b**2, a * b], dim=1)
    np.testing.assert_allclose(derivative(u, x, 0, 0, 1).detach(), (12 * a * b).detach())
    np.testing.assert_allclose(derivative(u, x, 1, of=1).detach(), a.detach())
    np.testing.assert_allclose(derivative(u, x, 0, 0, 0, 1, 1).detach(), 12)
