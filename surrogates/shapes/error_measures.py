"""Error measures of models of varying shapes: errors near the wall and away, conservation of mass, symmetries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.shapes.grid import Grid
from fieldwright.surrogates.validation.metrics import norms, relative

NEAR = 2.0
"""Cells from the wall up to which a point counts as near it."""


def errors_by_distance(
    true: np.ndarray, predicted: np.ndarray, reference: np.ndarray, cells: np.ndarray
) -> dict[str, np.ndarray]:
    """Errors (n,) of one field of n shapes; true, predicted: (n, c, ny, nx); cells: (n, ny, nx), from the wall.

    relative_l2: ||predicted - true|| / ||true|| over the fluid; near_wall: over the first `NEAR` cells alone;
    away: over the other cells. fluctuation_l2: over the fluid, relative to ||true - reference||, reference (c,) being
    the mean of the training shapes.
    """
    error = np.sum((predicted - true) ** 2, axis=1)
    size = np.sum(true**2, axis=1)
    deviation = np.sum((true - reference[:, None, None]) ** 2, axis=1)

    def over(where: np.ndarray, square: np.ndarray) -> np.ndarray:
        return relative(
            np.sqrt(np.sum(error * where, axis=(1, 2))), np.sqrt(np.sum(square * where, axis=(1, 2)))
        )

    fluid, near = cells >= 0.0, (cells >= 0.0) & (cells < NEAR)
    return {
        "relative_l2": over(fluid, size),
        "near_wall": over(near, size),
        "away": over(fluid & ~near, size),
        "fluctuation_l2": over(fluid, deviation),
    }


def errors_of_the_mean(values: np.ndarray, fluid: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Relative L2 errors (h,) over the fluid of the mean of the other runs as a prediction of each held-out run.

    Parameters
    ----------
    values : (n, points, components)
        One field of all runs.
    fluid : (n, points)
        Whether a point lies outside the body; the mean at a point is over the runs where it does.
    held_out : (h,)
        Indices of the held-out runs.
    """
    training = np.setdiff1d(np.arange(len(values)), held_out)
    total = np.einsum(
        "np,npc->pc",
        fluid[training].astype(np.float64),
        np.where(fluid[training, :, None], values[training], 0.0),
    )
    mean = total / np.maximum(fluid[training].sum(axis=0), 1)[:, None]
    true, where = values[held_out].astype(np.float64), fluid[held_out, :, None]
    return relative(norms(np.where(where, mean - true, 0.0)), norms(np.where(where, true, 0.0)))


def divergence(velocity: np.ndarray, cells: np.ndarray, grid: Grid) -> np.ndarray:
    """Root mean square of div u over that of the velocity's gradient, (n,), for velocity (n, 2, ny, nx) as (x, y).

    By central differences between points whose neighbours are fluid; 0 where mass is conserved exactly, about 0.02
    for the lattice Boltzmann runs themselves, whose differences are taken across cells.
    """
    dy, dx = grid.spacing
    along, across = velocity[:, 0], velocity[:, 1]
    rates = [(one[:, 1:-1, 2:] - one[:, 1:-1, :-2]) / (2.0 * dx) for one in (along, across)] + [
        (one[:, 2:, 1:-1] - one[:, :-2, 1:-1]) / (2.0 * dy) for one in (along, across)
    ]
    inner = np.ones_like(cells[:, 1:-1, 1:-1], dtype=bool)
    for rows, columns in ((1, 0), (1, 2), (0, 1), (2, 1)):
        inner &= cells[:, rows : rows + inner.shape[1], columns : columns + inner.shape[2]] >= 0.0
    total = (rates[0] + rates[3]) ** 2 * inner
    gradient = sum(rate**2 for rate in rates) * inner
    return np.sqrt(total.sum(axis=(1, 2)) / gradient.sum(axis=(1, 2)))


def symmetry_error(first: np.ndarray, second: np.ndarray, fluid: np.ndarray) -> np.ndarray:
    """||first - second|| / ||first|| over the fluid, (n,), of predictions (n, c, ny, nx) that should be equal."""
    square = fluid[:, None]
    return relative(
        np.sqrt(np.sum((first - second) ** 2 * square, axis=(1, 2, 3))),
        np.sqrt(np.sum(first**2 * square, axis=(1, 2, 3))),
    )


def mirror_signs(fields: Sequence[FieldInfo], axis: str) -> np.ndarray:
    """(c,) signs of the components of all fields in a mirror: each time the axis is in a name flips it."""
    return np.array([(-1.0) ** name.count(axis) for info in fields for name in info.components])
