"""Helmholtz' equation on a square, with four waves across one side and one across the other.

    u_xx + u_yy + k^2 u = q  on (-1, 1)^2,   u = 0 on the edge,   u = sin(pi x) sin(4 pi y),   k = 1

The features are waves of 1/4, 3/4, 3/2 and 3 periods over the side, none of which is the solution's. Waves that are
periodic over the side alone fight the lift (1 - x^2)(1 - y^2), which is half a wave.

Source: Wang, Teng and Perdikaris, SIAM J. Sci. Comput. 43 (2021) A3055, section 4.1.
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

SQUARE = dde.geometry.Rectangle([-1.0, -1.0], [1.0, 1.0])
WAVE_NUMBER = 1.0
ALONG_X, ALONG_Y = torch.pi, 4 * torch.pi


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """sin(pi x) sin(4 pi y), (n, 1)."""
    return torch.sin(ALONG_X * x[:, :1]) * torch.sin(ALONG_Y * x[:, 1:2])


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_xx + u_yy + k^2 u - q, one column (n, 1)."""
    source = (WAVE_NUMBER**2 - ALONG_X**2 - ALONG_Y**2) * reference(x, c)
    return [derivative(u, x, 0, 0) + derivative(u, x, 1, 1) + WAVE_NUMBER**2 * u - source]


def features(x: Tensor) -> Tensor:
    """Sines and cosines of four waves along each side."""
    waves = torch.pi * torch.tensor([0.25, 0.75, 1.5, 3.0], dtype=x.dtype)
    phase = torch.cat([waves * x[:, :1], waves * x[:, 1:2]], dim=1)
    return torch.cat([torch.sin(phase), torch.cos(phase)], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """N times a function that vanishes on the edge."""
    return (1 - x[:, :1] ** 2) * (1 - x[:, 1:2] ** 2) * network


register(
    Problem(
        name="helmholtz",
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
            # One wide layer of waves of up to about five periods: nearly a linear problem.
            Architecture((250,), activation="sine", frequency=30.0, own_features=False),
            Sampling(2000),
            first_steps=0,
            rounds=50,
            steps=10,
            tolerance=3e-6,
        ),
    )
)
