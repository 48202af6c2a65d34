"""The regular grid that runs of varying shape share: between points in the order of the study and images."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError

AXES = "xyz"
UNEVEN = 1e-3
"""Largest difference of two spacings along an axis, in shares of the spacing."""


@dataclass(frozen=True, eq=False)
class Grid:
    """ny rows of nx points.

    axes: names of the axes along which rows follow each other and along which the points of a row do, such as "yx".
    origin, spacing: (2,) first place and step along each of them. order: (n,) the point at each place of an image,
    row by row. periodic: (2,) whether the flow repeats along each of them.
    """

    axes: str
    shape: tuple[int, int]
    origin: np.ndarray
    spacing: np.ndarray
    order: np.ndarray
    periodic: tuple[bool, bool]

    @classmethod
    def of(cls, points: np.ndarray, periodic: Collection[str] = ()) -> Self:
        """The grid that the points (n, 2 or 3) lie on, in any order; periodic: axes such as {"y"}.

        Raises ModelError where they are no regular grid in a plane, or a periodic axis is no axis of the grid.
        """
        points = np.asarray(points, dtype=np.float64)
        extent = np.ptp(points, axis=0)
        plane = [k for k in range(points.shape[1]) if extent[k] > 1e-9 * extent.max()]
        if len(plane) != 2:
            raise _irregular(f"points that spread along {len(plane)} axes")
        columns, rows = plane
        first, step, index = np.zeros(2), np.zeros(2), []
        for k, axis in enumerate((rows, columns)):
            values = np.unique(np.round(points[:, axis] / extent[axis], 6)) * extent[axis]
            step[k] = extent[axis] / (len(values) - 1)
            first[k] = points[:, axis].min()
            place = (points[:, axis] - first[k]) / step[k]
            if np.abs(place - np.round(place)).max() > UNEVEN:
                raise _irregular(f"uneven steps along {AXES[axis]}")
            index.append(np.round(place).astype(int))
        shape = (int(index[0].max()) + 1, int(index[1].max()) + 1)
        flat = index[0] * shape[1] + index[1]
        if len(np.unique(flat)) != len(points) or len(points) != shape[0] * shape[1]:
            raise _irregular(f"{len(points)} points in a grid of {shape[0]} x {shape[1]}")
        axes = AXES[rows] + AXES[columns]
        for name in periodic:
            if name not in axes:
                raise ModelError(
                    f"'periodic' must name axes of the grid, {' or '.join(sorted(axes))}",
                    f"'{name}'",
                    "Correct it",
                )
        return cls(axes, shape, first, step, np.argsort(flat), (axes[0] in periodic, axes[1] in periodic))

    def images(self, values: np.ndarray) -> np.ndarray:
        """(q, components, ny, nx) of values (q, n, components) in the order of the points."""
        return np.moveaxis(values[:, self.order].reshape(len(values), *self.shape, -1), -1, 1)

    def values(self, images: np.ndarray) -> np.ndarray:
        """(q, n, components) in the order of the points, of images (q, components, ny, nx)."""
        rows = np.moveaxis(images, 1, -1).reshape(len(images), len(self.order), -1)
        values = np.empty_like(rows)
        values[:, self.order] = rows
        return values

    def places(self) -> np.ndarray:
        """(ny nx, 2) coordinates, along a row's axis first, row by row."""
        rows, columns = (self.origin[k] + self.spacing[k] * np.arange(self.shape[k]) for k in (0, 1))
        return np.stack([np.tile(columns, len(rows)), np.repeat(rows, len(columns))], axis=1)

    @property
    def cell(self) -> float:
        """The smaller spacing, the unit of distances from the wall."""
        return float(self.spacing.min())

    @property
    def size(self) -> np.ndarray:
        """(2,) length of a period along each axis."""
        return self.spacing * self.shape


def _irregular(got: str) -> ModelError:
    return ModelError(
        "Runs of varying shape must lie on one regular grid in a plane",
        got,
        'Sample the fields on such a grid, or let `[mesh]` map them: rule = "map" and grid = [nx, ny]',
    )
