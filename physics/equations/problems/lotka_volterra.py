"""Predators and prey.

    u' = a u - b u v,   v' = -g v + e u v  on (0, 10),   u(0) = v(0) = 1

u is the number of prey, v of predators, in thousands; t in years; a = 2/3, b = 4/3, g = 1, e = 1.
There is no closed form: the reference is an explicit Runge-Kutta solution of order 8 (Dormand and Prince) with
relative tolerance 1e-13, interpolated by Chebyshev polynomials. The solution is periodic, and
e u - g ln u + b v - a ln v keeps its value.

Source: Lotka (1925); Volterra, Nature 118 (1926) 558; Hairer, Norsett and Wanner, Solving ODEs I, section I.1.
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

END = 10.0
TIME = dde.geometry.TimeDomain(0.0, END)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """The equations of prey and of predators, two columns (n, 1)."""
    prey, predators = u[:, :1], u[:, 1:2]
    return [
        derivative(u, x, 0, of=0) - c["a"] * prey + c["b"] * prey * predators,
        derivative(u, x, 0, of=1) + c["g"] * predators - c["e"] * prey * predators,
    ]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The start 1, plus tanh(t) N."""
    return 1 + torch.tanh(x[:, :1]) * network


@lru_cache(maxsize=8)
def _solution(a: float, b: float, g: float, e: float):
    def slope(_, state: np.ndarray) -> list[float]:
        prey, predators = state
        return [a * prey - b * prey * predators, -g * predators + e * prey * predators]

    return differentiable_trajectory(slope, [1.0, 1.0], END, degree=128)


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The interpolated Runge-Kutta trajectory, (n, 2)."""
    return _solution(*(float(c[name]) for name in ("a", "b", "g", "e")))(x[:, :1])


register(
    Problem(
        name="lotka_volterra",
        coordinates=("t",),
        outputs=("prey", "predators"),
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        conditions=tuple(
            dde.icbc.IC(TIME, lambda x: 1.0 + 0.0 * x, lambda _, on_initial: on_initial, component=component)
            for component in (0, 1)
        ),
        unknowns=(
            Unknown("a", 2 / 3, 0.4, 1.0, "1/year"),
            Unknown("b", 4 / 3, 1.0, 1.6, "1/year"),
            Unknown("g", 1.0, 0.7, 1.3, "1/year"),
            Unknown("e", 1.0, 0.7, 1.3, "1/year"),
        ),
        plan=TrainingPlan(
            # About one wave in the time to be expected, and its harmonics.
            Architecture((20, 20), fourier=Fourier((3.0,), count=10)),
            Sampling(800),
            first_steps=200,
            rounds=80,
            steps=25,
            tolerance=2e-6,
        ),
    )
)
