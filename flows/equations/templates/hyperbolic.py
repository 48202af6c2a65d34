"""A string that is let go: a hyperbolic equation.

    u_tt = c^2 u_xx  on (0, 1) x (0, 1),   u(x, 0) = sin(pi x),   u_t(x, 0) = 0,   u = 0 at both ends

Change `start`, `residual` and the domain; keep a `reference` only if you know the solution, else leave it out.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.pinn.deepxde_torch import dde

STRING, TIME = dde.geometry.Interval(0.0, 1.0), dde.geometry.TimeDomain(0.0, 1.0)
SPAN = dde.geometry.GeometryXTime(STRING, TIME)


def start(x: Tensor) -> Tensor:
    """The start u (n, 1) at x (n, 2): space first, time last."""
    return torch.sin(math.pi * x[:, :1])


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Zero for the solution: one column (n, 1) for each equation."""
    return [derivative(u, x, 1, 1) - c["c"] ** 2 * derivative(u, x, 0, 0)]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """Start, speed at the start and ends hold whatever the output N is: t^2 vanishes with its slope at t = 0."""
    place, square = x[:, :1], x[:, 1:2] ** 2
    return start(x) + square / (square + 0.25) * place * (1.0 - place) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The solution where it is known: residual and conditions are checked by it, and errors measured."""
    return torch.cos(c["c"] * math.pi * x[:, 1:2]) * start(x)


problem = Problem(
    name="hyperbolic",
    coordinates=("x", "t"),
    outputs=("u",),
    geometry=STRING,
    time=TIME,
    residual=residual,
    lift=lift,
    conditions=(
        dde.icbc.DirichletBC(SPAN, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        dde.icbc.IC(SPAN, lambda x: np.sin(np.pi * x[:, :1]), lambda _, on_initial: on_initial),
        dde.icbc.OperatorBC(SPAN, lambda x, u, _: derivative(u, x, 1), lambda x, _: np.isclose(x[1], 0.0)),
    ),
    reference=reference,
    unknowns=(Unknown("c", 1.0, 0.5, 1.5, "1/s"),),
)
