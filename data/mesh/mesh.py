"""The mesh that the fields of a run live on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Mesh:
    """Nodes and cells; for finite-volume results also the centres and volumes of the cells.

    points: (n, 3) float64 node coordinates, in the unit of the file.
    cells: meshio's cell type name ("triangle", "tetra10", ...) to (k, nodes of the type) int64 node indices.
        Cells are numbered type by type in this order. Empty for plain point clouds and polyhedral meshes.
    cell_centres, cell_volumes: (c, 3) and (c,), given where the reader knows them (OpenFOAM's polyMesh).
    """

    points: np.ndarray
    cells: dict[str, np.ndarray] = field(default_factory=dict)
    cell_centres: np.ndarray | None = None
    cell_volumes: np.ndarray | None = None

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(self.points)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        if self.cell_centres is not None:
            return len(self.cell_centres)
        return sum(len(nodes) for nodes in self.cells.values())

    def same_as(self, other: Mesh) -> bool:
        """Whether coordinates and connectivity are equal, number by number: quicker than by hash."""
        if list(self.cells) != list(other.cells):
            return False
        pairs = [(self.points, other.points), (self.cell_centres, other.cell_centres)]
        pairs += [(nodes, other.cells[name]) for name, nodes in self.cells.items()]
        return all(a is b or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over coordinates and connectivity: equal meshes, equal hash."""
        digest = hashlib.sha256()
        digest.update(np.ascontiguousarray(self.points, dtype="<f8").tobytes())
        for name, nodes in self.cells.items():
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(nodes, dtype="<i8").tobytes())
        if self.cell_centres is not None:
            digest.update(np.ascontiguousarray(self.cell_centres, dtype="<f8").tobytes())
        return digest.hexdigest()
