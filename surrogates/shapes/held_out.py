"""What shapes that no network learned from say of a model: errors, coverage, mass and symmetries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fieldwright.surrogates.shapes.channels import FieldScales
from fieldwright.surrogates.shapes.description import ShapeDescription
from fieldwright.surrogates.shapes.evaluation import (
    divergence,
    errors_by_distance,
    mirror_signs,
    symmetry_error,
)
from fieldwright.surrogates.shapes.grid import Grid


class AnswersImages(Protocol):
    """What is asked of a trained model of shapes."""

    @property
    def description(self) -> ShapeDescription:
        """Its fields, and the symmetries that it should have."""
        ...

    @property
    def grid(self) -> Grid:
        """On which all images lie."""
        ...

    @property
    def scales(self) -> FieldScales:
        """Of the fields."""
        ...

    def images(self, shapes: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, std and factor of the band, each (q, c, ny, nx)."""
        ...


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The judgement of h shapes.

    rows: (h,) which of the runs they are. mean: field to predicted (h, points, components).
    errors: field to metric to (h,), as `judged` tells them. covered: field to (h,) shares of the values that lie in
    the pointwise band.
    """

    rows: np.ndarray
    mean: Mapping[str, np.ndarray]
    errors: Mapping[str, Mapping[str, np.ndarray]]
    covered: Mapping[str, np.ndarray]

    def summary(self) -> dict[str, dict[str, float]]:
        """Field to "{metric}.{mean|median|max}" over the shapes."""
        return {
            field: {
                f"{metric}.{name}": float(reduce(values))
                for metric, values in metrics.items()
                for name, reduce in (("mean", np.mean), ("median", np.median), ("max", np.max))
            }
            for field, metrics in self.errors.items()
        }


def judged(
    surrogate: AnswersImages,
    rows: np.ndarray,
    shapes: np.ndarray,
    x: np.ndarray,
    targets: Mapping[str, np.ndarray],
) -> HeldOut:
    """Judges by shapes (h, ny, nx) with parameters x (h, p) and true fields (h, points, components).

    Beside the errors by distance: "mirror.<axis>" and "translation.<axis>", the change of the answer when the shape
    is mirrored, or moved by a third of a period, and the answer is brought back; "divergence" of a velocity in the
    plane of the grid and "true_divergence" of the runs'.
    """
    grid, info = surrogate.grid, surrogate.description
    mean, std, factor = surrogate.images(shapes, x)
    from_wall, fluid = shapes / grid.cell, shapes >= 0.0
    moved = {}
    for axis in info.geometry.mirror:
        at = -2 + grid.axes.index(axis)
        found = surrogate.images(np.flip(shapes, at), x)[0]
        signs = mirror_signs(info.fields, axis)[:, None, None]
        moved[f"mirror.{axis}"] = signs * np.flip(found, at)
    for axis in info.geometry.periodic:
        at = -2 + grid.axes.index(axis)
        third = grid.shape[at] // 3
        found = surrogate.images(np.roll(shapes, third, at), x)[0]
        moved[f"translation.{axis}"] = np.roll(found, -third, at)
    predicted, errors, covered, start = {}, {}, {}, 0
    for field in info.fields:
        part = slice(start, start + len(field.components))
        start = part.stop
        true = grid.images(targets[field.name])
        metrics = errors_by_distance(true, mean[:, part], surrogate.scales.offset[part], from_wall)
        for name, image in moved.items():
            metrics[name] = symmetry_error(mean[:, part], image[:, part], fluid)
        plane = [field.components.index(axis) for axis in reversed(grid.axes) if axis in field.components]
        if len(plane) == 2:
            metrics["divergence"] = divergence(mean[:, part][:, plane], from_wall, grid)
            metrics["true_divergence"] = divergence(true[:, plane], from_wall, grid)
        within = np.abs(true - mean[:, part]) <= factor[:, part] * std[:, part]
        share = within.mean(axis=1)
        covered[field.name] = (share * fluid).sum(axis=(1, 2)) / fluid.sum(axis=(1, 2))
        errors[field.name] = metrics
        predicted[field.name] = grid.values(mean[:, part])
    return HeldOut(rows, predicted, errors, covered)
