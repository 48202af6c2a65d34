"""Lifts: start and edge are kept by any network, and the inside is free."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.lifts import distance_lift, start_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

SHAPES = {
    "interval": dde.geometry.Interval(-1.0, 2.0),
    "rectangle": dde.geometry.Rectangle([0.0, -1.0], [2.0, 1.0]),
    "box": dde.geometry.Hypercube([0.0, 0.0, 0.0], [1.0, 2.0, 1.0]),
    "disk": dde.geometry.Disk([1.0, 2.0], 0.5),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_edge_is_kept_and_the_inside_is_free(shape):
    geometry = SHAPES[shape]
    lift = distance_lift(geometry, lambda x: torch.sin(3 * x[:, :1]))
    rng = np.random.default_rng(0)
    edge = torch.from_numpy(np.asarray(geometry.uniform_boundary_points(40), dtype=float))
    for network in (0.0, 5.0, -70.0):
        u = lift(edge, torch.full((len(edge), 1), network, dtype=torch.float64), {})
        np.testing.assert_allclose(u, torch.sin(3 * edge[:, :1]), atol=1e-10)
    low, high = geometry.bbox
    points = low + (high - low) * rng.random((200, geometry.dim))
    inside = torch.from_numpy(points[geometry.inside(points)]).requires_grad_()
    one = torch.ones(len(inside), 1, dtype=torch.float64)
    distance = lift(inside, one, {}) - lift(inside, 0 * one, {})
    assert torch.all(distance > 0)
    # It falls to the edge with a slope, or the lift would hold the slope of u there too.
    near = edge + 1e-6 * (torch.as_tensor((low + high) / 2) - edge)
    fall = lift(near, torch.ones(len(near), 1, dtype=torch.float64), {}) - lift(
        near, torch.zeros(len(near), 1), {}
    )
    assert torch.quantile(fall, 0.5) > 1e-7
    assert float(distance.detach().max()) <= 1 + 1e-9
    assert torch.isfinite(derivative(distance, inside, 0, 0)).all()


def test_other_shapes_are_refused_in_words():
    with pytest.raises(
        FieldwrightError, match=r"must be of an interval, a box, a disk or a sphere.*Got Triangle"
    ):
        distance_lift(dde.geometry.Triangle([0, 0], [1, 0], [0, 1]), lambda x: x[:, :1])


@pytest.mark.parametrize("rates", [0, 1])
def test_the_start_and_its_rates_are_kept(rates):
    lift = start_lift(lambda x: x[:, :1] ** 2 * torch.exp(-3 * x[:, 1:2] * rates), 1, 0.1, rates)
    x = torch.tensor([[0.3, 0.0], [0.8, 0.0]], dtype=torch.float64, requires_grad=True)
    u = lift(x, torch.sin(20 * x[:, :1]) + 30 * x[:, 1:2] + 4, {})
    np.testing.assert_allclose(u.detach(), x[:, :1].detach() ** 2)
    if rates:
        np.testing.assert_allclose(derivative(u, x, 1).detach(), -3 * x[:, :1].detach() ** 2)


def test_the_gate_levels_off():
    lift = start_lift(lambda x: 0 * x[:, :1], 0, 0.1)
    t, one = torch.tensor([[0.1], [1e6]], dtype=torch.float64), torch.ones(2, 1, dtype=torch.float64)
    np.testing.assert_allclose(lift(t, one, {}).ravel(), [0.5, 1.0], rtol=1e-6)


def test_a_problem_is_solved_by_a_distance_lift():
    given = problem_named("second_order_bvp")
    problem = replace(given, lift=distance_lift(given.geometry, lambda x: x[:, :1]))
    plan = TrainingPlan(Architecture((12, 12)), Sampling(150), first_steps=100, rounds=3, steps=40)
    x = np.linspace(0, 1, 101)[:, None]
    assert problem.relative_error(train_pinn(problem, plan, seed=0).predict(x), x) < 1e-5
