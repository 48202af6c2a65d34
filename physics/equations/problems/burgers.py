"""Burgers' equation with a shock that forms at x = 0.

    u_t + u u_x = nu u_xx  on (-1, 1) x (0, 1),   u(x, 0) = -sin(pi x),   u(-1, t) = u(1, t) = 0,   nu = 0.01 / pi

Closed form by Cole and Hopf: with F(y) = exp(-cos(pi y) / (2 pi nu)) and y = x - 2 sqrt(nu t) z,

    u = -int sin(pi y) F(y) exp(-z^2) dz / int F(y) exp(-z^2) dz

by the trapezoidal rule, which converges geometrically for such integrands. nu may be varied or estimated.

The equation and the start are odd in x, and so is the solution: so are lift and features together. Where an odd
solution steepens, the shock must stand at x = 0, and the features spread that neighbourhood out.

Source: Basdevant et al., Spectral and finite difference solutions of the Burgers equation, Computers and Fluids 14
(1986) 23; as a test of PINNs: Raissi, Perdikaris and Karniadakis, J. Comput. Phys. 378 (2019) 686.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

LINE = dde.geometry.Interval(-1.0, 1.0)
TIME = dde.geometry.TimeDomain(0.0, 1.0)
STEEP = 0.05  # reach about x = 0 that the features spread out
REACH, NODES = 16.0, 641  # of z: beyond 16 the integrand is below 1e-16 of its peak for nu >= 0.002


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_t + u u_x - nu u_xx, one column (n, 1)."""
    return [derivative(u, x, 1) + u * derivative(u, x, 0) - c["nu"] * derivative(u, x, 0, 0)]


def features(x: Tensor) -> Tensor:
    """Even in x, with the neighbourhood of x = 0 spread out."""
    s = x[:, :1]
    return torch.cat([2 * s**2 - 1, 2 * torch.tanh(s / STEEP) ** 2 - 1, 2 * x[:, 1:2] - 1], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The start, plus t times an odd function that vanishes at both ends."""
    s, t = x[:, :1], x[:, 1:2]
    return -torch.sin(torch.pi * s) + t * (1 - s**2) * torch.tanh(s / STEEP) * network


def cole_hopf(x: Tensor, t: Tensor, nu: Tensor | float, speed: Tensor | float = 1.0) -> Tensor:
    """Solution u (n, 1) of u_t + speed u u_x = nu u_xx from -sin(pi x): speed u solves the equation of speed 1."""
    z = torch.linspace(-REACH, REACH, NODES, dtype=x.dtype)
    y = x - 2 * torch.sqrt(nu * t) * z
    # Weights are taken relative to the largest, or they would overflow for small nu.
    weight = torch.softmax(-speed * torch.cos(torch.pi * y) / (2 * torch.pi * nu) - z**2, dim=1)
    return -(torch.sin(torch.pi * y) * weight).sum(dim=1, keepdim=True)


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The closed form of Cole and Hopf, (n, 1)."""
    return cole_hopf(x[:, :1], x[:, 1:2], c["nu"])


_domain = dde.geometry.GeometryXTime(LINE, TIME)

register(
    Problem(
        name="burgers",
        coordinates=("x", "t"),
        outputs=("u",),
        geometry=LINE,
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.IC(_domain, lambda x: -np.sin(np.pi * x[:, :1]), lambda _, on_initial: on_initial),
            dde.icbc.DirichletBC(_domain, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        ),
        unknowns=(Unknown("nu", 0.01 / np.pi, 0.002, 0.02),),
        plan=TrainingPlan(
            # Short rounds and many points: the shock is otherwise met at the points alone.
            Architecture((20, 20, 20)),
            Sampling(3000),
            first_steps=200,
            rounds=160,
            steps=15,
            tolerance=2e-5,
        ),
    )
)
