"""MED's element types under meshio's names and node order.

MED numbers the nodes of its solids the other way round: the normal of the first face points outwards where
meshio's (and VTK's) points inwards. Source: MED file documentation, "Éléments de référence".
"""

from __future__ import annotations

import numpy as np

# MED's name: (meshio's name, number of nodes).
MED_CELLS: dict[str, tuple[str, int]] = {
    "PO1": ("vertex", 1), "SE2": ("line", 2), "SE3": ("line3", 3), "TR3": ("triangle", 3), "TR6": ("triangle6", 6),
    "QU4": ("quad", 4), "QU8": ("quad8", 8), "QU9": ("quad9", 9), "TE4": ("tetra", 4), "T10": ("tetra10", 10),
    "PY5": ("pyramid", 5), "P13": ("pyramid13", 13), "PE6": ("wedge", 6), "P15": ("wedge15", 15),
    "HE8": ("hexahedron", 8), "H20": ("hexahedron20", 20),
}  # fmt: skip
_CORNERS = {
    "tetra": (0, 2, 1, 3),
    "pyramid": (0, 3, 2, 1, 4),
    "wedge": (0, 2, 1, 3, 5, 4),
    "hexahedron": (0, 3, 2, 1, 4, 7, 6, 5),
}
# The edges with nodes at their middles: both number them alike, each by its own corners.
_EDGES = {
    "tetra10": "01 12 20 03 13 23",
    "pyramid13": "01 12 23 30 04 14 24 34",
    "wedge15": "01 12 20 34 45 53 03 14 25",
    "hexahedron20": "01 12 23 30 45 56 67 74 04 15 26 37",
}


def med_node_order(name: str, count: int) -> np.ndarray:
    """Positions of MED's nodes in meshio's order."""
    corners = _CORNERS.get(name.rstrip("0123456789"))
    if corners is None:
        return np.arange(count)
    edges = [frozenset(int(node) for node in edge) for edge in _EDGES.get(name, "").split()]
    turned = [edges.index(frozenset(corners[node] for node in edge)) for edge in edges]
    return np.array([*corners, *(len(corners) + place for place in turned)])
