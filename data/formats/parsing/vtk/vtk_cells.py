"""VTK's cell types under meshio's names and node order."""

from __future__ import annotations

import numpy as np

from fieldwright.data.mesh.mesh import Mesh

# Type number: (name, number of nodes, order of the nodes where it differs). Source: vtkCellType.h; meshio
# turns the wedge so that the normal of its first triangle points inwards; pixels and voxels count row by row.
FIXED: dict[int, tuple[str, int, tuple[int, ...] | None]] = {
    1: ("vertex", 1, None),
    3: ("line", 2, None),
    5: ("triangle", 3, None),
    8: ("quad", 4, (0, 1, 3, 2)),
    9: ("quad", 4, None),
    10: ("tetra", 4, None),
    11: ("hexahedron", 8, (0, 1, 3, 2, 4, 5, 7, 6)),
    12: ("hexahedron", 8, None),
    13: ("wedge", 6, (0, 2, 1, 3, 5, 4)),
    14: ("pyramid", 5, None),
    15: ("penta_prism", 10, None),
    16: ("hexa_prism", 12, None),
    21: ("line3", 3, None),
    22: ("triangle6", 6, None),
    23: ("quad8", 8, None),
    24: ("tetra10", 10, None),
    25: ("hexahedron20", 20, None),
    26: ("wedge15", 15, None),
    27: ("pyramid13", 13, None),
    28: ("quad9", 9, None),
    29: ("hexahedron27", 27, None),
    32: ("wedge18", 18, None),
    33: ("hexahedron24", 24, None),
    34: ("triangle7", 7, None),
    35: ("line4", 4, None),
}

# Lagrange and Bezier cells of first and second order are the plain ones: type and number of nodes to type. Their
# hexahedra and wedges of second order number their edges otherwise and are left as they are.
_ORDERS = {
    (0, 2): 3, (0, 3): 21, (1, 3): 5, (1, 6): 22, (2, 4): 9, (2, 9): 28, (3, 4): 10, (3, 10): 24,
    (4, 8): 12, (5, 6): 13, (6, 5): 14,
}  # fmt: skip
_LAGRANGE = {
    (first + kind, size): vtk_type for first in (68, 75) for (kind, size), vtk_type in _ORDERS.items()
}


def mesh_of(
    points: np.ndarray, connectivity: np.ndarray, offsets: np.ndarray, types: np.ndarray
) -> tuple[Mesh, np.ndarray]:
    """The mesh of VTK's cell arrays, and the (c,) file positions of its cells in the mesh's numbering.

    points (n, 3); connectivity (k,); offsets (c,) ends of the cells in it; types (c,) VTK type numbers.
    Where cells have no fixed number of nodes (polygons aside: "polygon5" and the like), all cells stand as
    centres alone.
    """
    starts = np.concatenate([[0], offsets[:-1]]).astype(np.int64)
    sizes = offsets - starts
    types = _fixed_types(types, sizes)
    groups: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    kinds, first = np.unique(types, return_index=True)
    for kind in kinds[np.argsort(first)]:
        of_kind = np.flatnonzero(types == kind)
        for size in np.unique(sizes[of_kind]):
            name, count, order = FIXED.get(int(kind), (f"polygon{size}", int(size), None))
            if (kind not in FIXED and kind != 7) or count != size:
                sums = np.add.reduceat(points[connectivity], starts, axis=0)
                return Mesh(points, cell_centres=sums / sizes[:, None]), np.arange(len(types))
            indices = of_kind[sizes[of_kind] == size]
            nodes = connectivity[starts[indices, None] + np.arange(size)].astype(np.int64)
            groups.setdefault(name, []).append((indices, nodes[:, order] if order else nodes))
    cells, positions = {}, []
    for name, parts in groups.items():
        indices = np.concatenate([part[0] for part in parts])
        # Pixels and quads, voxels and hexahedra share a name: back to the order of the file.
        order = np.argsort(indices, kind="stable")
        cells[name] = np.concatenate([part[1] for part in parts])[order]
        positions.append(indices[order])
    return Mesh(points, cells), np.concatenate(positions) if positions else np.arange(0)


def _fixed_types(types: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    fixed = np.array(types)
    for (kind, size), other in _LAGRANGE.items():
        fixed[(types == kind) & (sizes == size)] = other
    return fixed


def polygon_types(group: str, sizes: np.ndarray) -> np.ndarray:
    """VTK type numbers of a surface's cells of `sizes` nodes in its group "Verts", "Lines", "Polys" or "Strips"."""
    if group == "Verts":
        return np.where(sizes == 1, 1, 2)
    if group == "Lines":
        return np.where(sizes == 2, 3, 4)
    if group == "Strips":
        return np.full(len(sizes), 6)
    return np.select([sizes == 3, sizes == 4], [5, 9], 7)


def cell_notes(mesh: Mesh) -> tuple[str, ...]:
    """A note where the mesh mixes cells, as of an area and of its boundary."""
    kinds = ", ".join(f"{len(nodes)} {kind}" for kind, nodes in mesh.cells.items())
    return (f"cells of several types: {kinds}",) if len(mesh.cells) > 1 else ()
