"""The input channels of the networks, and the scales of the fields that they predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.fields.transforms.scaler import Scaler
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.shapes.grid import Grid

NEAR = 2.0
"""Cells over which the channel of the wall rises from 0 to 1."""


@dataclass(frozen=True, eq=False)
class Channels:
    """Channels of a distance d (q, ny, nx) in the frame of the body, and of parameters x (q, p).

    They are d over half the longer side of the grid; tanh of d in cells / 2, which resolves the wall within a cell;
    whether the cell is fluid; the coordinate along axes that are not periodic, on which the flow depends; and each
    parameter. scaler: of the parameters.
    """

    grid: Grid
    scaler: Scaler

    @classmethod
    def fit(cls, grid: Grid, x: np.ndarray) -> Self:
        """Learns the ranges of the parameters x (n, p)."""
        return cls(grid, Scaler.fit(x))

    @property
    def count(self) -> int:
        """Number of channels."""
        return 3 + sum(not periodic for periodic in self.grid.periodic) + len(self.scaler.mean)

    def of(self, distance: np.ndarray, x: np.ndarray) -> np.ndarray:
        """(q, channels, ny, nx) float32."""
        grid = self.grid
        far = 0.5 * float((grid.spacing * grid.shape).max())
        planes = [np.clip(distance / far, -1.0, 1.0), np.tanh(distance / (NEAR * grid.cell)), distance >= 0.0]
        along = np.meshgrid(*(np.linspace(-1.0, 1.0, size) for size in grid.shape), indexing="ij")
        planes += [
            np.broadcast_to(place, distance.shape)
            for place, periodic in zip(along, grid.periodic, strict=True)
            if not periodic
        ]
        for column in self.scaler.scaled(x).T:
            planes.append(np.broadcast_to(column[:, None, None], distance.shape))
        return np.stack([np.asarray(plane, dtype=np.float32) for plane in planes], axis=1)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return prefixed("scaler.", self.scaler.state())

    @classmethod
    def restore(cls, grid: Grid, state: Mapping[str, np.ndarray]) -> Self:
        """Restore the channels from `state()`."""
        return cls(grid, Scaler.restore(part(state, "scaler.")))


@dataclass(frozen=True, eq=False)
class FieldScales:
    """value = offset + scale * output for each component of all fields, in their order.

    offset: (c,) mean over the fluid of the training shapes. scale: (c,) root mean square about it, one for all
    components of a field, so that each has the same weight in the loss as in the error of the field.
    """

    offset: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, images: np.ndarray, fluid: np.ndarray, sizes: list[int]) -> Self:
        """Learns from images (n, c, ny, nx) where fluid (n, ny, nx); sizes: numbers of components of the fields."""
        values = np.moveaxis(images, 1, -1)[fluid].astype(np.float64)
        square = values.var(axis=0)
        groups = np.split(square, np.cumsum(sizes)[:-1])
        scale = np.concatenate([np.full(len(group), np.sqrt(group.mean())) for group in groups])
        return cls(values.mean(axis=0), np.where(scale > 0.0, scale, 1.0))

    def scaled(self, images: np.ndarray) -> np.ndarray:
        """(n, c, ny, nx) float32 for the network to learn."""
        return ((images - self.offset[:, None, None]) / self.scale[:, None, None]).astype(np.float32)

    def unscaled(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs (..., c, ny, nx) in the units of the fields."""
        return outputs.astype(np.float64) * self.scale[:, None, None] + self.offset[:, None, None]

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"offset": self.offset, "scale": self.scale}
