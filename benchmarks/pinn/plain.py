"""The plain recipe: DeepXDE by itself, with the settings of its own examples.

A tanh network of the bare coordinates, all conditions soft and of one weight, fixed points, Adam at 1e-3 for the
example's iterations, then L-BFGS until the processor's seconds are used up or it stops by itself.

Source of the settings: the examples of DeepXDE 1.15, by name; equations that it has no example of take those of the
nearest one. Its networks for several scales need TensorFlow, so those equations get the plain network of their size.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from fieldwright.physics.pinn.deepxde_torch import dde

# isort: split
from deepxde import config
from deepxde.nn.pytorch import FNN
from deepxde.optimizers import config as settings

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problem import Problem


@dataclass(frozen=True)
class Example:
    """One of DeepXDE's examples: name, layers, points inside, on the boundary and at the start, Adam's steps."""

    name: str
    hidden: tuple[int, ...]
    inside: int
    boundary: int
    start: int
    adam: int


BURGERS = Example("Burgers", (20,) * 3, 2540, 80, 160, 15000)
EXAMPLES = {
    "second_order_bvp": Example("Poisson_Dirichlet_1d", (50,) * 3, 16, 2, 0, 10000),
    "damped_oscillator": Example("ode_2nd", (50,) * 3, 16, 2, 0, 15000),
    "beam_on_elastic_foundation": Example("Euler_beam", (20,) * 3, 10, 2, 0, 10000),
    "lotka_volterra": Example("Lotka_Volterra", (64,) * 6, 3000, 2, 0, 50000),
    "van_der_pol": Example("Lotka_Volterra", (64,) * 6, 3000, 2, 0, 50000),
    "lorenz": Example("Lorenz_inverse", (40,) * 3, 400, 2, 0, 60000),
    "poisson_multiscale": Example("Poisson_multiscale_1d", (100,) * 3, 1000, 2, 0, 20000),
    "poisson_plane_multiscale": Example("Helmholtz_Dirichlet_2d", (150,) * 3, 900, 120, 0, 5000),
    "helmholtz": Example("Helmholtz_Dirichlet_2d", (150,) * 3, 900, 120, 0, 5000),
    "heat_high_frequency": Example("heat", (20,) * 3, 2540, 80, 160, 20000),
    "wave_multiscale": Example("wave_1d", (100,) * 3, 360, 360, 360, 10000),
    "burgers": BURGERS,
    "burgers_inverse": BURGERS,
    "allen_cahn": Example("Allen_Cahn", (20,) * 3, 8000, 400, 800, 40000),
    "korteweg_de_vries": BURGERS,
    "schroedinger": Example("Schrodinger", (100,) * 4, 10000, 20, 200, 10000),
    "lid_driven_cavity": Example("Kovasznay_flow", (50,) * 4, 2601, 400, 0, 30000),
    "heated_plate": Example("elasticity_plate", (40,) * 5, 500, 500, 0, 5000),
    "cylinder_wake": Example("Navier_Stokes_inverse", (50,) * 6, 700, 200, 100, 30000),
}


class _Clock(dde.callbacks.Callback):
    """Ends a run after so many seconds of the processor, and looks at it now and then."""

    def __init__(self, seconds: float, look: Callable[[float], None]) -> None:
        super().__init__()
        self._seconds, self._look = seconds, look
        self._next, self.looking = seconds / 16, 0.0
        self._begun = time.process_time()

    @property
    def spent(self) -> float:
        return time.process_time() - self._begun - self.looking

    def on_epoch_end(self) -> None:
        if self.spent >= self._next:
            begun = time.process_time()
            self._look(self.spent)
            self.looking += time.process_time() - begun
            self._next += self._seconds / 16
        if self.spent >= self._seconds:
            raise TimeoutError


def train_plain(
    problem: Problem,
    seconds: float,
    seed: int,
    precision: str,
    estimated: Sequence[str],
    measured: Measurements | None,
    look: Callable[[float, Callable[[np.ndarray], np.ndarray]], None],
) -> tuple[Callable[[np.ndarray], np.ndarray], dict[str, float], float]:
    """The solution as a function of points (n, d), the estimated coefficients, and the processor's seconds.

    precision: "float32", as in the examples, or "float64"; look(seconds, solution): called 16 times on the way.
    """
    example = EXAMPLES[problem.name]
    config.set_default_float(precision)
    config.set_random_seed(seed)
    for shape in (problem.geometry, problem.time):  # made in double precision, and so would its points be
        for key, value in vars(shape).items() if shape is not None else ():
            if isinstance(value, np.ndarray) and value.dtype == float:
                setattr(shape, key, value.astype(precision))
    trained = {name: _start(problem, name) for name in estimated}
    coefficients = {**problem.values, **trained}
    conditions: list[Any] = list(problem.conditions)
    for soft in problem.soft:
        own = soft.condition
        conditions.append(
            dde.icbc.PointSetOperatorBC(soft.points, 0.0, lambda x, u, _, own=own: own(x, u, coefficients))
        )
    if measured is not None:
        for i in range(measured.values.shape[1]):
            seen = ~np.isnan(measured.values[:, i])
            if seen.any():
                values = measured.values[seen, i, None]
                conditions.append(dde.icbc.PointSetBC(measured.inputs[seen], values, component=i))
    counts: dict[str, Any] = {
        "num_domain": example.inside,
        "num_boundary": example.boundary if conditions else 0,
    }
    if problem.geometry is not None and problem.time is not None:
        data = dde.data.TimePDE(
            problem.domain,
            lambda x, u: problem.residual(x, u, coefficients),
            conditions,
            num_initial=example.start,
            **counts,
        )
    else:
        data = dde.data.PDE(
            problem.domain, lambda x, u: problem.residual(x, u, coefficients), conditions, **counts
        )
    network = FNN([len(problem.coordinates), *example.hidden, len(problem.outputs)], "tanh", "Glorot normal")
    model = dde.Model(data, network)

    def solution(points: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network(torch.as_tensor(points, dtype=getattr(torch, precision))).double().numpy()

    clock = _Clock(seconds, lambda spent: look(spent, solution))
    variables = list(trained.values())
    settings.set_LBFGS_options(maxiter=10**6)
    # Left at 1000, callbacks would hardly ever run, and never end it in time.
    settings.LBFGS_options |= {"iter_per_step": 20, "fun_per_step": 25}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(TimeoutError):
        model.compile("adam", lr=1e-3, external_trainable_variables=variables)
        model.train(iterations=example.adam, callbacks=[clock], display_every=10**9)
        model.compile("L-BFGS", external_trainable_variables=variables)
        model.train(callbacks=[clock], display_every=10**9)
    return solution, {name: float(value.detach()) for name, value in trained.items()}, clock.spent


def _start(problem: Problem, name: str) -> torch.Tensor:
    unknown = problem.unknown(name)
    return dde.Variable((unknown.low + unknown.high) / 2)
