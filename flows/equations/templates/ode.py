"""A body that cools: an ordinary differential equation.

    u' = -rate u  on (0, 2) s,   u(0) = 1

Change `residual`, the domain and the start; keep a `reference` only if you know the solution, else leave it out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.lifts import start_lift
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.pinn.deepxde_torch import dde

TIME = dde.geometry.TimeDomain(0.0, 2.0)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Zero for the solution: one column (n, 1) for each equation. x: (n, 1) the time."""
    return [derivative(u, x, 0) + c["rate"] * u]


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The solution where it is known: residual and conditions are checked by it, and errors measured."""
    return torch.exp(-c["rate"] * x[:, :1])


problem = Problem(
    name="ode",
    coordinates=("t",),
    outputs=("u",),
    time=TIME,
    residual=residual,
    # u = u(0) + t / (t + 0.5) N: the start holds whatever the network's output N is; 0.5 s is about 1 / rate.
    lift=start_lift(lambda x: 1.0 + 0.0 * x[:, :1], column=0, settle=0.5),
    conditions=(dde.icbc.IC(TIME, lambda x: 1.0 + 0.0 * x, lambda _, on_initial: on_initial),),
    reference=reference,
    unknowns=(Unknown("rate", 1.5, 0.5, 3.0, "1/s"),),
)
