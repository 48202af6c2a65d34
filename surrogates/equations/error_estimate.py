"""The error of a trained solution, estimated by correcting it over its domain and the ranges of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from fieldwright.physics.pinn.corrected_network import corrected
from fieldwright.physics.pinn.pinn import Pinn
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.error_table import ErrorTable

NODES = {1: 33, 2: 13, 3: 7}
"""Places along each coordinate, by the number of coordinates."""
VALUES = {0: 1, 1: 9, 2: 4, 3: 3}
"""Values of each parameter, by the number of parameters; two of each where there are more, of the first five."""
POINTS = 4000
"""Random points of the domain at which errors are taken, each time."""
COARSE = 0.5
"""Share of the residual that a correction leaves beyond which it tells little: the residual itself stands for it."""


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
    tables, residuals, shares_left = [], [], []
    for at in sets:
        correction = corrected(best, at, scale, None if infos else case.measured, seed)
        inputs = np.hstack([x, np.tile(at, (len(x), 1))])
        mean = np.mean([pinn.predict(inputs) for pinn in pinns], axis=0)
        error = abs(correction(x) - mean)
        if correction.remaining > COARSE:
            # What a relative residual of 1 stands for: no better than the lift alone.
            size = np.sqrt(np.mean(mean**2, axis=0))
            error = np.maximum(error, correction.residual * size)
        else:
            error = error / (1 - correction.remaining)
        tables.append(_largest_about(places, x, error))
        residuals.append(correction.residual)
        shares_left.append(correction.remaining)
    values = np.stack(tables, axis=-2)  # (nodes..., sets, m)
    values = values.reshape(*values.shape[:d], *(len(axis) for axis in grid), values.shape[-1])
    return ErrorTable((*places, *grid), values, sets, np.array(residuals), np.array(shares_left))


def _largest_about(places: Sequence[np.ndarray], x: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Of errors (n, m) at x (n, d) the largest in the cells about each node; where there are none, the largest."""
    shape = tuple(len(axis) for axis in places)
    largest = np.full((*shape, error.shape[1]), -np.inf)
    cells = [
        np.clip(np.searchsorted(axis, x[:, i], side="right") - 1, 0, max(len(axis) - 2, 0))
        for i, axis in enumerate(places)
    ]
    for corner in product(*((0, 1) if len(axis) > 1 else (0,) for axis in places)):
        np.maximum.at(largest, tuple(cell + step for cell, step in zip(cells, corner, strict=True)), error)
    return np.where(np.isfinite(largest), largest, error.max(axis=0))
