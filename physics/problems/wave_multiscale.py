"""The wave equation for a string that swings in two modes, at ten times the speed of its box.

    u_tt = c^2 u_xx  on (0, 1) x (0, 1),   u = 0 at both ends,   u_t(x, 0) = 0,   c = 10
    u(x, 0) = sin(pi x) + sin(2 pi x)

Solution:  u = sin(pi x) cos(c pi t) + sin(2 pi x) cos(2 c pi t): ten swings and a network that must follow them all.
c may be varied or estimated.

The residual holds u_tt, so a gate t^2 on the network trains badly: it asks it for values of u_tt / 2 at the start
that are 1e3 times the swing. The gate t^2 / (t^2 + tau^2) levels off after the time of a swing.

Source: Wang, Wang and Perdikaris, Comput. Methods Appl. Mech. Eng. 384 (2021) 113938, section 4.3.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from physics.deepxde_torch import dde
from physics.derivative import derivative
from physics.networks.architecture import Architecture, Fourier
from physics.problem import Coefficients, Problem, Unknown
from physics.problems import register
from physics.training_plan import Sampling, TrainingPlan

MODES = (1.0, 2.0)
STRING = dde.geometry.Interval(0.0, 1.0)
TIME = dde.geometry.TimeDomain(0.0, 1.0)
LIFT_TIME = 0.03  # 1 / (c pi): the slower mode's


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    # Divided by c^2, so that the coefficient's value does not set the weight of a point.
    return [derivative(u, x, 1, 1) / c["c"] ** 2 - derivative(u, x, 0, 0)]


def features(x: Tensor) -> Tensor:
    """Even about both ends in x, so that u is odd about them; a tenth, as ten times faster in time than in space."""
    return torch.cat([0.1 * torch.cos(torch.pi * x[:, :1]), 2 * x[:, 1:2] - 1], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    s, t2 = x[:, :1], x[:, 1:2] ** 2
    start = sum((torch.sin(k * torch.pi * s) for k in MODES), torch.zeros_like(s))
    return start + t2 / (t2 + LIFT_TIME**2) * torch.sin(torch.pi * s) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
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
        unknowns=(Unknown("c", 10.0, 8.0, 12.0),),
        plan=TrainingPlan(
            # Waves of up to ten or so swings in the time.
            Architecture((20, 20), fourier=Fourier((20.0,), count=16)),
            Sampling(3000),
            first_steps=200,
            rounds=50,
            steps=20,
            tolerance=1e-5,
        ),
    )
)
