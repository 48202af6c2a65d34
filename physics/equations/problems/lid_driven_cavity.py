"""Steady flow of a viscous fluid in a square cavity whose lid slides.

    u u_x + v u_y = -p_x + (u_xx + u_yy) / Re
    u v_x + v v_y = -p_y + (v_xx + v_yy) / Re
    u_x + v_y = 0   on (0, 1)^2

    u = v = 0 on the walls,   u = 16 x^2 (1 - x)^2, v = 0 on the lid y = 1,   p(0, 0) = 0,   Re = 100

in units of the side, the lid's largest speed and the density. The lid slows down towards the corners, so that no
pressure becomes infinite there. Re may be varied or estimated.

There is no closed form: the reference is a Chebyshev solution for the stream function, divergence-free and exact on
the walls; 28 modes give the velocity to 1e-6, the pressure to 5e-5 and the residual to 1e-3, most of it in the
corners, where the exact one is not smooth. The pressure's constant is a soft condition.

Source: Shen, J. Comput. Phys. 95 (1991) 228; the lid of uniform speed: Ghia, Ghia and Shin, J. Comput. Phys. 48
(1982) 387.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.conditions import SoftCondition
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.equations.references.cavity_flow import cavity_flow
from fieldwright.physics.equations.references.rectangle_series import rectangle_series
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

SQUARE = dde.geometry.Rectangle([0.0, 0.0], [1.0, 1.0])


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Momentum along x and y, and continuity: three columns (n, 1)."""
    a, b = u[:, :1], u[:, 1:2]
    momentum = [
        a * derivative(u, x, 0, of=i)
        + b * derivative(u, x, 1, of=i)
        + derivative(u, x, i, of=2)
        - (derivative(u, x, 0, 0, of=i) + derivative(u, x, 1, 1, of=i)) / c["Re"]
        for i in (0, 1)
    ]
    return [*momentum, derivative(u, x, 0, of=0) + derivative(u, x, 1, of=1)]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """The lid's speed falling off as the cube of the height, plus what vanishes on the edge."""
    s, y = x[:, :1], x[:, 1:2]
    edge = 16 * s * (1 - s) * y * (1 - y)
    lid = 16 * s**2 * (1 - s) ** 2 * y**3
    return torch.cat([lid + edge * network[:, :1], edge * network[:, 1:2], network[:, 2:]], dim=1)


@lru_cache(maxsize=4)
def _solution(reynolds: float):
    return rectangle_series(cavity_flow(reynolds), (0.0, 0.0), (1.0, 1.0))


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """Velocity and pressure of the Chebyshev solution, (n, 3)."""
    return _solution(float(c["Re"]))(x[:, :1], x[:, 1:2])


def _edge(component: int) -> dde.icbc.DirichletBC:
    def speed(x: np.ndarray) -> np.ndarray:
        lid = np.isclose(x[:, 1:2], 1.0) & (component == 0)
        return np.where(lid, 16 * x[:, :1] ** 2 * (1 - x[:, :1]) ** 2, 0.0)

    return dde.icbc.DirichletBC(SQUARE, speed, lambda _, on_boundary: on_boundary, component=component)


register(
    Problem(
        name="lid_driven_cavity",
        coordinates=("x", "y"),
        outputs=("u", "v", "p"),
        geometry=SQUARE,
        residual=residual,
        lift=lift,
        reference=reference,
        conditions=(_edge(0), _edge(1)),
        soft=(SoftCondition(lambda x, u, c: u[:, 2:3], np.zeros((1, 2))),),
        unknowns=(Unknown("Re", 100.0, 50.0, 400.0),),
        reference_floor=1e-3,
        plan=TrainingPlan(
            Architecture((20, 20, 20)),
            Sampling(1500),
            first_steps=200,
            rounds=20,
            steps=20,
            tolerance=5e-3,
        ),
    )
)
