"""Levenberg-Marquardt on problems with known minima."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.physics.pinn.optimisers.levenberg_marquardt import levenberg_marquardt
from fieldwright.physics.pinn.optimisers.normal_matrix import NormalMatrix


def rosenbrock(theta):
    x, y = theta
    return torch.stack([10 * (y - x**2), 1 - x])


def powell(theta):
    """Powell's singular function: J loses rank at the minimum, the origin."""
    a, b, c, d = theta
    return torch.stack([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


def jacobian_of(residuals):
    return lambda theta: torch.autograd.functional.jacobian(residuals, theta)


def minimum(residuals, start, **options):
    start = torch.tensor(start, dtype=torch.float64)
    return levenberg_marquardt(residuals, jacobian_of(residuals), start, **options)


def test_rosenbrocks_valley_is_followed_to_its_end():
    found = minimum(rosenbrock, [-1.2, 1.0])
    np.testing.assert_allclose(found.theta, [1, 1], atol=1e-12)
    assert found.loss < 1e-24
    assert found.reason != "steps"
    assert len(found.losses) < 40


def test_a_singular_minimum_is_reached():
    found = minimum(powell, [3.0, -1.0, 0.0, 1.0], steps=200)
    # J^T r is of third order in theta here: it falls to the tolerance of 1e-14 where |theta| is about 2e-5.
    assert found.reason == "small gradient"
    np.testing.assert_allclose(found.theta, 0, atol=5e-5)


@settings(deadline=None)
@given(m=st.integers(3, 12), p=st.integers(1, 3), seed=st.integers(0, 2**31))
def test_linear_least_squares_takes_one_undamped_step(m, p, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(m, p)), rng.normal(size=m)
    matrix, right = torch.from_numpy(a), torch.from_numpy(b)
    found = levenberg_marquardt(
        lambda theta: matrix @ theta - right,
        lambda theta: matrix,
        torch.zeros(p, dtype=torch.float64),
        steps=1,
        damping=0.0,
    )
    expected = np.linalg.lstsq(a, b, rcond=None)[0]
    condition = np.linalg.cond(a)
    np.testing.assert_allclose(found.theta, expected, atol=1e-14 * condition**2 * (1 + abs(expected).max()))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_no_step_ever_raises_the_loss_and_the_start_is_left_alone(seed):
    rng = np.random.default_rng(seed)
    start = torch.from_numpy(rng.normal(scale=3, size=2))
    kept = start.clone()
    found = levenberg_marquardt(rosenbrock, jacobian_of(rosenbrock), start, steps=15)
    assert np.all(np.diff(found.losses) <= 0)
    assert torch.equal(start, kept)
    assert float(rosenbrock(found.theta).square().sum()) / 2 == pytest.approx(found.loss, rel=1e-6, abs=1e-28)


def test_exponential_decay_is_fitted_to_the_true_rate():
    t = torch.linspace(0, 2, 30, dtype=torch.float64)
    data = 2.5 * torch.exp(-1.3 * t)
    found = minimum(lambda theta: theta[0] * torch.exp(-theta[1] * t) - data, [1.0, 0.1])
    np.testing.assert_allclose(found.theta, [2.5, 1.3], rtol=1e-10)


def test_the_steps_are_counted_and_the_damping_goes_on():
    first = minimum(rosenbrock, [-1.2, 1.0], steps=5)
    assert first.reason == "steps"
    assert len(first.losses) == 6
    more = levenberg_marquardt(
        rosenbrock, jacobian_of(rosenbrock), first.theta, steps=40, damping=first.damping
    )
    np.testing.assert_allclose(more.theta, [1, 1], atol=1e-12)


def test_a_stationary_start_is_told_as_such():
    found = minimum(rosenbrock, [1.0, 1.0])
    assert found.reason == "small gradient"
    assert found.losses == (0.0,)


@given(st.integers(1, 12), st.integers(1, 12), st.booleans(), st.floats(0.01, 10.0))
def test_damped_systems_with_the_normal_matrix_are_solved(rows, columns, turned, mu):
    rng = np.random.default_rng(rows + 100 * columns)
    draws = torch.from_numpy(rng.standard_normal((columns, rows)))
    j, right = draws.T if turned else draws.T.contiguous(), torch.from_numpy(rng.standard_normal(columns))
    damped = j.T @ j + mu * torch.eye(columns, dtype=torch.float64)
    normal = NormalMatrix(j)
    for _ in range(2):  # the first solution leaves the matrix as it is
        torch.testing.assert_close(damped @ normal.damped(mu)(right), right)


def test_a_damped_matrix_that_is_indefinite_has_no_solution():
    assert NormalMatrix(torch.ones(3, 4, dtype=torch.float64)).damped(-1.0) is None


def test_a_step_follows_the_curvature_of_the_residuals():
    """r = exp(theta) - c, undamped: d = c exp(-theta) - 1 and r'' = exp(theta) d^2, so the step is d - d^2 / 2."""
    start, c = torch.tensor([0.3], dtype=torch.float64), 1.6
    found = levenberg_marquardt(
        lambda theta: torch.exp(theta) - c,
        lambda theta: torch.exp(theta)[:, None],
        start,
        steps=1,
        damping=0.0,
    )
    d = c * float(torch.exp(-start)) - 1.0
    assert 0 < d < 0.3
    # The second derivative is a difference over a tenth of the step, exact to a share of h d / 3.
    assert float(found.theta) == pytest.approx(0.3 + d - d**2 / 2, abs=d**3 / 50)


def test_a_step_is_not_bent_where_the_curvature_exceeds_it():
    found = levenberg_marquardt(
        lambda theta: torch.exp(theta) - 4.0,
        lambda theta: torch.exp(theta)[:, None],
        torch.zeros(1, dtype=torch.float64),
        steps=1,
        damping=1.0,
    )
    assert float(found.theta) == pytest.approx(3.0 / 2.0)
