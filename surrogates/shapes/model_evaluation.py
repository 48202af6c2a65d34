"""Evaluation of a model on held-out shapes: errors, coverage, conservation of mass and symmetries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fieldwright.surrogates.shapes.channels import FieldScales
from fieldwright.surrogates.shapes.description import ShapeDescription
from fieldwright.surrogates.shapes.error_measures import (
    divergence,
    errors_by_distance,
    mirror_signs,
    symmetry_error,
)
from fieldwright.surrogates.shapes.grid import Grid


class ImageModel(Protocol):
    """A trained model of shapes that predicts images."""

    @property
    def description(self) -> ShapeDescription:
        """Of its fields, and of the symmetries that it should have."""
        ...

    @property
    def grid(self) -> Grid:
        """The grid of all images."""
        ...

    @property
    def scales(self) -> FieldScales:
        """The scales of the fields."""
        ...

    def images(self, shapes: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, std and factor of the band, each (q, c, ny, nx)."""
        ...


@dataclass(frozen=True, eq=False)
class ShapeEvaluation:
    """The evaluation on h shapes.

    rows: (h,) their indices among the runs. mean: field to predicted (h, points, components).
    errors: field to metric to (h,), see `evaluate_shapes`. covered: field to (h,) shares of the values that lie in
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


def evaluate_shapes(
    surrogate: ImageModel,
    rows: np.ndarray,
    shapes: np.ndarray,
    x: np.ndarray,
    targets: Mapping[str, np.ndarray],
) -> ShapeEvaluation:
    """Evaluate on shapes (h, ny, nx) with parameters x (h, p) and true fields (h, points, components).

    Besides the errors by distance: "mirror.<axis>" and "translation.<axis>", the change of the prediction when the
    shape is mirrored, or moved by a third of a period, and the prediction is transformed back; "divergence" of a
    velocity in the plane of the grid and "true_divergence", that of the runs.
    """
    grid, info = surrogate.grid, surrogate.description
    mean, std, factor = surrogate.images(shapes, x)
    from_wall, fluid = shapes / grid.cell, shapes >= 0.0
    moved = {}
    for axis in info.geometry.mirror:
        at = -2 + grid.axes.index(axis)
        predicted_images = surrogate.images(np.flip(shapes, at), x)[0]
        signs = mirror_signs(info.fields, axis)[:, None, None]
        moved[f"mirror.{axis}"] = signs * np.flip(predicted_images, at)
    for axis in info.geometry.periodic:
        at = -2 + grid.axes.index(axis)
        third = grid.shape[at] // 3
        predicted_images = surrogate.images(np.roll(shapes, third, at), x)[0]
        moved[f"translation.{axis}"] = np.roll(predicted_images, -third, at)
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
    return ShapeEvaluation(rows, predicted, errors, covered)
