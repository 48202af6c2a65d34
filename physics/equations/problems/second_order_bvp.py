"""Linear second-order boundary-value problem.

    u'' + a u' - b = 0  on (0, 1),   u(0) = u0,   u(1) = u1

Solution for a != 0:  u = c1 + c2 exp(-a x) + (b / a) x  with c1 + c2 = u0 and c1 + c2 exp(-a) + b / a = u1.
All quantities are without unit. a and b may be varied or estimated.

Source: Boyce and DiPrima, Elementary Differential Equations and Boundary Value Problems, sections 3.1 and 3.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

U0, U1 = 0.0, 1.0
INTERVAL = dde.geometry.Interval(0.0, 1.0)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u'' + a u' - b, one column (n, 1)."""
    return [derivative(u, x, 0, 0) + c["a"] * derivative(u, x, 0) - c["b"]]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The line between both boundary values, plus x (1 - x) N."""
    s = x[:, :1]
    return U0 + (U1 - U0) * s + s * (1 - s) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The closed form, (n, 1)."""
    a, b = (torch.as_tensor(c[name], dtype=torch.float64) for name in ("a", "b"))
    c2 = (U1 - U0 - b / a) / torch.expm1(-a)
    return (U0 - c2) + c2 * torch.exp(-a * x[:, :1]) + b / a * x[:, :1]


def stability(c: Mapping[str, float]) -> float:
    """1 / pi^2: of e with zeros at the ends, -(e'' + a e') times e integrates to |e'|^2 >= pi^2 |e|^2."""
    return 1 / math.pi**2


register(
    Problem(
        name="second_order_bvp",
        coordinates=("x",),
        outputs=("u",),
        geometry=INTERVAL,
        residual=residual,
        lift=lift,
        reference=reference,
        conditions=(
            dde.icbc.DirichletBC(
                INTERVAL, lambda x: np.where(x[:, :1] < 0.5, U0, U1), lambda _, on_boundary: on_boundary
            ),
        ),
        unknowns=(Unknown("a", 5.0, 1.0, 8.0), Unknown("b", 2.0, -3.0, 3.0)),
        stability=stability,
        plan=TrainingPlan(
            Architecture((16, 16)),
            Sampling(400),
            first_steps=200,
            rounds=20,
            steps=25,
            tolerance=2e-6,
        ),
    )
)
