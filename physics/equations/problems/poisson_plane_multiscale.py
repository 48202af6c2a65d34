"""Poisson's equation on a square with two scales, 6 to 1.

    u_xx + u_yy = f  on (0, 1)^2,   u = 0 on the edge,   u = sin(2 pi x) sin(2 pi y) + 0.1 sin(12 pi x) sin(12 pi y)

As on the line, the small waves dominate f (3.6 to 1) and are a tenth of u. The features are waves of 1/2, 3/2, 3 and
9/2 periods over the side, none of which is the solution's.

Source: on the line, Wang, Wang and Perdikaris, Comput. Methods Appl. Mech. Eng. 384 (2021) 113938, section 4.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.equations.problems import register
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

SQUARE = dde.geometry.Rectangle([0.0, 0.0], [1.0, 1.0])
WAVES = ((2 * torch.pi, 1.0), (12 * torch.pi, 0.1))


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The sum of both waves, (n, 1)."""
    a, b = x[:, :1], x[:, 1:2]
    return sum((height * torch.sin(k * a) * torch.sin(k * b) for k, height in WAVES), torch.zeros_like(a))


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_xx + u_yy - f, one column (n, 1)."""
    a, b = x[:, :1], x[:, 1:2]
    source = sum(
        (-2 * height * k**2 * torch.sin(k * a) * torch.sin(k * b) for k, height in WAVES), torch.zeros_like(a)
    )
    return [derivative(u, x, 0, 0) + derivative(u, x, 1, 1) - source]


def features(x: Tensor) -> Tensor:
    """Even about all edges: with the lift, which is odd, the solution goes on smoothly as a wave of the plane."""
    waves = torch.pi * torch.tensor([1.0, 3.0, 6.0, 9.0], dtype=x.dtype)
    return torch.cos(torch.cat([waves * x[:, :1], waves * x[:, 1:2]], dim=1))


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """N times sin(pi x) sin(pi y), which vanishes on the edge."""
    return torch.sin(torch.pi * x[:, :1]) * torch.sin(torch.pi * x[:, 1:2]) * network


register(
    Problem(
        name="poisson_plane_multiscale",
        coordinates=("x", "y"),
        outputs=("u",),
        geometry=SQUARE,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.DirichletBC(SQUARE, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        ),
        plan=TrainingPlan(
            # One wide layer of waves of up to seven periods: nearly a linear problem.
            Architecture((400,), activation="sine", frequency=44.0, own_features=False),
            Sampling(2500),
            first_steps=0,
            rounds=40,
            steps=10,
            tolerance=1e-5,
        ),
    )
)
