"""Burgers' equation without any condition, to find its two coefficients from values measured inside.

    u_t + l u u_x = nu u_xx  on (-1, 1) x (0, 1),   l = 1,   nu = 0.01 / pi

What is measured comes from -sin(pi x) at t = 0, but neither start nor ends are given: the data alone determine
the solution. The reference is that of `burgers`, with the speed l by the same closed form.

Source: Raissi, Perdikaris and Karniadakis, J. Comput. Phys. 378 (2019) 686, section 4.1.1 (2000 values in space and
time, without noise and with 1 %).
"""

from __future__ import annotations

import math

from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.equations.problems.burgers import LINE, TIME, cole_hopf
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_t + l u u_x - nu u_xx, one column (n, 1)."""
    return [derivative(u, x, 1) + c["l"] * u * derivative(u, x, 0) - c["nu"] * derivative(u, x, 0, 0)]


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The closed form of Cole and Hopf at speed l, (n, 1)."""
    return cole_hopf(x[:, :1], x[:, 1:2], c["nu"], c["l"])


register(
    Problem(
        name="burgers_inverse",
        coordinates=("x", "t"),
        outputs=("u",),
        geometry=LINE,
        time=TIME,
        residual=residual,
        reference=reference,
        unknowns=(Unknown("l", 1.0, 0.5, 2.0), Unknown("nu", 0.01 / math.pi, 0.002, 0.01)),
        plan=TrainingPlan(
            Architecture((20, 20, 20)),
            Sampling(2000),
            first_steps=200,
            rounds=30,
            steps=20,
            tolerance=1e-5,
        ),
    )
)
