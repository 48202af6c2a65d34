"""Heat conduction from an initial temperature of low and high frequencies: the case where spectral bias shows.

    u_t = D u_xx  on (0, 1) x (0, 1),   u_x = 0 at both ends,   u(x, 0) = sum_k a_k cos(k pi x)

Solution:  u = sum_k a_k exp(-D k^2 pi^2 t) cos(k pi x),  modes k = 1, 3, 6, 10 of equal amplitude 1/4.
D [1/s, lengths scaled by the bar's] may be varied or estimated.

A plain network learns the low modes of the initial temperature first (Rahaman et al. 2019). The features here,
cosines of doubling frequency, also meet the boundary conditions exactly, whatever the network makes of them.

Source: Carslaw and Jaeger, Conduction of Heat in Solids (1959), section 3.3; Rahaman et al., On the Spectral Bias of
Neural Networks, ICML 2019.
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

MODES = (1, 3, 6, 10)
BAR = dde.geometry.Interval(0.0, 1.0)
TIME = dde.geometry.TimeDomain(0.0, 1.0)
LIFT_TIME = 0.1  # s; about the life of the fastest mode


def initial(x: Tensor) -> Tensor:
    """Initial temperature (n, 1) at x (n, 1): the mean of the modes' cosines."""
    return torch.cos(torch.pi * x * torch.tensor(MODES, dtype=x.dtype)).mean(dim=1, keepdim=True)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_t - D u_xx, one column (n, 1)."""
    return [derivative(u, x, 1) - c["D"] * derivative(u, x, 0, 0)]


def features(x: Tensor) -> Tensor:
    """Cosines of doubling frequency in x, and the scaled time."""
    waves = torch.cos(torch.pi * x[:, :1] * torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=x.dtype))
    return torch.cat([waves, 2 * x[:, 1:2] - 1], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The initial temperature, plus a gate that vanishes at t = 0, times N."""
    t = x[:, 1:2]
    return initial(x[:, :1]) + t / (t + LIFT_TIME) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The sum of the decaying modes, (n, 1)."""
    k = torch.pi * torch.tensor(MODES, dtype=x.dtype)
    return (torch.exp(-c["D"] * k**2 * x[:, 1:2]) * torch.cos(k * x[:, :1])).mean(dim=1, keepdim=True)


def stability(c: Mapping[str, float]) -> float:
    """2 / pi: every mode is e' + D k^2 pi^2 e = r from e = 0, and |e| is largest for k = 0, the integral of r.

    The norm of integration on (0, 1) is 2 / pi: Halmos, A Hilbert Space Problem Book, problem 188.
    """
    return 2 / math.pi


_domain = dde.geometry.GeometryXTime(BAR, TIME)

register(
    Problem(
        name="heat_high_frequency",
        coordinates=("x", "t"),
        outputs=("u",),
        geometry=BAR,
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.IC(
                _domain,
                lambda x: initial(torch.from_numpy(x[:, :1])).numpy(),
                lambda _, on_initial: on_initial,
            ),
            dde.icbc.NeumannBC(_domain, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        ),
        unknowns=(Unknown("D", 0.01, 0.005, 0.02, "1/s"),),
        stability=stability,
        plan=TrainingPlan(
            # The features are enough: random waves or sine activations on top of them train worse.
            Architecture((20, 20)),
            Sampling(2000),
            rounds=60,
            steps=25,
            tolerance=1.5e-5,
        ),
    )
)
