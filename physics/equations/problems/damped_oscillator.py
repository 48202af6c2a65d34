"""Free vibration of an underdamped oscillator.

    u'' + 2 d u' + w0^2 u = 0  on (0, 1) s,   u(0) = 1 m,   u'(0) = 0,   d < w0

Solution:  u = exp(-d t) (cos(w t) + (d / w) sin(w t)),  w = sqrt(w0^2 - d^2).
d [1/s] is the decay rate, w0 [rad/s] the natural frequency. Both may be varied or estimated.

Source: Timoshenko, Vibration Problems in Engineering, section 1.8; as a test of PINNs: Markidis, Frontiers in Big
Data 4 (2021) 669097.
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
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

TIME = dde.geometry.TimeDomain(0.0, 1.0)
LIFT_TIME = 0.05  # s; 1 / w0: a bare t^2 would ask the network for values of w0^2 / 2 at the start


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u'' + 2 d u' + w0^2 u, one column (n, 1)."""
    return [derivative(u, x, 0, 0) + 2 * c["d"] * derivative(u, x, 0) + c["w0"] ** 2 * u]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """1 plus a gate that vanishes with its slope at t = 0, times N."""
    t2 = x[:, :1] ** 2
    return 1 + t2 / (t2 + LIFT_TIME**2) * network


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The closed form of the underdamped oscillator, (n, 1)."""
    d, w0 = (torch.as_tensor(c[name], dtype=torch.float64) for name in ("d", "w0"))
    w, t = torch.sqrt(w0**2 - d**2), x[:, :1]
    return torch.exp(-d * t) * (torch.cos(w * t) + d / w * torch.sin(w * t))


def stability(c: Mapping[str, float]) -> float:
    """(1 - exp(-d)) / (d w): the error is the residual convolved with exp(-d t) sin(w t) / w (Young)."""
    d, w0 = c["d"], c["w0"]
    return (1 - math.exp(-d)) / (d * math.sqrt(w0**2 - d**2))


register(
    Problem(
        name="damped_oscillator",
        coordinates=("t",),
        outputs=("u",),
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        conditions=(
            dde.icbc.IC(TIME, lambda x: 1.0 + 0.0 * x, lambda _, on_initial: on_initial),
            dde.icbc.OperatorBC(
                TIME,
                lambda x, u, _: derivative(u, x, 0),
                lambda x, on_boundary: on_boundary and x[0] < 0.5,
            ),
        ),
        unknowns=(Unknown("d", 2.0, 1.0, 3.0, "1/s"), Unknown("w0", 20.0, 18.0, 22.0, "rad/s")),
        stability=stability,
        plan=TrainingPlan(
            # Waves of about the speed to be expected double the slopes that the Jacobian distinguishes.
            Architecture((20, 20), fourier=Fourier((5.0,), count=10)),
            Sampling(800),
            first_steps=200,
            rounds=60,
            steps=25,
            tolerance=1e-6,
        ),
    )
)
