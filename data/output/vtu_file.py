"""Fields on a mesh as VTU, VTK's file of an unstructured mesh in XML."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

import numpy as np

from fieldwright.data.formats.parsing.vtk.vtk_cells import FIXED

POLYGON = 7
VTK_TYPES = {
    name: (number, order)
    for number, (name, _, order) in reversed(FIXED.items())
    if order is None or name == "wedge"
}
"""VTK's number of each of meshio's types of cells, and the order of its nodes where it differs."""
VTK_NAMES = {"f": "Float", "i": "Int", "u": "UInt"}


@dataclass(frozen=True, eq=False)
class MeshData:
    """Fields of one query at one time on their mesh.

    points: (n, 3). cells: meshio's type to (k, nodes); empty where only places are known. point_data, cell_data: name
    to (n, components). numbers: by name, beside the mesh. query: its position in the request. time: None where the
    fields have none.
    """

    points: np.ndarray
    cells: Mapping[str, np.ndarray]
    point_data: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_data: Mapping[str, np.ndarray] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    query: int = 0
    time: float | None = None


def vtu_bytes(mesh: MeshData) -> bytes:
    """The file: XML that names the arrays, and behind it their bytes as they are."""
    cells = mesh.cells or {"vertex": np.arange(len(mesh.points))[:, None]}
    blocks = [_ordered(name, nodes) for name, nodes in cells.items()]
    counts = [len(nodes) for nodes in cells.values()]
    sizes = np.repeat([nodes.shape[1] for nodes in blocks], counts)
    kinds = np.repeat([VTK_TYPES.get(name, (POLYGON, None))[0] for name in cells], counts)
    connectivity = np.concatenate([nodes.ravel() for nodes in blocks]).astype(np.int64)
    numbers = {} if mesh.time is None else {"TimeValue": mesh.time}
    numbers |= mesh.numbers
    appended = _Appended()
    order = "LittleEndian" if sys.byteorder == "little" else "BigEndian"
    lines = [
        '<?xml version="1.0"?>',
        f'<VTKFile type="UnstructuredGrid" version="1.0" byte_order="{order}" header_type="UInt64">',
        "<UnstructuredGrid>",
        "<FieldData>",
        *(
            appended.element(name, np.array([number]), 'NumberOfTuples="1"')
            for name, number in numbers.items()
        ),
        "</FieldData>",
        f'<Piece NumberOfPoints="{len(mesh.points)}" NumberOfCells="{sum(counts)}">',
        *_data("PointData", mesh.point_data, appended),
        *_data("CellData", mesh.cell_data, appended),
        "<Points>",
        appended.element("Points", np.asarray(mesh.points, np.float64), 'NumberOfComponents="3"'),
        "</Points>",
        "<Cells>",
        appended.element("connectivity", connectivity),
        appended.element("offsets", np.cumsum(sizes, dtype=np.int64)),
        appended.element("types", kinds.astype(np.uint8)),
        "</Cells>",
        "</Piece>",
        "</UnstructuredGrid>",
        '<AppendedData encoding="raw">',
    ]
    head = "\n".join(lines).encode() + b"\n_"
    return b"".join((head, *appended.parts, b"\n</AppendedData>\n</VTKFile>\n"))


class _Appended:
    """The bytes of all arrays, one behind the other, each led by its length."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._size = 0

    def element(self, name: str, values: np.ndarray, attributes: str = "") -> str:
        """The XML of an array, whose bytes are taken along."""
        content = np.ascontiguousarray(values).tobytes()
        kind = f"{VTK_NAMES[values.dtype.kind]}{8 * values.dtype.itemsize}"
        offset = self._size
        self.parts += [np.uint64(len(content)).tobytes(), content]
        self._size += 8 + len(content)
        return f'<DataArray type="{kind}" Name={quoteattr(name)} {attributes} format="appended" offset="{offset}"/>'


def _data(place: str, arrays: Mapping[str, np.ndarray], appended: _Appended) -> Iterator[str]:
    yield f"<{place}>"
    for name, values in arrays.items():
        # VTK takes vectors for three-dimensional alone.
        padded = np.pad(values, ((0, 0), (0, 1))) if values.shape[1] == 2 else values
        n = padded.shape[1]
        yield appended.element(name, padded, f'NumberOfComponents="{n}"' if n > 1 else "")
    yield f"</{place}>"


def _ordered(name: str, nodes: np.ndarray) -> np.ndarray:
    order = VTK_TYPES.get(name, (POLYGON, None))[1]
    return nodes if order is None else nodes[:, np.argsort(order)]
