"""The signed distance that gives a shape: its checks, and its frame with the body in the middle."""

from __future__ import annotations

import numpy as np

from fieldwright.data.errors import FieldwrightError, QueryError
from fieldwright.physics.solvers.shapes import signed_distance
from fieldwright.surrogates.shapes.grid import Grid

STEEPEST, FLATTEST = 1.1, 0.5
"""Limits of the largest slope of a signed distance between neighbouring points, which is 1 but for the sampling."""


def checked_distance(distance: np.ndarray, grid: Grid) -> np.ndarray:
    """One signed distance (ny, nx) as float64.

    Raises QueryError where it has another size, is not finite, is no distance, has no body inside, or where the body
    touches the edge of the grid.
    """
    distance = np.asarray(distance, dtype=np.float64)
    rows, columns = grid.shape
    if distance.shape != grid.shape:
        raise QueryError(
            f"A signed distance must have the size of the grid, {rows} rows of {columns} values",
            f"the size {' x '.join(map(str, distance.shape)) or 'of one number'}",
            "Sample it at the points of the training runs",
        )
    bad = np.argwhere(~np.isfinite(distance))
    if len(bad):
        raise QueryError(
            "Every signed distance must be a finite number",
            f"NaN or infinity at {len(bad)} points, the first in row {bad[0, 0]}, column {bad[0, 1]}",
            "Correct the distance there",
        )
    if distance.min() >= 0.0:
        raise QueryError(
            "A signed distance must be negative inside the shape",
            f"none below {distance.min():.3g}",
            "Change the sign if it is positive inside, or make the shape larger than a cell",
        )
    edges = {"first row": distance[0], "last row": distance[-1]}
    edges |= {"first column": distance[:, 0], "last column": distance[:, -1]}
    touched = [name for name, values in edges.items() if values.min() <= 0.0]
    if touched:
        raise QueryError(
            "A shape must not touch the edge of the grid",
            f"one that reaches the {' and the '.join(touched)}",
            "Move it inwards or make it smaller",
        )
    slope = max(np.abs(np.diff(distance, axis=k)).max() / grid.spacing[k] for k in (0, 1))
    if not FLATTEST < slope < STEEPEST:
        raise QueryError(
            "A signed distance must change from point to point by no more than the distance between the points",
            f"up to {slope:.2g} times as much",
            "Give the distance to the outline in the unit of the grid, negative inside",
        )
    return distance


def distance_of_outline(outline: np.ndarray, grid: Grid) -> np.ndarray:
    """The signed distance (ny, nx) of a polygon (k, 2) and of its images along periodic axes.

    Raises QueryError where it is no polygon or does not lie within the grid.
    """
    places = grid.places()
    shifts = [np.array([0.0, 0.0])]
    for k, moved in ((0, [0.0, 1.0]), (1, [1.0, 0.0])):
        if grid.periodic[k]:
            step = grid.size[k] * np.array(moved)
            shifts = [shift + turn * step for shift in shifts for turn in (-1.0, 0.0, 1.0)]
    try:
        distances = [signed_distance(outline, places - shift) for shift in shifts]
    except FieldwrightError as error:
        raise QueryError(error.must, error.got, error.do) from None
    return checked_distance(np.min(distances, axis=0).reshape(grid.shape), grid)


def centring(distance: np.ndarray, grid: Grid) -> list[tuple[int, int]]:
    """The numbers of points by which to roll each of (q, ny, nx) to put the body in the middle of periodic axes.

    The middle of the body is its circular mean, which does not depend on where a period begins: bodies that differ by
    whole cells get the same frame.
    """
    rolls = np.zeros((len(distance), 2), dtype=int)
    inside = distance < 0.0
    for k in (0, 1):
        if grid.periodic[k]:
            n = grid.shape[k]
            count = inside.sum(axis=2 - k)
            turn = np.angle(count @ np.exp(2j * np.pi * np.arange(n) / n)) * n / (2.0 * np.pi)
            # Bodies of even extent have their middle between two points: without a quarter round-off would decide.
            rolls[:, k] = n // 2 - np.floor(turn + 0.25).astype(int)
    return [(int(row), int(column)) for row, column in rolls]


def roll_images(images: np.ndarray, rolls: list[tuple[int, int]], back: bool = False) -> np.ndarray:
    """Images (q, ..., ny, nx), each rolled by its own numbers of points; back: undoes it."""
    sign = -1 if back else 1
    moved = [
        np.roll(image, (sign * roll[0], sign * roll[1]), axis=(-2, -1))
        for image, roll in zip(images, rolls, strict=True)
    ]
    return np.stack(moved)
