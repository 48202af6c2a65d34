"""The Korteweg-de Vries equation: a wave that steepens and breaks up into solitons.

    u_t + u u_x + 0.0025 u_xxx = 0  on (-1, 1) x (0, 1),   u(x, 0) = cos(pi x),   periodic in x

There is no closed form: the reference is a Fourier solution of 192 points with exponential Runge-Kutta steps of
1e-4, as a series in x and t; it keeps the integrals of u and u^2, and its residual is 1e-8 of the lift's.

Source: Zabusky and Kruskal, Phys. Rev. Lett. 15 (1965) 240; as a test of PINNs: Raissi, Perdikaris and Karniadakis,
J. Comput. Phys. 378 (2019) 686.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.equations.problems import register
from fieldwright.physics.equations.references.exponential_runge_kutta import solve_periodic
from fieldwright.physics.equations.references.space_time_series import chebyshev_times, space_time_series
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

DISPERSION = 0.0025
LINE = dde.geometry.Interval(-1.0, 1.0)
TIME = dde.geometry.TimeDomain(0.0, 1.0)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_t + u u_x + 0.0025 u_xxx, one column (n, 1)."""
    return [derivative(u, x, 1) + u * derivative(u, x, 0) + DISPERSION * derivative(u, x, 0, 0, 0)]


def features(x: Tensor) -> Tensor:
    """Waves of the period, so that every solution is periodic with all its derivatives."""
    phase = torch.pi * x[:, :1] * torch.tensor([1.0, 2.0, 4.0], dtype=x.dtype)
    return torch.cat([torch.sin(phase), torch.cos(phase), 2 * x[:, 1:2] - 1], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The start cos(pi x) plus t N."""
    return torch.cos(torch.pi * x[:, :1]) + x[:, 1:2] * network


@lru_cache(maxsize=1)
def _solution():
    n, degree = 192, 160
    x = -1 + 2 * np.arange(n) / n
    slope = 1j * np.pi * np.arange(n // 2 + 1)
    values = solve_periodic(
        np.cos(np.pi * x),
        2.0,
        lambda k: 1j * DISPERSION * k**3,
        lambda u: -slope * np.fft.rfft(u**2) / 2,
        chebyshev_times(1.0, degree),
        step=1e-4,
    )
    return space_time_series(values, -1.0, 2.0, 1.0)


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The series of the Fourier solution, (n, 1)."""
    return _solution()(x[:, :1], x[:, 1:2])


_domain = dde.geometry.GeometryXTime(LINE, TIME)

register(
    Problem(
        name="korteweg_de_vries",
        coordinates=("x", "t"),
        outputs=("u",),
        geometry=LINE,
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.IC(_domain, lambda x: np.cos(np.pi * x[:, :1]), lambda _, on_initial: on_initial),
            *(
                dde.icbc.PeriodicBC(_domain, 0, lambda _, on_boundary: on_boundary, derivative_order=order)
                for order in (0, 1)
            ),
        ),
        reference_floor=1e-8,
        plan=TrainingPlan(
            Architecture((20, 20, 20)),
            Sampling(2500),
            first_steps=200,
            rounds=80,
            steps=20,
            tolerance=1e-3,
        ),
    )
)
