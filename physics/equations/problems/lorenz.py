"""Lorenz' equations, for finding their three coefficients from measurements.

    u' = s (v - u),   v' = u (r - w) - v,   w' = u v - b w  on (0, 3),   (u, v, w)(0) = (-8, 7, 27)

s = 10, r = 15, b = 8/3, all without unit and all to be estimated; at r = 15 the motion settles, so that small errors
stay small. There is no closed form: the reference is an explicit Runge-Kutta solution of order 8 with relative
tolerance 1e-13, interpolated by Chebyshev polynomials.

Source: Lorenz, J. Atmos. Sci. 20 (1963) 130; as an inverse problem: Lu, Meng, Mao and Karniadakis, SIAM Review 63
(2021) 208, section 4.4.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.equations.references.runge_kutta import differentiable_trajectory
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

END = 3.0
START = (-8.0, 7.0, 27.0)
TIME = dde.geometry.TimeDomain(0.0, END)
SIZE = (10.0, 10.0, 10.0)  # of the swings, so that the network's outputs are about 1
LIFT_TIME = 0.2


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Lorenz' three equations, three columns (n, 1)."""
    a, b, w = u[:, :1], u[:, 1:2], u[:, 2:3]
    return [
        derivative(u, x, 0, of=0) - c["s"] * (b - a),
        derivative(u, x, 0, of=1) - a * (c["r"] - w) + b,
        derivative(u, x, 0, of=2) - a * b + c["b"] * w,
    ]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The start, plus a gate that vanishes at t = 0, times N in units of the swings."""
    t = x[:, :1]
    return (
        torch.tensor(START, dtype=x.dtype) + t / (t + LIFT_TIME) * torch.tensor(SIZE, dtype=x.dtype) * network
    )


@lru_cache(maxsize=8)
def _solution(s: float, r: float, b: float):
    def slope(_, state: np.ndarray) -> list[float]:
        u, v, w = state
        return [s * (v - u), u * (r - w) - v, u * v - b * w]

    return differentiable_trajectory(slope, START, END, degree=300)


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The interpolated Runge-Kutta trajectory, (n, 3)."""
    return _solution(*(float(c[name]) for name in ("s", "r", "b")))(x[:, :1])


def _start(component: int) -> dde.icbc.IC:
    return dde.icbc.IC(
        TIME, lambda x: START[component] + 0.0 * x, lambda _, on_initial: on_initial, component=component
    )


register(
    Problem(
        name="lorenz",
        coordinates=("t",),
        outputs=("u", "v", "w"),
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        conditions=tuple(_start(component) for component in range(3)),
        unknowns=(
            Unknown("s", 10.0, 6.0, 16.0),
            Unknown("r", 15.0, 12.0, 22.0),
            Unknown("b", 8 / 3, 2.0, 5.0),
        ),
        plan=TrainingPlan(
            # Waves of the swings to be expected, about four in the time.
            Architecture((20, 20), fourier=Fourier((5.0,), count=10)),
            Sampling(800),
            first_steps=200,
            rounds=40,
            steps=25,
            tolerance=3e-6,
        ),
    )
)
