"""The torsion of a bar whose section is an L: Poisson's equation with a corner that points inwards.

    u_xx + u_yy = -1  on (-1, 1)^2 without (0, 1) x (-1, 0),   u = 0 on the edge

At the corner u grows as r^(2/3), and its slope without bound. The lift holds that wave, s = r^(2/3) sin(2 a / 3),
which vanishes on both edges of the corner, and the network sees s and r^(2/3) cos(2 a / 3) beside x and y: what is
left for it to learn is smooth. All quantities are without unit.

Source: Fox, Henrici and Moler, SIAM J. Numer. Anal. 4 (1967) 89, for the L and its corner's waves.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.equations.problems import register
from fieldwright.physics.equations.references.l_shape import polar, torsion
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

SQUARE = dde.geometry.Rectangle([-1.0, -1.0], [1.0, 1.0])
SECTION = dde.geometry.CSGDifference(SQUARE, dde.geometry.Rectangle([0.0, -1.0], [1.0, 0.0]))


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_xx + u_yy + 1, one column (n, 1)."""
    return [derivative(u, x, 0, 0) + derivative(u, x, 1, 1) + 1.0]


def corner_waves(x: Tensor) -> Tensor:
    """Columns r^(2/3) sin(2 a / 3) and r^(2/3) cos(2 a / 3) (n, 2) about the corner."""
    r, a = polar(x)
    return r ** (2 / 3) * torch.cat([torch.sin(2 * a / 3), torch.cos(2 * a / 3)], dim=1)


def features(x: Tensor) -> Tensor:
    """Coordinates and the corner's waves (n, 4)."""
    return torch.cat([x[:, :2], corner_waves(x)], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """(1 - x^2) (1 - y^2) r^(2/3) sin(2 a / 3) N, zero on the edge whatever N is."""
    return (1 - x[:, :1] ** 2) * (1 - x[:, 1:2] ** 2) * corner_waves(x)[:, :1] * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The fitted solution, (n, 1)."""
    return torsion(x)


register(
    Problem(
        name="poisson_l_shape",
        coordinates=("x", "y"),
        outputs=("u",),
        geometry=SECTION,
        residual=residual,
        lift=lift,
        features=features,
        reference=reference,
        conditions=(
            dde.icbc.DirichletBC(SECTION, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        ),
        plan=TrainingPlan(Architecture((20, 20)), Sampling(1500), rounds=20, steps=30, tolerance=2e-3),
    )
)
