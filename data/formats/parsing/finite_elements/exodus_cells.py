"""Exodus' element types under meshio's names and node order.

Source: Schoof and Yarberry, EXODUS II: A Finite Element Data Model, SAND92-2137, section 4.8.
"""

from __future__ import annotations

# The beginning of the type's name, and the number of nodes: meshio's name.
_NAMES: dict[str, dict[int, str]] = {
    "HEX": {8: "hexahedron", 20: "hexahedron20", 27: "hexahedron27"},
    "TET": {4: "tetra", 10: "tetra10"},
    "WED": {6: "wedge", 15: "wedge15"},
    "PYR": {5: "pyramid", 13: "pyramid13"},
    "QUA": {4: "quad", 8: "quad8", 9: "quad9"},
    "SHE": {3: "triangle", 4: "quad", 6: "triangle6", 8: "quad8", 9: "quad9"},
    "TRI": {3: "triangle", 6: "triangle6"},
    "BEA": {2: "line", 3: "line3"},
    "BAR": {2: "line", 3: "line3"},
    "TRU": {2: "line", 3: "line3"},
    "EDG": {2: "line", 3: "line3"},
    "SPH": {1: "vertex"},
    "CIR": {1: "vertex"},
}
# Exodus has the upright edges before those of the upper side, and the middle before the faces.
ORDERS: dict[str, tuple[int, ...]] = {
    "hexahedron20": (*range(12), *range(16, 20), *range(12, 16)),
    "hexahedron27": (*range(12), *range(16, 20), *range(12, 16), 23, 24, 25, 26, 21, 22, 20),
    "wedge15": (*range(9), *range(12, 15), *range(9, 12)),
}


def meshio_name(kind: str, n_nodes: int) -> str | None:
    """Meshio's name of a block's type; None for an unknown one."""
    return _NAMES.get(kind.strip("\x00 ").upper()[:3], {}).get(n_nodes)
