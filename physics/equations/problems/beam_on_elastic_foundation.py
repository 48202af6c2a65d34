"""Simply supported Euler-Bernoulli beam on an elastic foundation under a uniform load.

    E I w'''' + k w = q  on (0, L),   w = w'' = 0 at both ends

in the variables xi = x / L, W = w E I / (q L^4):   W'''' + 4 B^4 W = 1,   4 B^4 = k L^4 / (E I)

Solution with s = xi - 1/2, h = B / 2 and S, C, s', c' = sinh, cosh, sin, cos of h:

    W = (1 - (2 c' C cos(B s) cosh(B s) + 2 s' S sin(B s) sinh(B s)) / (cos(2 h) + cosh(2 h))) / (4 B^4)

B^4 ("stiffness", without unit) may be varied or estimated.

Source: Hetenyi, Beams on Elastic Foundation (1946), chapter III.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

SPAN = dde.geometry.Interval(0.0, 1.0)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual W'''' + 4 B^4 W - 1, one column (n, 1)."""
    return [derivative(u, x, 0, 0, 0, 0) + 4 * c["stiffness"] * u - 1]


def features(x: Tensor) -> Tensor:
    """Cosines of half and one period over the span."""
    return torch.cat([torch.cos(torch.pi * x), torch.cos(2 * torch.pi * x)], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The beam without foundation plus an odd function about both ends, which has W = W'' = 0 there."""
    xi = x[:, :1]
    return (xi - 2 * xi**3 + xi**4) / 24 + 0.01 * torch.sin(torch.pi * xi) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """Hetenyi's closed form, (n, 1)."""
    b4 = torch.as_tensor(c["stiffness"], dtype=torch.float64)
    b = b4**0.25
    s, h = b * (x[:, :1] - 0.5), b / 2
    even = torch.cos(h) * torch.cosh(h) * torch.cos(s) * torch.cosh(s)
    odd = torch.sin(h) * torch.sinh(h) * torch.sin(s) * torch.sinh(s)
    return (1 - 2 * (even + odd) / (torch.cos(2 * h) + torch.cosh(2 * h))) / (4 * b4)


def stability(c: Mapping[str, float]) -> float:
    """1 / (pi^4 + 4 B^4): the least eigenvalue of the operator, of the mode sin(pi xi)."""
    return 1 / (math.pi**4 + 4 * c["stiffness"])


register(
    Problem(
        name="beam_on_elastic_foundation",
        coordinates=("xi",),
        outputs=("deflection",),
        geometry=SPAN,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.DirichletBC(SPAN, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
            dde.icbc.OperatorBC(
                SPAN, lambda x, u, _: derivative(u, x, 0, 0), lambda _, on_boundary: on_boundary
            ),
        ),
        unknowns=(Unknown("stiffness", 100.0, 20.0, 200.0),),
        stability=stability,
        plan=TrainingPlan(
            Architecture((16, 16)),
            Sampling(400),
            first_steps=200,
            rounds=30,
            steps=25,
            tolerance=1e-6,
        ),
    )
)
