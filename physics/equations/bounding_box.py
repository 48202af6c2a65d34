"""The box round a shape, also where DeepXDE's own is too small."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.physics.equations.boundary_points import faces
from fieldwright.physics.pinn.deepxde_torch import dde


def bounding_box(geometry: Any) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner (d,), (d,) of a DeepXDE geometry.

    DeepXDE's boxes of ellipses reach from the centre by the larger half axis to one side and by the smaller to the
    other, and those of stars take waves of negative size off the radius: points in the rest would never be drawn.
    """
    shapes = dde.geometry
    if hasattr(geometry, "geom1"):
        (low, high), (other_low, other_high) = (
            bounding_box(part) for part in (geometry.geom1, geometry.geom2)
        )
        if isinstance(geometry, shapes.csg.CSGUnion):
            return np.minimum(low, other_low), np.maximum(high, other_high)
        if isinstance(geometry, shapes.csg.CSGIntersection):
            return np.maximum(low, other_low), np.minimum(high, other_high)
        return low, high
    if isinstance(geometry, shapes.Ellipse | shapes.StarShaped):
        (curve,) = faces(geometry)
        points, _ = curve.place(np.linspace(0, 1, 4001)[:, None])
        middle, half = (points.min(axis=0) + points.max(axis=0)) / 2, np.ptp(points, axis=0) / 2
        return middle - (1 + 1e-5) * half, middle + (1 + 1e-5) * half
    low, high = geometry.bbox
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)
