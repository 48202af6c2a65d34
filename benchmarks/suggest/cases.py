"""Cases of suggested runs: a cylinder near ignition, the heated plate, a local feature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fieldwright.physics.solvers.plate import BOUNDS, PlateParameters
from fieldwright.physics.solvers.plate_solver import PlateSolver
from fieldwright.physics.solvers.self_heating import SelfHeating, SelfHeatingSolver
from fieldwright.surrogates.regressors import KindConfig, kind_config

SCALES = ("raw", "reciprocal", "reciprocal", "reciprocal", "raw")
"""As examples/plate/study.toml gives them."""
MIDDLE = {name: (low + high) / 2 for name, (low, high) in BOUNDS.items()}


@dataclass(frozen=True, eq=False)
class Case:
    """bounds: of each parameter. simulate: parameters (n, p) to fields (n, points, 1) by name.

    start, batch, most: runs of the first design, of each suggestion, and at the end.
    inputs: the scales of the parameters, as a study tells them.
    """

    name: str
    bounds: dict[str, tuple[float, float]]
    simulate: Callable[[np.ndarray], dict[str, np.ndarray]]
    start: int
    batch: int
    most: int
    inputs: str | tuple[str, ...] = "auto"

    @property
    def config(self) -> KindConfig:
        """The process that learns from the runs."""
        return kind_config({"kind": "gp", "restarts": 0, "inputs": self.inputs})


def ignition() -> Case:
    """Temperature of a cylinder that heats itself, over its heating and cooling, to 2 % below ignition."""
    solver = SelfHeatingSolver(divisions=5)

    def simulate(x: np.ndarray) -> dict[str, np.ndarray]:
        runs = [SelfHeating(delta, biot, half_height=2.0, eps=0.03) for delta, biot in x.tolist()]
        return {"theta": np.array([solver.solve(run) for run in runs])[..., None]}

    return Case("ignition", {"delta": (0.2, 0.68), "biot": (1.0, 10.0)}, simulate, 6, 3, 36)


def ignition_by_shape() -> Case:
    """The same with the cylinder's shape as third parameter."""
    solver = SelfHeatingSolver(divisions=5)

    def simulate(x: np.ndarray) -> dict[str, np.ndarray]:
        runs = [SelfHeating(*row, eps=0.03) for row in x.tolist()]
        return {"theta": np.array([solver.solve(run) for run in runs])[..., None]}

    bounds = {"delta": (0.2, 0.68), "biot": (1.0, 10.0), "half_height": (0.5, 2.0)}
    return Case("ignition of any shape", bounds, simulate, 8, 4, 44)


def heated_plate() -> Case:
    """Temperature of the plate over its three thermal parameters."""
    solver = PlateSolver(divisions=8)
    names = ("heat_flux", "convection", "conductivity")

    def simulate(x: np.ndarray) -> dict[str, np.ndarray]:
        runs = [PlateParameters(**MIDDLE | dict(zip(names, map(float, row), strict=True))) for row in x]
        return {"temperature": np.array([solver.temperature(run) for run in runs])[..., None]}

    return Case("heated plate", {name: BOUNDS[name] for name in names}, simulate, 6, 3, 30, SCALES[:3])


def pulled_plate() -> Case:
    """Temperature and von Mises stress of the plate over all five parameters."""
    solver = PlateSolver(divisions=8)

    def simulate(x: np.ndarray) -> dict[str, np.ndarray]:
        runs = [solver.solve(PlateParameters(*map(float, row))) for row in x]
        return {
            "temperature": np.array([run.temperature for run in runs])[..., None],
            "von_mises": np.array([run.von_mises for run in runs])[..., None],
        }

    return Case("pulled plate", dict(BOUNDS), simulate, 10, 6, 52, SCALES)


def local_feature() -> Case:
    """u(s; a, b) = (a + b^2) sin(pi s) + exp(-((a - 0.7)^2 + (b - 0.3)^2) / 0.02) cos(3 pi s) on the unit square."""
    s = np.linspace(0.0, 1.0, 50)

    def simulate(x: np.ndarray) -> dict[str, np.ndarray]:
        a, b = x[:, :1], x[:, 1:]
        bump = np.exp(-((a - 0.7) ** 2 + (b - 0.3) ** 2) / 0.02)
        return {"u": ((a + b**2) * np.sin(np.pi * s) + bump * np.cos(3.0 * np.pi * s))[..., None]}

    return Case("local feature", {"a": (0.0, 1.0), "b": (0.0, 1.0)}, simulate, 10, 5, 60)


CASES = {
    "ignition": ignition,
    "shapes": ignition_by_shape,
    "heat": heated_plate,
    "plate": pulled_plate,
    "feature": local_feature,
}
