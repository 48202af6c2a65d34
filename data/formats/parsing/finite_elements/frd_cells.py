"""CalculiX's element types under meshio's names and node order."""

from __future__ import annotations

# Type number: (meshio's name, order of the nodes). The file has the upright edges before those of the upper side.
FRD_CELLS: dict[int, tuple[str, tuple[int, ...]]] = {
    1: ("hexahedron", tuple(range(8))),
    2: ("wedge", tuple(range(6))),
    3: ("tetra", tuple(range(4))),
    4: ("hexahedron20", (*range(12), *range(16, 20), *range(12, 16))),
    5: ("wedge15", (*range(9), *range(12, 15), *range(9, 12))),
    6: ("tetra10", tuple(range(10))),
    7: ("triangle", tuple(range(3))),
    8: ("triangle6", tuple(range(6))),
    9: ("quad", tuple(range(4))),
    10: ("quad8", tuple(range(8))),
    11: ("line", tuple(range(2))),
    12: ("line3", tuple(range(3))),
}
