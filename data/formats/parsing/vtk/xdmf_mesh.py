"""The mesh of an XDMF grid: topology and geometry.

Source: XDMF Model and Format, version 3, sections "Topology" and "Geometry" (xdmf.org).
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np

from fieldwright.data.formats.parsing.arrays.grids import axes_mesh, grid_cells
from fieldwright.data.formats.parsing.vtk.vtk_cells import FIXED, mesh_of
from fieldwright.data.formats.parsing.vtk.xdmf_file import XdmfFile
from fieldwright.data.mesh.mesh import Mesh

# Number in mixed topologies: (name, VTK's type, whose order of nodes it shares).
_CELLS = {
    1: ("polyvertex", 1), 2: ("polyline", 3), 3: ("polygon", 7), 4: ("triangle", 5), 5: ("quadrilateral", 9),
    6: ("tetrahedron", 10), 7: ("pyramid", 14), 8: ("wedge", 13), 9: ("hexahedron", 12), 34: ("edge_3", 21),
    35: ("quadrilateral_9", 28), 36: ("triangle_6", 22), 37: ("quadrilateral_8", 23), 38: ("tetrahedron_10", 24),
    39: ("pyramid_13", 27), 40: ("wedge_15", 26), 41: ("wedge_18", 32), 48: ("hexahedron_20", 25),
    50: ("hexahedron_27", 29),
}  # fmt: skip
_NAMES = dict(_CELLS.values())
_ALIASES = {"tri_6": "triangle_6", "quad_8": "quadrilateral_8", "quad_9": "quadrilateral_9",
            "tet_10": "tetrahedron_10", "hex_20": "hexahedron_20", "hex_27": "hexahedron_27"}  # fmt: skip
_COUNTED = (1, 2, 3)
_GRIDS = ("smesh", "rectmesh", "corectmesh")


def xdmf_mesh(file: XdmfFile, grid: ET.Element) -> tuple[Mesh, np.ndarray]:
    """The mesh of a grid, and the (c,) file positions of its cells in the mesh's numbering.

    Raises ReadError for unknown kinds, and where cells refer to points that are not there.
    """
    topology, geometry = _parts(file, grid)
    if _kind(topology).endswith(_GRIDS):
        mesh = _structured(file, topology, geometry)
        return mesh, np.arange(mesh.n_cells)
    points = _points(file, geometry)
    nodes, sizes, types = _cells(file, topology)
    nodes = nodes - int(topology.get("BaseOffset", "0"))
    if len(nodes) and not 0 <= nodes.min() <= nodes.max() < len(points):
        raise file.damaged("cells that refer to points that are not there")
    return mesh_of(points, nodes, np.cumsum(sizes), types)


def xdmf_counts(file: XdmfFile, grid: ET.Element) -> tuple[int, int]:
    """Points and cells of a grid by its headers."""
    topology, geometry = _parts(file, grid)
    if _kind(topology).endswith(_GRIDS):
        shape = _dimensions(file, topology)
        return math.prod(shape), math.prod(max(n - 1, 1) for n in shape)
    item = geometry.find("DataItem")
    if item is None:
        raise file.damaged("a geometry without its data")
    size = math.prod(file.shape(item))
    n_points = size if geometry.get("GeometryType", "").upper() == "X_Y_Z" else size // _width(geometry)
    count_text = topology.get("NumberOfElements") or topology.get("Dimensions")
    cells = topology.find("DataItem")
    return n_points, int(count_text) if count_text else file.shape(cells)[0] if cells is not None else 0


def _parts(file: XdmfFile, grid: ET.Element) -> tuple[ET.Element, ET.Element]:
    topology, geometry = file.part(grid, "Topology"), file.part(grid, "Geometry")
    if topology is None or geometry is None:
        raise file.damaged("a grid without topology or geometry")
    return topology, geometry


def _kind(topology: ET.Element) -> str:
    name = topology.get("TopologyType", topology.get("Type", "")).lower()
    return _ALIASES.get(name, name)


def _width(geometry: ET.Element) -> int:
    return 2 if geometry.get("GeometryType", geometry.get("Type", "XYZ")).upper() == "XY" else 3


def _points(file: XdmfFile, geometry: ET.Element) -> np.ndarray:
    kind = geometry.get("GeometryType", geometry.get("Type", "XYZ")).upper()
    if kind == "X_Y_Z":
        return np.stack(
            [file.values(item).ravel().astype(float) for item in geometry.iterfind("DataItem")], axis=1
        )
    if kind not in ("XY", "XYZ"):
        raise file.damaged(f"points given as '{kind}'")
    values = file.values(geometry.find("DataItem")).astype(np.float64)
    if values.size % _width(geometry):
        raise file.damaged(f"{values.size} coordinates for points in {_width(geometry)} dimensions")
    values = values.reshape(-1, _width(geometry))
    return np.pad(values, ((0, 0), (0, 3 - values.shape[1])))


def _cells(file: XdmfFile, topology: ET.Element) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes of all cells in a row, and for each cell its number of nodes and VTK's type."""
    kind = _kind(topology)
    values = file.values(topology.find("DataItem")).astype(np.int64)
    if kind == "mixed":
        return _mixed(file, values.ravel())
    if kind not in _NAMES:
        raise file.damaged(f"cells of the kind '{kind}'")
    vtk = _NAMES[kind]
    nodes_per_element = topology.get("NodesPerElement") if kind.startswith("poly") else None
    size = (
        int(nodes_per_element) if nodes_per_element else FIXED[vtk][1] if vtk in FIXED else values.shape[-1]
    )
    if size < 1 or values.size % size:
        raise file.damaged(f"{values.size} nodes for cells of {size}")
    n_cells = values.size // size
    return values.ravel(), np.full(n_cells, size), np.full(n_cells, vtk)


def _mixed(file: XdmfFile, row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    words, sizes, types, marks, position = row.tolist(), [], [], [], 0
    while position < len(words):
        if words[position] not in _CELLS:
            raise file.damaged(f"cells of the unknown kind {words[position]}")
        vtk = _CELLS[words[position]][1]
        marks.append(position)
        if words[position] in _COUNTED:
            position += 1
            marks.append(position)
            size = words[position] if position < len(words) else 0
        else:
            size = FIXED[vtk][1]
        if size < 1 or position + size >= len(words):
            raise file.damaged("cells that break off")
        sizes.append(size)
        types.append(vtk)
        position += size + 1
    return np.delete(row, marks), np.array(sizes, np.int64), np.array(types, np.int64)


def _dimensions(file: XdmfFile, topology: ET.Element) -> list[int]:
    words = (topology.get("Dimensions") or topology.get("NumberOfElements") or "").split()
    if not words or not all(word.isdigit() for word in words):
        raise file.damaged("a structured grid without its dimensions")
    return [int(word) for word in words]


def _structured(file: XdmfFile, topology: ET.Element, geometry: ET.Element) -> Mesh:
    shape = _dimensions(file, topology)
    kind = geometry.get("GeometryType", geometry.get("Type", "XYZ")).upper()
    items = [file.values(item).ravel().astype(np.float64) for item in geometry.iterfind("DataItem")]
    if _kind(topology).endswith("corectmesh") and kind.startswith("ORIGIN") and len(items) == 2:
        # Origin and spacing come in the order of the dimensions: z, y, x.
        starts, steps = items[0][::-1], items[1][::-1]
        if math.prod(shape) > 8 * file.largest_item():
            raise file.damaged(f"dimensions {' x '.join(map(str, shape))} with fewer values than points")
        axes = [a + d * np.arange(n) for a, d, n in zip(starts, steps, shape[::-1], strict=True)]
        return axes_mesh(*axes)
    if kind.startswith("VXVY"):
        if [len(axis) for axis in items] != shape[::-1]:
            raise file.damaged("axes of other lengths than the dimensions")
        return axes_mesh(*items)
    points = _points(file, geometry)
    if len(points) != math.prod(shape):
        raise file.damaged(f"{len(points)} points for dimensions {' x '.join(map(str, shape))}")
    return Mesh(points, grid_cells(np.arange(len(points)).reshape(shape)))
