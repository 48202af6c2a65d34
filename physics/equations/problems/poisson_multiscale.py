"""Poisson's equation in one dimension with two scales, 25 to 1.

    u'' = f  on (0, 1),   u(0) = u(1) = 0,   u = sin(2 pi x) + 0.1 sin(50 pi x)

The small wave dominates f (625 to 10 against the large one) and is a tenth of u: networks of the bare coordinate
learn neither. The features are waves of doubling frequency, none of which is the solution's.

Source: Wang, Wang and Perdikaris, On the eigenvector bias of Fourier feature networks, Comput. Methods Appl. Mech.
Eng. 384 (2021) 113938, section 4.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.equations.problems import register
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

INTERVAL = dde.geometry.Interval(0.0, 1.0)
WAVES = ((2 * torch.pi, 1.0), (50 * torch.pi, 0.1))


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The sum of both waves, (n, 1)."""
    s = x[:, :1]
    return sum((height * torch.sin(k * s) for k, height in WAVES), torch.zeros_like(s))


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u'' - f, one column (n, 1)."""
    s = x[:, :1]
    source = sum((-height * k**2 * torch.sin(k * s) for k, height in WAVES), torch.zeros_like(s))
    return [derivative(u, x, 0, 0) - source]


def features(x: Tensor) -> Tensor:
    """Sines and cosines of doubling frequency."""
    phase = torch.pi * x * 2.0 ** torch.arange(7, dtype=x.dtype)
    return torch.cat([torch.sin(phase), torch.cos(phase)], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """N times 4 x (1 - x), which vanishes at both ends."""
    return 4 * x[:, :1] * (1 - x[:, :1]) * network


def stability(c: Mapping[str, float]) -> float:
    """1 / pi^2: the least eigenvalue of -u'' between zeros at 0 and 1 is pi^2."""
    return 1 / math.pi**2


register(
    Problem(
        name="poisson_multiscale",
        coordinates=("x",),
        outputs=("u",),
        geometry=INTERVAL,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.DirichletBC(INTERVAL, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        ),
        stability=stability,
        plan=TrainingPlan(
            # Random waves of a medium speed, which the layers multiply: better here than doubling ones.
            Architecture((20, 20), own_features=False, fourier=Fourier((10.0,), count=20)),
            Sampling(1000),
            first_steps=200,
            rounds=100,
            steps=25,
            tolerance=1e-6,
        ),
    )
)
