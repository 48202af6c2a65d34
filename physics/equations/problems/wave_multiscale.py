"""The wave equation for a string that swings in two modes, at ten times the speed of its box.

    u_tt = c^2 u_xx  on (0, 1) x (0, 1),   u = 0 at both ends,   u_t(x, 0) = 0,   c = 10
    u(x, 0) = sin(pi x) + sin(2 pi x)

Solution:  u = sin(pi x) cos(c pi t) + sin(2 pi x) cos(2 c pi t): ten swings and a network that must follow them all.
c may be varied or estimated.

Whatever its start from rest, the string repeats after 2 / c, the way there and back, and is even in time. The gate
(1 - cos(c pi t)) / 2 says so: it vanishes with its slope at every return, where u is the start again. (A gate t^2
asks the network for values of u_tt / 2 at the start, 1e3 times the swing, and trains at errors of order one.)

Source: Wang, Wang and Perdikaris, Comput. Methods Appl. Mech. Eng. 384 (2021) 113938, section 4.3.
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

MODES = (1.0, 2.0)
STRING = dde.geometry.Interval(0.0, 1.0)
TIME = dde.geometry.TimeDomain(0.0, 1.0)
SPEED = 10.0


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_tt / c^2 - u_xx, one column (n, 1)."""
    # Divided by c^2, so that the coefficient's value does not set the weight of a point.
    return [derivative(u, x, 1, 1) / c["c"] ** 2 - derivative(u, x, 0, 0)]


def features(x: Tensor) -> Tensor:
    """Even about both ends in x, so that u is odd about them; of the time its phase in a return, and itself."""
    t = x[:, 1:2]
    phase = SPEED * torch.pi * t
    return torch.cat([torch.cos(torch.pi * x[:, :1]), torch.cos(phase), torch.sin(phase), 2 * t - 1], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The start, plus a gate that vanishes at every return of the string, times N."""
    s, phase = x[:, :1], c["c"] * torch.pi * x[:, 1:2]
    start = sum((torch.sin(k * torch.pi * s) for k in MODES), torch.zeros_like(s))
    return start + (1 - torch.cos(phase)) / 2 * torch.sin(torch.pi * s) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The sum of both modes, (n, 1)."""
    s, t = x[:, :1], x[:, 1:2]
    return sum(
        (torch.sin(k * torch.pi * s) * torch.cos(c["c"] * k * torch.pi * t) for k in MODES),
        torch.zeros_like(s),
    )


_domain = dde.geometry.GeometryXTime(STRING, TIME)

register(
    Problem(
        name="wave_multiscale",
        coordinates=("x", "t"),
        outputs=("u",),
        geometry=STRING,
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.IC(
                _domain,
                lambda x: np.sin(np.pi * x[:, :1]) + np.sin(2 * np.pi * x[:, :1]),
                lambda _, on_initial: on_initial,
            ),
            dde.icbc.OperatorBC(
                _domain, lambda x, u, _: derivative(u, x, 1), lambda x, _: np.isclose(x[1], 0.0)
            ),
            dde.icbc.DirichletBC(_domain, lambda x: 0.0 * x[:, :1], lambda _, on_boundary: on_boundary),
        ),
        unknowns=(Unknown("c", SPEED, 8.0, 12.0),),
        plan=TrainingPlan(
            Architecture((20, 20)),
            Sampling(2000),
            first_steps=200,
            rounds=40,
            steps=20,
            tolerance=3e-6,
        ),
    )
)
