"""Van der Pol's oscillator, which feeds small swings and damps large ones.

    u'' - m (1 - u^2) u' + u = 0  on (0, 7),   u(0) = 2,   u'(0) = 0

Starts close to the limit cycle, whose period for m = 1 is 6.6633. There is no closed form: the reference is an
explicit Runge-Kutta solution of order 8 with relative tolerance 1e-13, interpolated by Chebyshev polynomials. All
quantities are without unit; the damping m may be varied or estimated.

Source: van der Pol, Phil. Mag. 2 (1926) 978; Hairer, Norsett and Wanner, Solving ODEs I, section I.16.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem, Unknown
from fieldwright.physics.equations.problems import register
from fieldwright.physics.equations.references.runge_kutta import differentiable_trajectory
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

END = 7.0
TIME = dde.geometry.TimeDomain(0.0, END)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u'' - m (1 - u^2) u' + u, one column (n, 1)."""
    return [derivative(u, x, 0, 0) - c["m"] * (1 - u**2) * derivative(u, x, 0) + u]


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """2 plus a gate that vanishes with its slope at t = 0, times N."""
    t2 = x[:, :1] ** 2
    return 2 + t2 / (t2 + 1) * network


@lru_cache(maxsize=8)
def _solution(m: float):
    def slope(_, state: np.ndarray) -> list[float]:
        u, v = state
        return [v, m * (1 - u**2) * v - u]

    return differentiable_trajectory(slope, [2.0, 0.0], END, degree=256)


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """The interpolated Runge-Kutta trajectory, (n, 1)."""
    return _solution(float(c["m"]))(x[:, :1])[:, :1]


register(
    Problem(
        name="van_der_pol",
        coordinates=("t",),
        outputs=("u",),
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        conditions=(
            dde.icbc.IC(TIME, lambda x: 2.0 + 0.0 * x, lambda _, on_initial: on_initial),
            dde.icbc.OperatorBC(
                TIME,
                lambda x, u, _: derivative(u, x, 0),
                lambda x, on_boundary: on_boundary and x[0] < END / 2,
            ),
        ),
        unknowns=(Unknown("m", 1.0, 0.5, 1.5),),
        reference_floor=1e-8,
        plan=TrainingPlan(
            # About one wave in the time to be expected, and its harmonics.
            Architecture((20, 20), fourier=Fourier((3.0,), count=10)),
            Sampling(800),
            first_steps=200,
            rounds=60,
            steps=25,
            tolerance=2e-6,
        ),
    )
)
