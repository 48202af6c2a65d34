"""The nonlinear Schroedinger equation: a soliton of order two that breathes.

    i h_t + h_xx / 2 + |h|^2 h = 0  on (-5, 5) x (0, pi / 2),   h(x, 0) = 2 / cosh(x)

for h = u + i v, as two equations:  u_t + v_xx / 2 + (u^2 + v^2) v = 0,   v_t - u_xx / 2 - (u^2 + v^2) u = 0

Solution on the whole line, whose values at x = -5 and 5 are the boundary conditions here:

    h = 4 exp(i t / 2) (cosh(3 x) + 3 exp(4 i t) cosh(x)) / (cosh(4 x) + 4 cosh(2 x) + 3 cos(4 t))

Periodic conditions, often set here, put a kink of size 0.05 at the ends, which disperses over the whole line.

Source: Satsuma and Yajima, Prog. Theor. Phys. Suppl. 55 (1974) 284, equation 4.9; as a test of PINNs: Raissi,
Perdikaris and Karniadakis, J. Comput. Phys. 378 (2019) 686, section 3.1.1.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.equations.problems import register
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

END, HALF = np.pi / 2, 5.0
LINE = dde.geometry.Interval(-HALF, HALF)
TIME = dde.geometry.TimeDomain(0.0, END)
LIFT_TIME = 0.25  # of exp(4 i t)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """The real and the imaginary part of the equation, two columns (n, 1)."""
    real, imaginary = u[:, :1], u[:, 1:2]
    square = real**2 + imaginary**2
    return [
        derivative(u, x, 1, of=0) + derivative(u, x, 0, 0, of=1) / 2 + square * imaginary,
        derivative(u, x, 1, of=1) - derivative(u, x, 0, 0, of=0) / 2 - square * real,
    ]


def breather(x: Tensor, t: Tensor) -> Tensor:
    """Real and imaginary part (n, 2) at x (n, 1) and t (n, 1)."""
    narrow, wide = torch.cosh(3 * x), 3 * torch.cosh(x)
    size = 4 / (torch.cosh(4 * x) + 4 * torch.cosh(2 * x) + 3 * torch.cos(4 * t))
    # exp(i t / 2) and exp(i t / 2 + 4 i t)
    real = narrow * torch.cos(t / 2) + wide * torch.cos(4.5 * t)
    imaginary = narrow * torch.sin(t / 2) + wide * torch.sin(4.5 * t)
    return size * torch.cat([real, imaginary], dim=1)


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The closed form of the breathing soliton, (n, 2)."""
    return breather(x[:, :1], x[:, 1:2])


def features(x: Tensor) -> Tensor:
    """Even in x, as the solution."""
    s = x[:, :1] / HALF
    waves = torch.pi * s * torch.tensor([0.5, 1.0, 2.0], dtype=x.dtype)
    return torch.cat([torch.cos(waves), 2 * s**2 - 1, 2 * x[:, 1:2] / END - 1], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The start turned as its ends turn, plus what vanishes there and at the start."""
    s, t = x[:, :1], x[:, 1:2]
    at_end = torch.full_like(s, HALF)
    turned = breather(at_end, t) * torch.cosh(at_end) / torch.cosh(s)
    return turned + t / (t + LIFT_TIME) * (1 - (s / HALF) ** 2) * network


_domain = dde.geometry.GeometryXTime(LINE, TIME)


def _condition(kind: type, component: int):
    def values(x: np.ndarray) -> np.ndarray:
        points = torch.from_numpy(x)
        return breather(points[:, :1], points[:, 1:2])[:, component, None].numpy()

    return kind(_domain, values, lambda _, on: on, component=component)


register(
    Problem(
        name="schroedinger",
        coordinates=("x", "t"),
        outputs=("real", "imaginary"),
        geometry=LINE,
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=tuple(
            _condition(kind, component)
            for kind in (dde.icbc.IC, dde.icbc.DirichletBC)
            for component in (0, 1)
        ),
        plan=TrainingPlan(
            Architecture((20, 20, 20)),
            Sampling(2000),
            first_steps=200,
            rounds=60,
            steps=20,
            tolerance=1e-4,
        ),
    )
)
