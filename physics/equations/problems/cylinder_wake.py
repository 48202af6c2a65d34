"""The wake of a cylinder, to find the coefficients of the Navier-Stokes equations from measured velocities.

    u_t + l (u u_x + v u_y) = -p_x + nu (u_xx + u_yy)
    v_t + l (u v_x + v v_y) = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0   on (1, 8) x (-2, 2) x (0, 6)

in diameters behind the cylinder's centre, the speed far away and diameters over it; l = 1, nu = 1 / Re = 0.01.
6 is about one period of the vortex street at Re = 100. There is no condition: velocities measured inside, with
noise, determine the solution, and with it the pressure up to a constant.

No reference is known in advance; a simulation's snapshots give the measurements (`measured_in_snapshots`), and those
of the test set the error.

Source: Raissi, Perdikaris and Karniadakis, J. Comput. Phys. 378 (2019) 686, section 4.1.2.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

LOW, HIGH, END = (1.0, -2.0), (8.0, 2.0), 6.0


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Momentum along x and y, and continuity: three columns (n, 1)."""
    a, b = u[:, :1], u[:, 1:2]
    momentum = [
        derivative(u, x, 2, of=i)
        + c["l"] * (a * derivative(u, x, 0, of=i) + b * derivative(u, x, 1, of=i))
        + derivative(u, x, i, of=2)
        - c["nu"] * (derivative(u, x, 0, 0, of=i) + derivative(u, x, 1, 1, of=i))
        for i in (0, 1)
    ]
    return [*momentum, derivative(u, x, 0, of=0) + derivative(u, x, 1, of=1)]


def features(x: Tensor) -> Tensor:
    """The street moves downstream: waves of position and time of half, one and two periods over the domain."""
    low, high = torch.tensor(LOW, dtype=x.dtype), torch.tensor(HIGH, dtype=x.dtype)
    place = (2 * x[:, :2] - low - high) / (high - low)
    phase = torch.pi * x[:, 2:3] / END * torch.tensor([1.0, 2.0, 4.0], dtype=x.dtype)
    return torch.cat([place, torch.sin(phase), torch.cos(phase)], dim=1)


register(
    Problem(
        name="cylinder_wake",
        coordinates=("x", "y", "t"),
        outputs=("u", "v", "p"),
        geometry=dde.geometry.Rectangle(list(LOW), list(HIGH)),
        time=dde.geometry.TimeDomain(0.0, END),
        residual=residual,
        features=features,
        unknowns=(Unknown("l", 1.0, 0.5, 1.5), Unknown("nu", 0.01, 0.002, 0.02)),
        plan=TrainingPlan(
            Architecture((20, 20, 20)),
            Sampling(2000),
            first_steps=200,
            rounds=15,
            steps=20,
            tolerance=1e-4,
        ),
    )
)
