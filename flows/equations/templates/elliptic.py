"""A membrane under load, or a heated plate with cold edges: an elliptic equation.

    -k (u_xx + u_yy) = f(x, y)  on (0, 1) x (0, 1),   u = 0 on the edge

Change `load`, `residual` and the domain; keep a `reference` only if you know the solution, else leave it out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.lifts import distance_lift
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.pinn.deepxde_torch import dde

PLATE = dde.geometry.Rectangle([0.0, 0.0], [1.0, 1.0])


def load(x: Tensor) -> Tensor:
    """The right-hand side f (n, 1) at x (n, 2)."""
    return torch.sin(math.pi * x[:, :1]) * torch.sin(math.pi * x[:, 1:2])


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Zero for the solution: one column (n, 1) for each equation."""
    return [c["k"] * (derivative(u, x, 0, 0) + derivative(u, x, 1, 1)) + load(x)]


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The solution where it is known: residual and conditions are checked by it, and errors measured."""
    return load(x) / (2.0 * math.pi**2 * c["k"])


problem = Problem(
    name="elliptic",
    coordinates=("x", "y"),
    outputs=("u",),
    geometry=PLATE,
    residual=residual,
    # u = d N with a distance d that is zero on the edge: the edge holds whatever the network's output N is.
    lift=distance_lift(PLATE, lambda x: 0.0 * x[:, :1]),
    conditions=(dde.icbc.DirichletBC(PLATE, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),),
    reference=reference,
    unknowns=(Unknown("k", 0.1, 0.05, 0.2, "1"),),
)
