"""Soft conditions: zero where met, felt where not, and leading to the solution that a lift leads to."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.conditions import SoftCondition, soft
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import no_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

BOX = dde.geometry.GeometryXTime(dde.geometry.Interval(0.0, 1.0), dde.geometry.TimeDomain(0.0, 2.0))
POINTS = np.array([[0.2, 0.1], [0.7, 1.5], [0.4, 0.9]])


def everywhere(_, on):
    return on


def at_the_right(x, on):
    return on and x[0] > 0.5


# u = x^2 + t on (0, 1) x (0, 2): u_n = 2 on the right, u_n + 3 u = 5 + 3 t there, u(x, 0) = x^2.
CONDITIONS = {
    "Dirichlet": dde.icbc.DirichletBC(BOX, lambda x: x[:, :1] ** 2 + x[:, 1:], everywhere),
    "Neumann": dde.icbc.NeumannBC(BOX, lambda x: 2 * x[:, :1], everywhere),
    "Robin": dde.icbc.RobinBC(BOX, lambda x, u: 5 + 3 * torch.from_numpy(x[:, 1:]) - 3 * u, at_the_right),
    "initial": dde.icbc.IC(BOX, lambda x: x[:, :1] ** 2, everywhere),
    "points": dde.icbc.PointSetBC(POINTS, POINTS[:, :1] ** 2 + POINTS[:, 1:]),
    "operator": dde.icbc.OperatorBC(BOX, lambda x, u, _: derivative(u, x, 1) - 1, everywhere),
}


def solution(x, c):
    return x[:, :1] ** 2 + x[:, 1:2]


def error(condition, u):
    return condition.error(u, lambda x: {}).detach().numpy()


@pytest.mark.parametrize("kind", CONDITIONS)
def test_a_condition_is_zero_where_it_is_met_and_only_there(kind):
    condition = soft(CONDITIONS[kind], BOX, 12)
    assert condition.points.shape[1] == 2
    assert abs(error(condition, solution)).max() < 1e-12
    assert abs(error(condition, lambda x, c: solution(x, c) + 0.1 * x[:, :1] * x[:, 1:2] + 0.1)).max() > 0.05


def test_a_periodic_condition_compares_facing_points():
    periodic = soft(dde.icbc.PeriodicBC(BOX, 0, everywhere), BOX, 12)
    slope = soft(dde.icbc.PeriodicBC(BOX, 0, everywhere, derivative_order=1), BOX, 12)
    assert periodic.copies == 2
    assert abs(error(periodic, lambda x, c: torch.cos(2 * torch.pi * x[:, :1]) * x[:, 1:2])).max() < 1e-12
    np.testing.assert_allclose(abs(error(periodic, lambda x, c: x[:, :1] + 0 * x[:, 1:2])), 1)
    np.testing.assert_allclose(abs(error(slope, lambda x, c: x[:, :1] ** 2)), 2)


def test_a_condition_that_speaks_of_no_point_is_refused():
    nowhere = dde.icbc.DirichletBC(BOX, lambda x: 0 * x[:, :1], lambda x, on: on and x[0] > 5)
    with pytest.raises(FieldwrightError, match="A DirichletBC must hold at one point"):
        soft(nowhere, BOX)


@pytest.mark.parametrize("varied", [(), ("D",)])
def test_the_jacobian_holds_the_conditions(varied):
    heat = problem_named("heat_high_frequency")
    domain = heat.domain
    own = SoftCondition(lambda x, u, c: c["D"] * derivative(u, x, 0) + u, POINTS / [1, 2], weight=4.0)
    problem = replace(
        heat,
        features=None,
        lift=no_lift,
        soft=(
            soft(dde.icbc.NeumannBC(domain, lambda x: x[:, 1:], everywhere), domain, 6),
            soft(dde.icbc.PeriodicBC(domain, 0, everywhere), domain, 6),
            own,
        ),
    )
    network = SolutionNetwork(problem, Architecture((4,)), seed=1, varied=varied)
    rows = ResidualRows(network, network.inputs(3, np.random.default_rng(0)), 0.3)
    theta = network.flat()
    j = rows.jacobian(theta)
    assert len(j) == len(rows(theta)) == 3 + sum(len(s.points) // s.copies for s in problem.soft)
    columns = []
    for i in range(len(theta)):
        shift = torch.zeros_like(theta)
        shift[i] = 1e-5
        columns.append((rows(theta + shift) - rows(theta - shift)) / 2e-5)
    np.testing.assert_allclose(j, torch.stack(columns, dim=1), atol=1e-7 * float(j.abs().max()))
    # The weight counts in squares.
    assert rows.condition_error() == pytest.approx(float(rows(theta)[3:].norm()))
    lighter = replace(problem, soft=(*problem.soft[:2], replace(own, weight=1.0)))
    lighter_network = SolutionNetwork(lighter, Architecture((4,)), seed=1, varied=varied)
    one = ResidualRows(lighter_network, network.inputs(3, np.random.default_rng(0)), 0.3)(theta)[-3:]
    np.testing.assert_allclose(rows(theta)[-3:], 2 * one)


@pytest.mark.slow
def test_soft_and_hard_conditions_lead_to_the_same_solution():
    hard = problem_named("second_order_bvp")
    trained = replace(hard, lift=no_lift, soft=tuple(soft(c, hard.domain, 2, 10.0) for c in hard.conditions))
    plan = TrainingPlan(Architecture((12, 12)), Sampling(150), first_steps=100, rounds=4, steps=50)
    x = np.linspace(0, 1, 101)[:, None]
    for problem in (hard, trained):
        pinn = train_pinn(problem, plan, seed=0)
        assert pinn.verdict == "converged"
        assert problem.relative_error(pinn.predict(x), x) < 2e-5


def test_a_network_that_solves_the_equation_alone_is_not_called_converged():
    heat = problem_named("heat_high_frequency")
    domain = heat.domain
    start = soft(dde.icbc.IC(domain, lambda x: 1 + x[:, :1], everywhere), domain, 20)
    problem = replace(heat, lift=no_lift, features=None, soft=(start,), conditions=())
    network = SolutionNetwork(problem, Architecture((4,)), seed=0)
    network.assign(0 * network.flat())
    rows = ResidualRows(
        network,
        problem.points(50, np.random.default_rng(0)),
        problem.scale(heat.points(50, np.random.default_rng(0))),
    )
    assert rows.sizes().max() == 0
    assert rows.condition_error() > 1
