"""Gmsh's element types under meshio's names and node order.

Source: Gmsh reference manual, sections "MSH file format" and "Node ordering".
"""

from __future__ import annotations

import numpy as np

# Type number: (meshio's name, number of nodes).
GMSH_CELLS: dict[int, tuple[str, int]] = {
    1: ("line", 2), 2: ("triangle", 3), 3: ("quad", 4), 4: ("tetra", 4), 5: ("hexahedron", 8), 6: ("wedge", 6),
    7: ("pyramid", 5), 8: ("line3", 3), 9: ("triangle6", 6), 10: ("quad9", 9), 11: ("tetra10", 10),
    12: ("hexahedron27", 27), 13: ("wedge18", 18), 14: ("pyramid14", 14), 15: ("vertex", 1), 16: ("quad8", 8),
    17: ("hexahedron20", 20), 18: ("wedge15", 15), 19: ("pyramid13", 13), 21: ("triangle10", 10), 26: ("line4", 4),
    27: ("line5", 5), 29: ("tetra20", 20), 36: ("quad16", 16), 92: ("hexahedron64", 64),
}  # fmt: skip
# The edges with nodes at their middles, in Gmsh's order and in that of meshio (and VTK).
_EDGES = {
    "tetra10": ("01 12 20 03 23 13", "01 12 20 03 13 23"),
    "hexahedron20": ("01 03 04 12 15 23 26 37 45 47 56 67", "01 12 23 30 45 56 67 74 04 15 26 37"),
    "wedge15": ("01 02 03 12 14 25 34 35 45", "01 12 20 34 45 53 03 14 25"),
    "pyramid13": ("01 03 04 12 14 23 24 34", "01 12 23 30 04 14 24 34"),
}
# Behind the edges stand nodes on faces: Gmsh's number of each in meshio's order.
_FACES = {
    "hexahedron27": ("hexahedron20", (22, 23, 21, 24, 20, 25, 26)),
    "wedge18": ("wedge15", (15, 17, 16)),
}


def gmsh_node_order(name: str, count: int) -> np.ndarray:
    """Positions of Gmsh's nodes in meshio's order."""
    base, faces = _FACES.get(name, (name, ()))
    if base not in _EDGES:
        return np.arange(count)
    ours, theirs = ([frozenset(edge) for edge in row.split()] for row in _EDGES[base])
    corners = count - len(faces) - len(ours)
    return np.array([*range(corners), *(corners + ours.index(edge) for edge in theirs), *faces])
