"""A rod that cools at its ends: a parabolic equation.

    u_t = D u_xx  on (0, 1) x (0, 1),   u(x, 0) = sin(pi x),   u = 0 at both ends

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

ROD, TIME = dde.geometry.Interval(0.0, 1.0), dde.geometry.TimeDomain(0.0, 1.0)
SPAN = dde.geometry.GeometryXTime(ROD, TIME)


def start(x: Tensor) -> Tensor:
    """The start u (n, 1) at x (n, 2): space first, time last."""
    return torch.sin(math.pi * x[:, :1])


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Zero for the solution: one column (n, 1) for each equation."""
    return [derivative(u, x, 1) - c["D"] * derivative(u, x, 0, 0)]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """Start and ends hold whatever the network's output N is: u = u(x, 0) + t / (t + 0.5) x (1 - x) N."""
    place, time = x[:, :1], x[:, 1:2]
    return start(x) + time / (time + 0.5) * place * (1.0 - place) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The solution where it is known: residual and conditions are checked by it, and errors measured."""
    return torch.exp(-c["D"] * math.pi**2 * x[:, 1:2]) * start(x)


problem = Problem(
    name="parabolic",
    coordinates=("x", "t"),
    outputs=("u",),
    geometry=ROD,
    time=TIME,
    residual=residual,
    lift=lift,
    conditions=(
        dde.icbc.DirichletBC(SPAN, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        dde.icbc.IC(SPAN, lambda x: np.sin(np.pi * x[:, :1]), lambda _, on_initial: on_initial),
    ),
    reference=reference,
    unknowns=(Unknown("D", 0.1, 0.05, 0.2, "1/s"),),
)
