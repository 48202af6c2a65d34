"""What is wrong with an equation is said in a sentence before it is trained, the kind and the place named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.checks.near import near_domain
from fieldwright.physics.equations.conditions import SoftCondition, soft
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problem import Problem, Unknown, no_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

TIME = dde.geometry.TimeDomain(0.0, 2.0)
PLAN = TrainingPlan(Architecture((6,)), Sampling(40), first_steps=2, rounds=1, steps=2)
T = np.linspace(0, 2, 9)[:, None]
START = np.zeros((1, 1))


def decay(**change: Any) -> Problem:
    arguments: dict[str, Any] = {
        "name": "decay",
        "coordinates": ("t",),
        "outputs": ("u",),
        "time": TIME,
        "residual": lambda x, u, c: [derivative(u, x, 0) + c["rate"] * u],
        "lift": lambda x, n, c: 1 + x[:, :1] * n,
        "reference": lambda x, c: torch.exp(-c["rate"] * x[:, :1]),
        "unknowns": (Unknown("rate", 1.5, 0.5, 3.0),),
    }
    return Problem(**(arguments | change))


def started_at(value: float):
    return dde.icbc.IC(TIME, lambda x: value + 0 * x, lambda _, on: on)


def falling(value: float):
    """u'(0) = value."""
    return dde.icbc.OperatorBC(
        TIME, lambda x, u, _: derivative(u, x, 0) - value, lambda x, on: on and x[0] < 1
    )


SOFT: dict[str, Any] = {"lift": no_lift, "reference": None}


def held(error, points=START) -> dict[str, Any]:
    return SOFT | {"soft": (SoftCondition(error, points),)}


def residual(of):
    return {"residual": lambda x, u, c: of(x, u), "reference": None}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    # contradictions
    "lift against condition": (
        {"lift": lambda x, n, c: 3 + x[:, :1] * n, "reference": None, "conditions": (started_at(1.0),)},
        r"Condition 1 \(IC\) of 'decay' must hold for the lift.* an error of 2 at t = 0, the same for every network",
    ),
    "small units": (
        {"lift": lambda x, n, c: x[:, :1] * n, "reference": None, "conditions": (started_at(1e-6),)},
        "an error of -1e-06 at t = 0",
    ),
    "slope against condition": (
        {"lift": lambda x, n, c: 1 + x[:, :1] ** 2 * n, "reference": None, "conditions": (falling(-1.5),)},
        r"Condition 1 \(OperatorBC\).* an error of 1.5 at t = 0, the same",
    ),
    "neither lift nor training": (
        {"lift": no_lift, "reference": None, "conditions": (started_at(1.0),)},
        "Build it into the lift, or train it as a soft condition",
    ),
    "reference against condition": (
        {"lift": no_lift, "conditions": (started_at(2.0),), "soft": (soft(started_at(2.0), TIME),)},
        "Condition 1 .* must hold for its reference.* an error of -1 at t = 0",
    ),
    "reference against soft condition": (
        {"lift": no_lift, "soft": (soft(started_at(2.0), TIME),)},
        "Soft condition 1 of 'decay' must hold for its reference",
    ),
    "reference against lift": (
        {"reference": lambda x, c: 2 * torch.exp(-c["rate"] * x[:, :1])},
        "must agree with the reference.* 1 against 2 for the value of u at t = 0",
    ),
    "slope of the reference against the lift": (
        {"lift": lambda x, n, c: 1 + x[:, :1] ** 2 * n},
        "0 against -1.5 for the slope along t of u at t = 0",
    ),
    # shapes
    "a row": (residual(lambda x, u: [derivative(u, x, 0)[:, 0] + u[:, 0]]), r"\(\d+,\)\. Write u\[:, :1\]"),
    "a square": (residual(lambda x, u: [derivative(u, x, 0) + u[:, 0]]), r"shape \((\d+), \1\)\. Write u\[:, :1\]"),
    "no list": (residual(lambda x, u: derivative(u, x, 0) + u), "must return a list with one column"),
    "no equation": (residual(lambda x, u: []), "must return a list with one column"),
    "a second equation": (residual(lambda x, u: [u, u[:, 0]]), "Equation 2 of the residual"),
    "a reference of one output": (
        {"outputs": ("u", "v"), "residual": lambda x, u, c: [derivative(u, x, 0), derivative(u, x, 0, of=1)]},
        r"The reference of 'decay' must be of shape \(400, 2\).*Join one column",
    ),
    "a lift of one output": (
        {"outputs": ("u", "v"), "lift": lambda x, n, c: n[:, :1], "reference": None},
        "The lift of 'decay' must be of shape",
    ),
    "an error as a row": (held(lambda x, u, c: u[:, 0]), r"The error of a soft condition must be of shape \(1, 1\)"),
    "an output that is not there": (
        residual(lambda x, u: [derivative(u, x, 0, of=1)]),
        "The residual of 'decay' must run without an error",
    ),
    # numbers
    "a root": (residual(lambda x, u: [derivative(u, x, 0) + torch.sqrt(x[:, :1] - 1) * u]), "'sqrt' in `.*test_ch"),
    "a root in a tenth": (
        residual(lambda x, u: [derivative(u, x, 0) + torch.sqrt(x[:, :1] - 0.002) * u]),
        "Equation 1 of 'decay' must be finite.*'sqrt' in",
    ),
    "a logarithm": (residual(lambda x, u: [derivative(u, x, 0) + torch.log(-u * u - 1)]), "'log' in"),
    "a division": (held(lambda x, u, c: u / x[:, :1]), "Soft condition 1 of 'decay' must be finite.*at t = 0"),
    "a slope": (
        residual(lambda x, u: [derivative(u, x, 0) - 1 + torch.sqrt(abs(u - u.detach()))]),
        "must have finite derivatives by u",
    ),
    "a reference": (
        {"reference": lambda x, c: torch.log(x[:, :1] - 1)},
        "The residual of the reference of 'decay' must be finite.*'log' in",
    ),
    # coefficients
    "a misspelt coefficient": (
        {"residual": lambda x, u, c: [derivative(u, x, 0) + c["rte"] * u], "reference": None},
        "The residual of 'decay' must use coefficients of the equation: rate. Got 'rte'. Did you mean 'rate'",
    ),
    "one in a condition": (held(lambda x, u, c: u - c["raet"]), "error of a soft condition .*Did you mean 'rate'"),
    "one in the lift": ({"lift": lambda x, n, c: c["Rate"] + n, "reference": None}, "The lift .*Did you mean 'rate'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_equation_is_refused_in_a_sentence(kind):
    change, says = WRONG[kind]
    with pytest.raises(FieldwrightError, match=says):
        train_pinn(decay(**change), PLAN, 0)


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (np.zeros((1, 2)), r"must have points \(n, 1\): t. Got shape \(1, 2\)"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.zeros((0, 1)), r"shape \(0, 1\)"),
        (
            np.array([[0.0], [2.5]]),
            r"must have its points in the domain. Got 1 of 2 outside, the first at \[2.5\]",
        ),
        (np.array([[np.nan]]), "1 of 1 outside"),
    ],
)
def test_points_of_conditions_are_of_the_domain(points, says):
    with pytest.raises(FieldwrightError, match=says):
        decay(**held(lambda x, u, c: u - 1, points))


NAN = np.full((9, 1), np.nan)


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        (Measurements(T, NAN), "must hold a value. Got NaN in all 9 places"),
        (
            Measurements(np.zeros((5, 2)), np.ones((5, 1))),
            r"inputs of measurements must have the columns t.*\(5, 2",
        ),
        (Measurements(T, np.ones((9, 2))), r"values of measurements must have the columns u.*\(9, 2\)"),
        (Measurements(T[:, 0], np.ones((9, 1))), r"shape \(9,\)"),
        (Measurements(T, np.ones((8, 1))), "9 and 8 rows"),
        (Measurements(T + 1, np.ones((9, 1))), "4 of 9 outside, the first in row 5 at t = 2.25"),
        (Measurements(NAN, np.ones((9, 1))), "inputs of measurements must be finite. Got nan for t in row 0"),
        (Measurements(T, np.where(T > 1.9, np.inf, 1.0)), "inf for u in row 8"),
        (Measurements(T, np.ones((9, 1)), -1.0), "weight of measurements must be > 0"),
        (Measurements(T, np.ones((9, 1)), noise=0.0), "noise of measurements must be > 0"),
        (
            Measurements(T, np.ones((9, 1)), noise=(0.1, 0.2)),
            r"noise .* one for each of u\. Got shape \(2,\)",
        ),
    ],
)
def test_wrong_measurements_are_refused_in_a_sentence(measured, says):
    with pytest.raises(FieldwrightError, match=says):
        train_pinn(decay(), PLAN, 0, estimated=("rate",), measured=measured)


def test_measured_coefficients_lie_in_their_ranges_and_stand_in_the_equation():
    wide = Measurements(np.array([[0.5, 1.0], [0.5, 4.0]]), np.ones((2, 1)))
    with pytest.raises(FieldwrightError, match=r"1 of 2 outside, the first in row 1 at t = 0.5, rate = 4"):
        train_pinn(decay(), PLAN, 0, varied=("rate",), measured=wide)
    ghost = decay(unknowns=(Unknown("rate", 1.5, 0.5, 3.0), Unknown("ghost", 1.0, 0.1, 2.0)))
    for asked in ({"estimated": ("ghost",)}, {"varied": ("ghost",)}):
        inputs = T if "estimated" in asked else np.hstack([T, 1 + 0 * T])
        with pytest.raises(FieldwrightError, match="'ghost' must stand in the residual"):
            train_pinn(ghost, PLAN, 0, measured=Measurements(inputs, np.exp(-T)), **asked)
    with pytest.raises(FieldwrightError, match=r"Got 'rat'\. Did you mean 'rate'"):
        train_pinn(decay(), PLAN, 0, varied=("rat",))


@pytest.mark.parametrize("ends", [(3.0, 0.5), (1.0, 1.0), (0.0, np.inf), (np.nan, 1.0)])
def test_ranges_of_coefficients_rise(ends):
    with pytest.raises(FieldwrightError, match="'rate' must have finite numbers with low < high"):
        Unknown("rate", 1.0, *ends)


def test_equations_that_agree_with_themselves_are_trained():
    """Conditions in the lift, soft ones listed too, and coefficients that only a condition holds."""
    for problem, asked in (
        (decay(conditions=(started_at(1.0),)), {}),
        (decay(lift=no_lift, conditions=(started_at(1.0),), soft=(soft(started_at(1.0), TIME),)), {}),
        (
            decay(
                residual=lambda x, u, c: [derivative(u, x, 0) + u],
                reference=None,
                **{"lift": no_lift, "soft": (SoftCondition(lambda x, u, c: u - c["rate"], START),)},
            ),
            {"varied": ("rate",)},
        ),
    ):
        assert np.isfinite(train_pinn(problem, PLAN, 0, **asked).residual)


def test_a_point_on_a_round_boundary_is_in_the_domain():
    shape = dde.geometry.Rectangle([-2, -2], [2, 2]) - dde.geometry.Disk([0.3, 0.1], 0.7)
    plane = replace(
        problem_named("helmholtz"), geometry=shape, conditions=(), reference=None, lift=no_lift, features=None
    )
    angles = np.linspace(0, 2 * np.pi, 100)[:, None]
    round_it = np.hstack([np.cos(angles), np.sin(angles)])
    assert near_domain(plane, [0.3, 0.1] + 0.7 * round_it).all()
    assert not near_domain(plane, [0.3, 0.1] + 0.69 * round_it).any()


def test_residuals_that_lose_their_numbers_on_the_way_are_named_where():
    """log(0.02 - u) with u(0) = 0: finite at the start, then not, as the solution leaves the range."""
    problem = decay(
        residual=lambda x, u, c: [derivative(u, x, 0) - 1 + 1e-9 * torch.log(2e-2 - u)],
        lift=lambda x, n, c: 1e-3 * x[:, :1] * n,
        reference=None,
    )
    plan = replace(PLAN, sampling=Sampling(40, kind="rar"), rounds=2, steps=20)
    pinn = train_pinn(problem, plan, 0)
    assert pinn.verdict == "not converged"
