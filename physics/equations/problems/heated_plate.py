"""Plane thermoelasticity: a plate that is heated in the middle, cooled at its ends and pulled lengthwise.

The equations of the demonstration plate (`plate`) without its hole; by symmetry a quarter is computed:

    k t Lap T + q = 0,   div sigma = 0,   sigma = D : (eps(u) - alpha (T - T_a) I)   (plane stress)

in units of the half width W, of E alpha Theta for stresses, of alpha Theta W for displacements, with theta =
(T - T_a) / Theta and Theta = q0 W^2 / (k t), on (0, 2) x (0, 1):

    Lap theta + q = 0,   q = (1 + cos(pi x / 2)) (1 + cos(pi y)) / 4
    u_xx / (1 - nu^2) + v_xy / (2 (1 - nu)) + u_yy / (2 (1 + nu)) = a theta_x / (1 - nu)
    v_yy / (1 - nu^2) + u_xy / (2 (1 - nu)) + v_xx / (2 (1 + nu)) = a theta_y / (1 - nu)

    x = 0, y = 0: symmetry          x = 2: theta_x = -B theta, sigma_xx = p, sigma_xy = 0
                                    y = 1: theta_y = 0, sigma_yy = sigma_xy = 0

nu = 0.3, Biot's number B = 1, tension p = 0.5. The expansion a = 1 may be varied or estimated: only its part a / p of
the motion distinguishes it from the tension's.

Symmetry is in features and lift, exactly; the edges x = 2 and y = 1 are soft conditions. There is no closed form: the
reference is the uniform tension u = p x, v = -nu p y plus a times a Chebyshev solution, accurate to 1e-6 though its
residual is 5e-5, as the free corner is not quite smooth; finite elements (`thermoelasticity`) agree with it.

Source: Boley and Weiner, Theory of Thermal Stresses (1960), sections 1.3 and 4.3.
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
from fieldwright.physics.equations.references.rectangle_series import chebyshev_points, rectangle_series
from fieldwright.physics.equations.references.thermal_plate import LENGTH, WIDTH, thermal_plate
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

POISSON, BIOT, TENSION = 0.3, 1.0, 0.5
QUARTER = dde.geometry.Rectangle([0.0, 0.0], [LENGTH, WIDTH])
DIRECT, SHEAR, EXPAND = 1 / (1 - POISSON**2), 1 / (2 * (1 + POISSON)), 1 / (1 - POISSON)


def source(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Heat q (n,) at x (n,), y (n,)."""
    return (1 + np.cos(np.pi * x / LENGTH)) * (1 + np.cos(np.pi * y / WIDTH)) / 4


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Heat balance, and equilibrium along x and y: three columns (n, 1)."""

    def second(of: int, i: int, j: int) -> Tensor:
        return derivative(u, x, i, j, of=of)

    heat = (1 + torch.cos(torch.pi * x[:, :1] / LENGTH)) * (1 + torch.cos(torch.pi * x[:, 1:2] / WIDTH)) / 4
    mixed = POISSON * DIRECT + SHEAR
    thermal = [c["a"] * EXPAND * derivative(u, x, i, of=0) for i in (0, 1)]
    return [
        second(0, 0, 0) + second(0, 1, 1) + heat,
        DIRECT * second(1, 0, 0) + mixed * second(2, 0, 1) + SHEAR * second(1, 1, 1) - thermal[0],
        DIRECT * second(2, 1, 1) + mixed * second(1, 0, 1) + SHEAR * second(2, 0, 0) - thermal[1],
    ]


def stress(x: Tensor, u: Tensor, c: Coefficients) -> tuple[Tensor, Tensor, Tensor]:
    """sigma_xx, sigma_yy, sigma_xy, each (n, 1), of theta, u, v (n, 3)."""
    along_x, along_y = derivative(u, x, 0, of=1), derivative(u, x, 1, of=2)
    thermal = c["a"] * EXPAND * u[:, :1]
    return (
        DIRECT * (along_x + POISSON * along_y) - thermal,
        DIRECT * (along_y + POISSON * along_x) - thermal,
        SHEAR * (derivative(u, x, 1, of=1) + derivative(u, x, 0, of=2)),
    )


def features(x: Tensor) -> Tensor:
    """Squares: even about both symmetry lines."""
    return 2 * (x[:, :2] / torch.tensor([LENGTH, WIDTH], dtype=x.dtype)) ** 2 - 1


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """theta, x u and y v: the displacements vanish on their symmetry lines."""
    s, y = x[:, :1], x[:, 1:2]
    return torch.cat([network[:, :1], s * network[:, 1:2], y * network[:, 2:]], dim=1)


@lru_cache(maxsize=1)
def _thermal():
    coefficients = thermal_plate(source, BIOT, POISSON)
    return rectangle_series(coefficients, (-LENGTH, -WIDTH), (LENGTH, WIDTH))


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """Uniform tension plus a times the Chebyshev solution, (n, 3)."""
    s, y = x[:, :1], x[:, 1:2]
    thermal = _thermal()(s, y)
    pulled = TENSION * torch.cat([s, -POISSON * y], dim=1)
    return torch.cat([thermal[:, :1], pulled + c["a"] * thermal[:, 1:]], dim=1)


_side = (chebyshev_points(24)[:, None] + 1) / 2
_RIGHT = np.hstack([np.full_like(_side, LENGTH), WIDTH * _side])
_TOP = np.hstack([LENGTH * _side, np.full_like(_side, WIDTH)])


def _line(axis: int, output: int, slope: bool):
    """The value or the normal derivative of an output vanishes on the symmetry line where a coordinate is zero."""
    return dde.icbc.OperatorBC(
        QUARTER,
        lambda x, u, _: derivative(u, x, axis, of=output) if slope else u[:, output, None],
        lambda x, on_boundary: on_boundary and np.isclose(x[axis], 0.0),
    )


register(
    Problem(
        name="heated_plate",
        coordinates=("x", "y"),
        outputs=("theta", "u", "v"),
        geometry=QUARTER,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            _line(0, 0, True),
            _line(1, 0, True),
            _line(0, 1, False),
            _line(1, 1, True),
            _line(0, 2, True),
            _line(1, 2, False),
        ),
        soft=(
            SoftCondition(lambda x, u, c: derivative(u, x, 0, of=0) + BIOT * u[:, :1], _RIGHT, 10.0),
            SoftCondition(lambda x, u, c: stress(x, u, c)[0] - TENSION, _RIGHT, 10.0),
            SoftCondition(lambda x, u, c: stress(x, u, c)[2], _RIGHT, 10.0),
            SoftCondition(lambda x, u, c: derivative(u, x, 1, of=0), _TOP, 10.0),
            SoftCondition(lambda x, u, c: stress(x, u, c)[1], _TOP, 10.0),
            SoftCondition(lambda x, u, c: stress(x, u, c)[2], _TOP, 10.0),
        ),
        unknowns=(Unknown("a", 1.0, 0.5, 1.5),),
        reference_floor=2e-4,
        condition_floor=1e-5,
        plan=TrainingPlan(
            Architecture((20, 20, 20)),
            Sampling(1500),
            first_steps=200,
            rounds=60,
            steps=20,
            tolerance=5e-4,
        ),
    )
)
