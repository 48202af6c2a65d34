"""A few numbers that describe a shape, by which a new one is compared with the training shapes."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import center_of_mass, map_coordinates
from scipy.spatial import ConvexHull

from fieldwright.surrogates.shapes.distance import centring, roll_images
from fieldwright.surrogates.shapes.grid import Grid


def descriptor_names(grid: Grid) -> tuple[str, ...]:
    """The names of the columns of `descriptors`; the position of the body counts along axes that are not periodic."""
    places = [
        f"middle_{axis}" for axis, periodic in zip(grid.axes, grid.periodic, strict=True) if not periodic
    ]
    extents = [f"extent_{axis}" for axis in grid.axes]
    return ("area", "roundness", "solidity", "asymmetry", *extents, *places)


def descriptors(distance: np.ndarray, grid: Grid) -> np.ndarray:
    """(q, d) descriptors of shapes (q, ny, nx), in the grid's unit.

    area: of the inside. roundness: 4 pi area / perimeter^2, 1 for a circle; the perimeter is the area of the band
    |distance| < 1.5 cells over its width. solidity: area over that of the convex hull. asymmetry: share of the area
    that a turn by 180 degrees about its centre leaves uncovered, 0 for ellipses and rectangles. extent: along each
    axis. middle: mean place of the inside.
    """
    rows = []
    for image in roll_images(distance, centring(distance, grid)):
        cell_area = float(np.prod(grid.spacing))
        area = cell_area * float(np.clip(0.5 - image / grid.cell, 0.0, 1.0).sum())
        perimeter = cell_area * np.count_nonzero(np.abs(image) < 1.5 * grid.cell) / (3.0 * grid.cell)
        inside = np.argwhere(image < 0.0)
        corners = np.concatenate([inside + np.array([i, j]) for i in (-0.5, 0.5) for j in (-0.5, 0.5)])
        solidity = len(inside) / ConvexHull(corners).volume
        filled = np.clip(0.5 - image / grid.cell, 0.0, 1.0)
        centre = np.array(center_of_mass(filled))
        turned = 2.0 * centre[:, None, None] - np.indices(image.shape)
        beside = np.abs(map_coordinates(filled, turned, order=1) - filled).sum() / (2.0 * filled.sum())
        extent = (np.ptp(inside, axis=0) + 1.0) * grid.spacing
        middle = grid.origin + inside.mean(axis=0) * grid.spacing
        places = [middle[k] for k in (0, 1) if not grid.periodic[k]]
        rows.append([area, 4.0 * np.pi * area / perimeter**2, solidity, beside, *extent, *places])
    return np.array(rows)
