"""Conditions that lack are named before any training, and where none lacks nothing is said."""

import numpy as np
import pytest
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.conditions import SoftCondition, soft
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.determinacy import missing_conditions
from fieldwright.physics.equations.lifts import distance_lift, start_lift
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.equations.problems import load_problems, problem_named
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

LINE, TIME = dde.geometry.Interval(0.0, 2.0), dde.geometry.TimeDomain(0.0, 3.0)
BOTH = dde.geometry.GeometryXTime(LINE, TIME)
SQUARE = dde.geometry.Rectangle([0.0, 0.0], [2.0, 1.0])
HOLE = dde.geometry.CSGDifference(SQUARE, dde.geometry.Disk([1.0, 0.5], 0.25))
INVERSE = ("burgers_inverse", "cylinder_wake")


def on_edge(_, on):
    return on


def end(value):
    return lambda x, on: on and np.isclose(x[0], value)


def zero(x):
    return 0.0 * x[:, :1]


def missing(periods=None, **about):
    outputs = about.pop("outputs", ("u",))
    names = {(True, False): ("x",), (False, True): ("t",), (True, True): ("x", "t")}
    geometry, time = about.get("geometry"), about.get("time")
    coordinates = names[geometry is not None, time is not None]
    if geometry is not None and geometry.dim == 2:
        coordinates = ("x", "y", *coordinates[1:])
    problem = Problem(name="own", coordinates=coordinates, outputs=outputs, **about)
    found = missing_conditions(problem, Architecture((8,), periods=periods or {}))
    return [f"{', '.join(one.free)} {one.where}" for one in found]


def ode(order):
    return lambda x, u, c: [derivative(u, x, *[0] * order) + torch.sin(u) + u * x[:, :1]]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_an_ordinary_equation_takes_as_many_starts_as_its_order(order):
    for held in range(order + 1):
        found = missing(time=TIME, residual=ode(order), lift=lambda x, n, c, q=held: 1 + x[:, :1] ** q * n)
        names = ["u_" + "t" * k if k else "u" for k in range(held, order)]
        assert found == ([f"{', '.join(names)} at t = 0"] if names else [])


def dirichlet(value):
    return soft(dde.icbc.DirichletBC(LINE, zero, end(value)), LINE, 2)


def neumann(value):
    return soft(dde.icbc.NeumannBC(LINE, zero, end(value)), LINE, 2)


@pytest.mark.parametrize(
    ("order", "lift", "conditions", "expected"),
    [
        (2, lambda x, n, c: x * n, (), ["u, u_x at x = 2"]),
        (2, lambda x, n, c: x * (2 - x) * n, (), []),
        (2, lambda x, n, c: x * n, (dirichlet(2.0),), []),
        (2, lambda x, n, c: x**2 * n, (), []),  # both at one end, as a start
        (2, lambda x, n, c: n, (dirichlet(0.0), neumann(2.0)), []),
        (2, lambda x, n, c: n, (dirichlet(0.0), dirichlet(0.0)), ["u, u_x at x = 2"]),  # twice the same
        (2, lambda x, n, c: x * n, (dirichlet(0.0),), ["u, u_x at x = 2"]),  # the lift holds it already
        (3, lambda x, n, c: x**2 * n, (), ["u, u_x, u_xx at x = 2"]),
        (4, lambda x, n, c: x**2 * n, (neumann(2.0),), ["u, u_xx, u_xxx at x = 2"]),  # a beam, one support
        (4, lambda x, n, c: x**2 * n, (neumann(2.0), dirichlet(2.0)), []),
    ],
)
def test_the_ends_of_a_line_together_take_as_many_as_the_order(order, lift, conditions, expected):
    assert missing(geometry=LINE, residual=ode(order), lift=lift, soft=conditions) == expected


def heat(x, u, c):
    return [derivative(u, x, 1) - 0.3 * derivative(u, x, 0, 0)]


def wave(x, u, c):
    return [derivative(u, x, 1, 1) - 4 * derivative(u, x, 0, 0)]


def burgers(x, u, c):
    return [derivative(u, x, 1) + u * derivative(u, x, 0) - 0.01 * derivative(u, x, 0, 0)]


def korteweg(x, u, c):
    return [derivative(u, x, 1) + u * derivative(u, x, 0) + 0.02 * derivative(u, x, 0, 0, 0)]


def beam(x, u, c):
    return [derivative(u, x, 1, 1) + derivative(u, x, 0, 0, 0, 0)]


def right(x, u, c):
    return [derivative(u, x, 1) + 2 * derivative(u, x, 0)]


def left(x, u, c):
    return [derivative(u, x, 1) - 2 * derivative(u, x, 0)]


def outwards(x, u, c):
    return [derivative(u, x, 1) + (x[:, :1] - 1) * derivative(u, x, 0)]


@pytest.mark.parametrize(
    ("residual", "lift", "expected"),
    [
        (heat, lambda x, t, n: t * x * (2 - x) * n, []),
        (heat, lambda x, t, n: t * x * n, ["u, u_x at x = 2"]),
        (heat, lambda x, t, n: x * (2 - x) * n, ["u at t = 0"]),
        (burgers, lambda x, t, n: t * (2 - x) * n, ["u, u_x at x = 0"]),
        (burgers, lambda x, t, n: t * x * (2 - x) * n, []),
        (wave, lambda x, t, n: t * x * (2 - x) * n, ["u_t at t = 0"]),
        (wave, lambda x, t, n: t**2 * x * (2 - x) * n, []),
        (korteweg, lambda x, t, n: t * x * (2 - x) ** 2 * n, []),  # one on the left, two on the right
        (korteweg, lambda x, t, n: t * x * (2 - x) * n, ["u_x, u_xx at x = 2"]),
        (beam, lambda x, t, n: t**2 * x**2 * (2 - x) ** 2 * n, []),
        (beam, lambda x, t, n: t**2 * x**2 * (2 - x) * n, ["u_x, u_xx, u_xxx at x = 2"]),
        (right, lambda x, t, n: t * x * n, []),
        (right, lambda x, t, n: t * n, ["u at x = 0"]),
        (left, lambda x, t, n: t * (2 - x) * n, []),
        (left, lambda x, t, n: t * n, ["u at x = 2"]),
        (outwards, lambda x, t, n: t * n, []),  # nothing comes in
    ],
)
def test_each_edge_takes_what_comes_in_there(residual, lift, expected):
    def whole(x, n, c):
        return lift(x[:, :1], x[:, 1:2], n)

    assert missing(geometry=LINE, time=TIME, residual=residual, lift=whole) == expected


def test_periods_and_periodic_conditions_are_conditions():
    start = start_lift(lambda x: torch.sin(torch.pi * x[:, :1]), 1, 1.0)
    about = {"geometry": LINE, "time": TIME, "lift": start}
    for residual, order in ((heat, 2), (burgers, 2), (korteweg, 3)):
        assert missing(**about, residual=residual, periods={"x": 2.0}) == []
        found = missing(**about, residual=residual)
        assert len(found) == 2  # both ends
        # DeepXDE's conditions go up to the first derivative, so that the third order lacks one.
        pairs = tuple(
            soft(dde.icbc.PeriodicBC(BOTH, 0, end(0.0), derivative_order=k), BOTH, 40) for k in (0, 1)
        )
        assert bool(missing(**about, residual=residual, soft=pairs)) == (order == 3)
        assert missing(**about, residual=residual, soft=pairs[:1]) != []


def laplace(x, u, c):
    return [derivative(u, x, 0, 0) + derivative(u, x, 1, 1) - 1]


def side(x, on):
    return on and not np.isclose(x[0], 2.0)


@pytest.mark.parametrize("domain", [SQUARE, HOLE, dde.geometry.Disk([0.0, 0.0], 1.0)])
def test_the_whole_boundary_of_a_shape_is_looked_at(domain):
    whole = soft(dde.icbc.DirichletBC(domain, zero, on_edge), domain, 160)
    assert missing(geometry=domain, residual=laplace, soft=(whole,)) == []
    half = SoftCondition(whole.condition, whole.points[whole.points[:, 0] > np.mean(domain.bbox[0][0] + 0.9)])
    (found, *_) = missing(geometry=domain, residual=laplace, soft=(half,))
    assert "u, u_x" in found or "boundary" in found
    slopes = SoftCondition(dde.icbc.NeumannBC(domain, zero, on_edge), whole.points)
    assert missing(geometry=domain, residual=laplace, soft=(slopes,)) == [
        "u anywhere, its derivatives alone are"
    ]


def test_a_hole_that_was_forgotten_is_named():
    outer = soft(dde.icbc.DirichletBC(HOLE, zero, lambda x, on: on and SQUARE.on_boundary(x)), HOLE, 200)
    (found,) = missing(geometry=HOLE, residual=laplace, soft=(outer,))
    assert "of the boundary, such as at x = " in found


def test_a_distance_lift_holds_its_edge():
    disk = dde.geometry.Disk([1.0, 2.0], 3.0)
    assert missing(geometry=disk, residual=laplace, lift=distance_lift(disk, zero)) == []


def test_a_singular_end_is_held_by_its_regularity():
    def lane_emden(x, u, c):
        return [derivative(u, x, 0, 0) + 2 / x * derivative(u, x, 0) + u**3]

    def multiplied(x, u, c):
        return [x * derivative(u, x, 0, 0) + 2 * derivative(u, x, 0) + x * u]

    for residual in (lane_emden, multiplied):
        assert missing(geometry=LINE, residual=residual, lift=lambda x, n, c: 1 + x * n) == []
        assert missing(geometry=LINE, residual=residual) != []


def test_systems_take_as_many_as_the_degree_of_their_symbol():
    def stokes(x, u, c):
        lap = [derivative(u, x, 0, 0, of=i) + derivative(u, x, 1, 1, of=i) for i in (0, 1)]
        return [
            lap[0] - derivative(u, x, 0, of=2),
            lap[1] - derivative(u, x, 1, of=2),
            derivative(u, x, 0, of=0) + derivative(u, x, 1, of=1),
        ]

    def lift(x, n, c):
        d = x[:, :1] * (2 - x[:, :1]) * x[:, 1:2] * (1 - x[:, 1:2])
        return torch.cat([d * n[:, :2], n[:, 2:]], dim=1)

    about = {"geometry": SQUARE, "outputs": ("u", "v", "p"), "residual": stokes}
    pin = SoftCondition(lambda x, u, c: u[:, 2:3], np.zeros((1, 2)))
    assert missing(**about, lift=lift, soft=(pin,)) == []
    assert missing(**about, lift=lift) == ["p anywhere, its derivatives alone are"]

    def pendulum(x, u, c):
        return [derivative(u, x, 0, of=0) - u[:, 1:], derivative(u, x, 0, of=1) + torch.sin(u[:, :1])]

    about = {"time": TIME, "outputs": ("angle", "speed"), "residual": pendulum}
    assert missing(**about, lift=lambda x, n, c: 1 + x * n) == []
    one = missing(**about, lift=lambda x, n, c: torch.cat([1 + x * n[:, :1], n[:, 1:]], dim=1))
    assert one == ["speed at t = 0"]


@pytest.mark.parametrize("name", sorted(load_problems()))
def test_no_equation_that_comes_along_is_named(name):
    problem = problem_named(name)
    assert problem.plan is not None
    found = missing_conditions(problem, problem.plan.architecture)
    assert bool(found) == (name in INVERSE)  # which measurements determine


def test_training_refuses_and_can_be_told_that_the_conditions_suffice():
    about = {
        "name": "forgotten",
        "coordinates": ("x",),
        "outputs": ("u",),
        "geometry": LINE,
        "residual": lambda x, u, c: [derivative(u, x, 0, 0) + torch.sin(x)],
        "lift": lambda x, n, c: x * n,
    }
    plan = TrainingPlan(Architecture((4,)), Sampling(20), first_steps=2, rounds=0)
    with pytest.raises(FieldwrightError, match=r"nothing holds u or u_x at x = 2 \(1 of 2 conditions\)"):
        train_pinn(Problem(**about), plan, 0)
    assert train_pinn(Problem(**about, determined=True), plan, 0).residual > 0
