"""The estimated error of a solution over its domain and the ranges of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from physics.corrected_network import corrected
from physics.pinn import Pinn
from surrogates.solution.case import EquationCase

NODES = {1: 33, 2: 13, 3: 7}
"""Places along each coordinate, by the number of coordinates."""
VALUES = {0: 1, 1: 9, 2: 4, 3: 3}
"""Values of each parameter, by the number of parameters; two of each where there are more, of the first five."""
POINTS = 4000
"""Random points of the domain at which errors are taken, each time."""
SAFETY = 1.5
"""The band's half-width over the estimate: between the values of parameters it is interpolated."""
COARSE = 0.5
"""Share of the residual that a correction leaves beyond which it tells little: the residual itself stands for it."""


@dataclass(frozen=True, eq=False)
class ErrorTable:
    """|u - u*| (nodes of each coordinate and parameter in order, outputs), where u* is the corrected solution.

    axes: the nodes of each. residuals, left: for each set of parameters (sets, p) the relative residual, and the
    share of it that the correction left: with 1 nothing is known.
    """

    axes: tuple[np.ndarray, ...]
    values: np.ndarray
    sets: np.ndarray
    residuals: np.ndarray
    left: np.ndarray

    def at(self, inputs: np.ndarray) -> np.ndarray:
        """The estimated error (n, m) at inputs (n, d + p), interpolated; beyond the ends that of the ends."""
        single = [i for i, axis in enumerate(self.axes) if len(axis) > 1]
        values = self.values.reshape(*(len(self.axes[i]) for i in single), self.values.shape[-1])
        clipped = np.column_stack([np.clip(inputs[:, i], self.axes[i][0], self.axes[i][-1]) for i in single])
        return RegularGridInterpolator([self.axes[i] for i in single], values)(clipped)

    def worst(self, parameters: int) -> np.ndarray:
        """Of each set of parameters the largest error of each output (sets, m)."""
        coordinates = self.values.ndim - 1 - parameters
        return self.values.max(axis=tuple(range(coordinates))).reshape(len(self.sets), -1)

    def state(self) -> dict[str, np.ndarray]:
        """All of it as arrays by name."""
        axes = {f"axis {i}": axis for i, axis in enumerate(self.axes)}
        rest = {name: getattr(self, name) for name in ("values", "sets", "residuals", "left")}
        return {name: np.ascontiguousarray(array) for name, array in (axes | rest).items()}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Takes what `state` gave."""
        axes = tuple(arrays[f"axis {i}"] for i in range(sum(name.startswith("axis ") for name in arrays)))
        return cls(axes, *(arrays[name] for name in ("values", "sets", "residuals", "left")))


def error_table(case: EquationCase, pinns: Sequence[Pinn], seed: int) -> ErrorTable:
    """The error of the mean of networks, estimated by correcting the one of the least residual.

    For each set of parameters on a grid the equation is solved for the correction that its residual asks for
    (`corrected`); the error is the distance to the corrected solution, and larger by 1 / (1 - share) where that
    leaves a share of the residual. Where it leaves more than half, the error is that of the relative residual.
    """
    problem = case.problem
    rng = np.random.default_rng(seed)
    low, high = problem.bounds
    scale = problem.scale(problem.points(POINTS, rng))
    best = min(pinns, key=lambda one: one.residual).network
    infos = [problem.unknown(name) for name in case.varied]
    grid = []
    for i, info in enumerate(infos):
        count = VALUES.get(len(infos), 2 if i < 5 else 1)
        middle = (info.low + info.high) / 2
        grid.append(np.linspace(info.low, info.high, count) if count > 1 else np.array([middle]))
    d = len(low)
    places = [np.linspace(low[i], high[i], NODES.get(d, 1)) for i in range(d)]
    x = problem.points(POINTS, rng)
    sets = np.array(list(product(*grid)), dtype=float)  # (1, 0) without parameters
    tables, residuals, left = [], [], []
    for at in sets:
        correction = corrected(best, at, scale, None if infos else case.measured, seed)
        inputs = np.hstack([x, np.tile(at, (len(x), 1))])
        mean = np.mean([pinn.predict(inputs) for pinn in pinns], axis=0)
        error = abs(correction(x) - mean)
        if correction.left > COARSE:
            # What a relative residual of 1 stands for: no better than the lift alone.
            whole = np.sqrt(np.mean(mean**2, axis=0))
            error = np.maximum(error, correction.residual * whole)
        else:
            error = error / (1 - correction.left)
        tables.append(_largest_about(places, x, error))
        residuals.append(correction.residual)
        left.append(correction.left)
    values = np.stack(tables, axis=-2)  # (nodes..., sets, m)
    values = values.reshape(*values.shape[:d], *(len(axis) for axis in grid), values.shape[-1])
    return ErrorTable((*places, *grid), values, sets, np.array(residuals), np.array(left))


def _largest_about(places: Sequence[np.ndarray], x: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Of errors (n, m) at x (n, d) the largest in the cells about each node; where there are none, the largest."""
    shape = tuple(len(axis) for axis in places)
    found = np.full((*shape, error.shape[1]), -np.inf)
    cells = [
        np.clip(np.searchsorted(axis, x[:, i], side="right") - 1, 0, max(len(axis) - 2, 0))
        for i, axis in enumerate(places)
    ]
    for corner in product(*((0, 1) if len(axis) > 1 else (0,) for axis in places)):
        np.maximum.at(found, tuple(cell + step for cell, step in zip(cells, corner, strict=True)), error)
    return np.where(np.isfinite(found), found, error.max(axis=0))
