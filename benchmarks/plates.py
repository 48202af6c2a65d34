"""Plates with a round hole, each on a mesh of its own, and Kirsch's stress in an infinite one."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay

from fieldwright.data.mesh.mesh import Mesh

HALF = 1.0


def plate_with_hole(
    radius: float, spacing: float, seed: int, centre: tuple[float, float] = (0.0, 0.0), aspect: float = 1.0
) -> Mesh:
    """Triangles on a square of side 2 about the origin with a hole; nodes drawn anew for each seed.

    aspect: height over width of the hole, whose width is twice the radius.
    """
    rng, middle = np.random.default_rng(seed), np.array(centre)
    round_ = max(24, int(4.0 * np.pi * radius / spacing))

    def ring(r: float) -> np.ndarray:
        angle = 2.0 * np.pi * (np.arange(round_) + rng.uniform()) / round_
        return middle + r * np.stack([np.cos(angle), aspect * np.sin(angle)], axis=1)

    # Rings as far apart as their nodes are, until these are as far apart as the others.
    radii = [radius]
    while 2.0 * np.pi * radii[-1] / round_ < spacing and radii[-1] < 0.7:
        radii.append(radii[-1] * (1.0 + 2.0 * np.pi / round_))
    side = np.linspace(-HALF, HALF, int(2.0 * HALF / spacing) + 1)[:-1]
    flat = np.stack([side, np.full_like(side, -HALF)], axis=1)
    edges = [
        flat @ np.array(turn)
        for turn in ([[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[-1, 0], [0, -1]], [[0, -1], [1, 0]])
    ]
    grid = np.arange(-HALF + spacing, HALF - 0.6 * spacing, spacing)
    inner = np.stack([axis.ravel() for axis in np.meshgrid(grid, grid)], axis=1)
    inner = inner + rng.uniform(-0.2, 0.2, inner.shape) * spacing
    inner = inner[np.linalg.norm((inner - middle) / [1.0, aspect], axis=1) > radii[-1] + 0.5 * spacing]
    points = np.concatenate([*(ring(r) for r in radii), *edges, inner])
    triangles = Delaunay(points).simplices.astype(np.int64)
    off = np.linalg.norm((points[triangles].mean(axis=1) - middle) / [1.0, aspect], axis=1)
    triangles = triangles[off > radius * np.cos(np.pi / round_)]
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    size = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    triangles = triangles[np.abs(size) > 1e-9]
    return Mesh(np.column_stack([points, np.zeros(len(points))]), {"triangle": triangles})


def kirsch(points: np.ndarray, radius: float) -> np.ndarray:
    """(n, 3) stresses xx, yy, xy about a hole in an infinite plate under unit tension along x (Kirsch, 1898)."""
    x, y = points[:, 0], points[:, 1]
    angle, q = np.arctan2(y, x), radius**2 / (x**2 + y**2)
    radial = 0.5 * (1 - q) + 0.5 * (1 - 4 * q + 3 * q**2) * np.cos(2 * angle)
    round_ = 0.5 * (1 + q) - 0.5 * (1 + 3 * q**2) * np.cos(2 * angle)
    shear = -0.5 * (1 + 2 * q - 3 * q**2) * np.sin(2 * angle)
    c, s = np.cos(angle), np.sin(angle)
    xx = radial * c**2 + round_ * s**2 - 2 * shear * s * c
    yy = radial * s**2 + round_ * c**2 + 2 * shear * s * c
    xy = (radial - round_) * s * c + shear * (c**2 - s**2)
    return np.stack([xx, yy, xy], axis=1)
