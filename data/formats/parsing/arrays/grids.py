"""Structured grids as meshes of lines, quads or hexahedra."""

from __future__ import annotations

import numpy as np

from fieldwright.data.mesh.mesh import Mesh


def grid_cells(index: np.ndarray) -> dict[str, np.ndarray]:
    """The cells between the points of a grid.

    index: (nz, ny, nx), (ny, nx) or (nx,) number of each point; axes of length 1 do not count. The cells follow
    one another as the points do, x fastest, and turn anticlockwise seen from above.
    """
    index = np.squeeze(index)
    if index.ndim == 0 or 0 in index.shape:
        return {}
    if index.ndim == 1:
        return {"line": np.stack([index[:-1], index[1:]], axis=-1)}
    lower = [index[..., :-1, :-1], index[..., :-1, 1:], index[..., 1:, 1:], index[..., 1:, :-1]]
    if index.ndim == 2:
        return {"quad": np.stack(lower, axis=-1).reshape(-1, 4)}
    nodes = [corner[:-1] for corner in lower] + [corner[1:] for corner in lower]
    return {"hexahedron": np.stack(nodes, axis=-1).reshape(-1, 8)}


def axes_mesh(*axes: np.ndarray) -> Mesh:
    """The mesh of the grid over axes x[, y[, z]], its points numbered with x fastest."""
    xyz = [*axes, *([np.zeros(1)] * (3 - len(axes)))]
    z, y, x = np.meshgrid(*xyz[::-1], indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1).astype(np.float64)
    return Mesh(points, grid_cells(np.arange(len(points)).reshape(x.shape)))
