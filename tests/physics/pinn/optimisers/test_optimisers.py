"""Every optimiser on problems whose course is known: Rosenbrock's valley, quadratics, linear least squares."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.physics.pinn.optimisers.choice import optimiser_for
from fieldwright.physics.pinn.optimisers.energy_natural_gradient import energy_natural_gradient
from fieldwright.physics.pinn.optimisers.levenberg_marquardt import levenberg_marquardt
from fieldwright.physics.pinn.optimisers.limited_memory_bfgs import limited_memory_bfgs
from fieldwright.physics.pinn.optimisers.linear_map import JacobianMap
from fieldwright.physics.pinn.optimisers.matrix_free_gauss_newton import matrix_free_gauss_newton
from fieldwright.physics.pinn.optimisers.nystroem import NystroemPreconditioner
from fieldwright.physics.pinn.optimisers.self_scaled_broyden import self_scaled_broyden, self_scaled_update
from fieldwright.physics.pinn.optimisers.soap import Soap


def rosenbrock(theta):
    x, y = theta
    return torch.stack([10 * (y - x**2), 1 - x])


def jacobian_of(residuals):
    return lambda theta: torch.autograd.functional.jacobian(residuals, theta)


def value_and_gradient_of(residuals):
    def at(theta):
        theta = theta.detach().clone().requires_grad_()
        loss = residuals(theta).square().sum() / 2
        return float(loss.detach()), torch.autograd.grad(loss, theta)[0]

    return at


METHODS = {
    "levenberg_marquardt": lambda f, x, **o: levenberg_marquardt(f, jacobian_of(f), x, **o),
    "natural_gradient": lambda f, x, **o: energy_natural_gradient(f, jacobian_of(f), x, **o),
    "gauss_newton": lambda f, x, **o: matrix_free_gauss_newton(f, x, **o),
    "ssbroyden": lambda f, x, **o: self_scaled_broyden(value_and_gradient_of(f), x, **o),
    "lbfgs": lambda f, x, **o: limited_memory_bfgs(value_and_gradient_of(f), x, **o),
}


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def random_tensor(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("name", METHODS)
def test_rosenbrocks_valley_is_followed_to_its_end(name):
    found = METHODS[name](rosenbrock, double([-1.2, 1.0]), steps=200)
    np.testing.assert_allclose(found.theta, [1, 1], atol=1e-7)
    assert found.loss < 1e-14
    assert found.reason != "steps"
    assert len(found.losses) < 60


@pytest.mark.parametrize("name", METHODS)
def test_losses_never_rise_the_start_is_left_alone_and_steps_are_counted(name):
    start = double([-1.2, 1.0])
    found = METHODS[name](rosenbrock, start, steps=3)
    assert start.tolist() == [-1.2, 1.0]
    assert found.reason == "steps"
    assert len(found.losses) == 4
    assert found.losses[0] == pytest.approx(float(rosenbrock(start).square().sum()) / 2)
    assert found.loss == pytest.approx(float(rosenbrock(found.theta).square().sum()) / 2)
    assert np.all(np.diff(found.losses) < 0)


@pytest.mark.parametrize("name", METHODS)
def test_a_stationary_start_is_told_as_such(name):
    found = METHODS[name](rosenbrock, double([1.0, 1.0]))
    assert found.reason == "small gradient"
    assert found.loss == 0


@pytest.mark.parametrize(("m", "p"), [(9, 4), (4, 9), (6, 6)])
def test_one_natural_gradient_step_solves_linear_least_squares(m, p):
    matrix, right = random_tensor(m, p), random_tensor(m, seed=1)
    found = energy_natural_gradient(
        lambda x: matrix @ x - right, lambda x: matrix, torch.zeros(p, dtype=torch.float64), steps=1
    )
    expected = np.linalg.lstsq(matrix.numpy(), right.numpy(), rcond=None)[
        0
    ]  # the shortest one where many fit
    np.testing.assert_allclose(found.theta, expected, atol=1e-9)


def test_a_natural_gradient_step_does_not_depend_on_how_the_weights_are_measured():
    change = random_tensor(3, 3)
    matrix = torch.eye(3, dtype=torch.float64) + 0.3 * change

    def bent(theta):
        return torch.cat([torch.sin(theta), theta**2 - 0.3])

    start = double([0.4, 0.2, -0.5])
    one = energy_natural_gradient(bent, jacobian_of(bent), matrix @ start, steps=1)
    other = energy_natural_gradient(
        lambda x: bent(matrix @ x), jacobian_of(lambda x: bent(matrix @ x)), start, steps=1
    )
    np.testing.assert_allclose(matrix @ other.theta, one.theta, rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(2, 8), seed=st.integers(0, 2**31))
def test_self_scaled_updates_with_exact_searches_end_a_quadratic_in_n_steps(n, seed):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
    hessian = torch.from_numpy(basis @ np.diag(rng.uniform(0.5, 20, n)) @ basis.T)
    x = torch.from_numpy(rng.normal(size=n))
    size = float((hessian @ x).norm())
    inverse = torch.eye(n, dtype=torch.float64)
    for _ in range(n):
        gradient = hessian @ x
        if float(gradient.norm()) < 1e-9 * size:
            break
        along = -(inverse @ gradient)
        length = -float(gradient @ along) / float(along @ hessian @ along)
        step = length * along
        inverse = self_scaled_update(inverse, step, hessian @ step, -length * gradient)
        x = x + step
    assert float((hessian @ x).norm()) < 1e-6 * size


@settings(max_examples=50, deadline=None)
@given(n=st.integers(2, 6), seed=st.integers(0, 2**31))
def test_a_self_scaled_update_keeps_the_secant_equation_and_stays_positive(n, seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n))
    inverse = torch.from_numpy(root @ root.T + 0.1 * np.eye(n))
    s, y = (torch.from_numpy(rng.normal(size=n)) for _ in range(2))
    y = y if float(y @ s) > 0 else -y
    if float(y @ s) < 1e-2:
        y = y + s
    new = self_scaled_update(inverse, s, y, torch.linalg.solve(inverse, s))
    np.testing.assert_allclose(new @ y, s, atol=1e-8 * float(new.abs().max() * y.norm()))
    assert float(torch.linalg.eigvalsh((new + new.T) / 2)[0]) > 0


def test_without_need_to_scale_the_update_is_that_of_bfgs():
    # Where H y = s already, the secant equation holds and nothing is to change, by any member of the family.
    root = random_tensor(3, 3)
    inverse = root @ root.T + torch.eye(3, dtype=torch.float64)
    y = random_tensor(3, seed=2)
    new = self_scaled_update(inverse, inverse @ y, y, y)
    np.testing.assert_allclose(new, inverse, rtol=1e-7)


def test_the_jacobian_map_multiplies_as_the_jacobian_does():
    theta, v, w = random_tensor(2), random_tensor(2, seed=1), random_tensor(2, seed=2)
    j = jacobian_of(rosenbrock)(theta)
    linear = JacobianMap(rosenbrock, theta)
    np.testing.assert_allclose(linear.times(v), j @ v)
    np.testing.assert_allclose(linear.transposed_times(w), j.T @ w)
    np.testing.assert_allclose(linear.residuals, rosenbrock(theta))


def test_matrix_free_steps_are_those_of_levenberg_and_marquardt():
    mix = random_tensor(12, 6)

    def residuals(theta):
        return torch.sin(mix @ theta) - 0.5

    start = 0.1 * random_tensor(6, seed=1)
    free = matrix_free_gauss_newton(residuals, start, steps=1, damping=1.0, rank=6)
    j, r = jacobian_of(residuals)(start), residuals(start)
    step = -torch.linalg.solve(j.T @ j + torch.eye(6, dtype=torch.float64), j.T @ r)
    np.testing.assert_allclose(free.theta, start + step, rtol=1e-6)
    assert free.loss == pytest.approx(float(residuals(start + step).square().sum()) / 2)


def test_a_sketch_of_full_rank_makes_every_damped_system_trivial():
    root = random_tensor(8, 8)
    matrix = root @ root.T
    sketch = NystroemPreconditioner(lambda v: matrix @ v, 8, torch.zeros(8, dtype=torch.float64))
    np.testing.assert_allclose(sketch.values, torch.linalg.eigvalsh(matrix).flip(0), rtol=1e-6)
    v, mu = random_tensor(8, seed=1), 0.1
    solved = sketch.solve(matrix @ v + mu * v, mu) / (float(sketch.values[-1]) + mu)
    np.testing.assert_allclose(solved, v, rtol=1e-6)


def test_a_sketch_past_the_large_eigenvalues_removes_them_from_the_condition_number():
    basis = torch.linalg.qr(random_tensor(40, 40))[0]
    matrix = (
        basis
        @ torch.diag(
            torch.cat([torch.logspace(8, 3, 10, dtype=torch.float64), 1e-3 * torch.ones(30).double()])
        )
        @ basis.T
    )
    sketch = NystroemPreconditioner(lambda v: matrix @ v, 20, torch.zeros(40, dtype=torch.float64))
    mu = 1e-2
    damped = matrix + mu * torch.eye(40, dtype=torch.float64)
    conditioned = torch.stack([sketch.solve(column, mu) for column in damped.T], dim=1)
    values = torch.linalg.eigvals(conditioned).real
    assert float(torch.linalg.cond(damped)) > 1e9
    assert float(values.max() / values.min()) < 2


def quadratic_gradient(weights, curvature, left, right):
    """Gradient of sum curvature (left^T W right)^2 / 2."""
    return left @ (curvature * (left.T @ weights @ right)) @ right.T


def soap_course(curvature, start, left, right, steps):
    weights = torch.nn.Parameter(left @ start @ right.T)
    optimiser = Soap([weights], rate=0.05, renewal=1)
    for _ in range(steps):
        weights.grad = quadratic_gradient(weights.detach(), curvature, left, right)
        optimiser.step()
    return left.T @ weights.detach() @ right


def test_soap_is_adam_where_the_eigenbasis_is_that_of_the_weights():
    curvature, eye = double([[1.0, 2.0], [3.0, 30.0]]), torch.eye(2, dtype=torch.float64)
    start = double([[1.0, 0.0], [0.0, -0.7]])  # so that G G^T and G^T G are diagonal
    weights = torch.nn.Parameter(start.clone())
    adam = torch.optim.Adam([weights], lr=0.05, betas=(0.95, 0.95))
    for _ in range(40):
        weights.grad = quadratic_gradient(weights.detach(), curvature, eye, eye)
        adam.step()
    np.testing.assert_allclose(soap_course(curvature, start, eye, eye, 40), weights.detach(), atol=1e-12)


def test_soap_does_not_depend_on_the_basis_of_the_weights():
    curvature = torch.exp(random_tensor(4, 3))
    start = random_tensor(4, 3, seed=1)
    left, right = (torch.linalg.qr(random_tensor(n, n, seed=n))[0] for n in (4, 3))
    plain = soap_course(
        curvature, start, torch.eye(4, dtype=torch.float64), torch.eye(3, dtype=torch.float64), 25
    )
    np.testing.assert_allclose(soap_course(curvature, start, left, right, 25), plain, atol=1e-8)


def test_soap_reaches_the_minimum_of_a_badly_scaled_fit_and_its_state_goes_on():
    features, truth = (
        random_tensor(50, 5) @ torch.diag(double([1, 3, 10, 30, 100])),
        random_tensor(5, 4, seed=2),
    )
    target = features @ truth

    def run(optimiser, weights, steps, start=0):
        for i in range(start, start + steps):
            for group in optimiser.param_groups:
                group["rate"] = 0.05 * 0.99**i
            weights.grad = features.T @ (features @ weights.detach() - target) / 50
            optimiser.step()

    whole = torch.nn.Parameter(torch.zeros(5, 4, dtype=torch.float64))
    run(Soap([whole]), whole, 1200)
    np.testing.assert_allclose(whole.detach(), truth, atol=1e-4)

    parted = torch.nn.Parameter(torch.zeros(5, 4, dtype=torch.float64))
    first = Soap([parted])
    run(first, parted, 500)
    second = Soap([parted])
    second.load_state_dict(first.state_dict())
    run(second, parted, 700, start=500)
    assert torch.equal(parted, whole)


@pytest.mark.parametrize(
    ("weights", "rows", "name"),
    [
        (900, 2000, "levenberg_marquardt"),
        (40_000, 1500, "levenberg_marquardt"),
        (8000, 20_000, "ssbroyden"),
        (100_000, 20_000, "gauss_newton"),
        (2_000_000, 20_000, "soap"),
    ],
)
def test_the_optimiser_follows_from_the_size_and_says_why(weights, rows, name):
    chosen, why = optimiser_for(weights, rows)
    assert chosen == name
    assert f"{weights} weights" in why
