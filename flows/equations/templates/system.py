"""A substance that decays into another, which decays too: a system of equations.

    a' = -k1 a,   b' = k1 a - k2 b  on (0, 3) s,   a(0) = 1,   b(0) = 0

Change `residual`, the domain and the start; keep a `reference` only if you know the solution, else leave it out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.lifts import start_lift
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.pinn.deepxde_torch import dde

TIME = dde.geometry.TimeDomain(0.0, 3.0)
START = (1.0, 0.0)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Zero for the solution: one column (n, 1) for each equation. u: (n, 2)."""
    a, b = u[:, :1], u[:, 1:2]
    return [
        derivative(u, x, 0, of=0) + c["k1"] * a,
        derivative(u, x, 0, of=1) - c["k1"] * a + c["k2"] * b,
    ]


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The solution (n, 2) where it is known: residual and conditions are checked by it, and errors measured."""
    first, second = torch.exp(-c["k1"] * x[:, :1]), torch.exp(-c["k2"] * x[:, :1])
    return torch.cat([first, c["k1"] / (c["k2"] - c["k1"]) * (first - second)], dim=1)


def start_of(component: int) -> dde.icbc.IC:
    """The condition that one of the outputs begins at its value."""
    value = START[component]
    return dde.icbc.IC(TIME, lambda x: value + 0.0 * x, lambda _, on_initial: on_initial, component=component)


problem = Problem(
    name="system",
    coordinates=("t",),
    outputs=("a", "b"),
    time=TIME,
    residual=residual,
    # Each output keeps its start whatever the network's is; 0.5 s is about the time of the fastest change.
    lift=start_lift(lambda x: torch.tensor([START], dtype=x.dtype).expand(len(x), 2), column=0, settle=0.5),
    conditions=(start_of(0), start_of(1)),
    reference=reference,
    unknowns=(Unknown("k1", 2.0, 1.5, 2.5, "1/s"), Unknown("k2", 0.5, 0.3, 1.0, "1/s")),
)
