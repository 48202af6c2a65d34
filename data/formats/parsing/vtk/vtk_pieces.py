"""The pieces of a VTK XML file as one run: fields by name, meshes joined."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription
from fieldwright.data.formats.parsing.vtk.vtk_cells import cell_notes, mesh_of
from fieldwright.data.formats.parsing.vtk.vtk_xml import VtkXml, is_numeric
from fieldwright.data.mesh.mesh import Mesh

CellArrays = tuple[np.ndarray, np.ndarray, np.ndarray]
_MOST_COMPONENTS = 4096
COMPONENTS = {
    1: ("",),
    2: ("x", "y"),
    3: ("x", "y", "z"),
    4: ("xx", "xy", "yx", "yy"),
    6: ("xx", "yy", "zz", "xy", "yz", "xz"),
    9: ("xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"),
}


def component_names(count: int) -> tuple[str, ...]:
    """Names of the components of a VTK array that gives none."""
    return COMPONENTS.get(count) or tuple(str(i) for i in range(count))


def field_info(element: ET.Element, on: str) -> FieldDescription:
    """Place, component names and unit of a DataArray, as far as it gives them."""
    count = int(element.get("NumberOfComponents", "1"))
    if not 1 <= count <= _MOST_COMPONENTS:
        must = f"The array '{element.get('Name')}' must have 1 to {_MOST_COMPONENTS} components"
        raise ReadError(must, str(count), "Write the file again from the solver")
    labels = tuple(element.get(f"ComponentName{i}") for i in range(count))
    names = tuple(name for name in labels if name)
    unit = next(
        (key.text for key in element.iterfind("InformationKey") if key.get("name") == "UNITS_LABEL"), None
    )
    components = names if len(names) == count else component_names(count)
    return FieldDescription(
        "point" if on == "PointData" else "cell", components, unit.strip() if unit else None
    )


class VtkPieces:
    """A VTK XML file of one kind.

    kind: "UnstructuredGrid" or "PolyData". counts: the attributes of a piece that add up to its number of cells.
    cells: of a piece, connectivity, ends of the cells in it, and VTK type numbers.
    Raises ReadError where the file is of another kind or holds no points.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        counts: Sequence[str],
        cells: Callable[[VtkXml, ET.Element], CellArrays],
    ) -> None:
        if not path.is_file():
            raise ReadError("A VTK result must be a file", f"'{path}'", "Name the file within the run folder")
        self.path, self._counts, self._cells = path, counts, cells
        self.file = VtkXml(path)
        if self.file.kind != kind:
            raise self.file.damaged(f"a file of type '{self.file.kind}' where {kind} is expected")
        self.pieces = [p for p in self.file.root.iterfind(f"./{kind}/Piece") if _number(p, "NumberOfPoints")]
        if not self.pieces:
            raise self.file.damaged("no piece with points")

    def describe(self, reader: str) -> RunDescription:
        """Fields and counts from the headers; no array of values is decoded."""
        time = self.file.time()
        return RunDescription(
            reader=reader,
            fields=self._infos(),
            n_points=sum(_number(piece, "NumberOfPoints") for piece in self.pieces),
            n_cells=sum(self._n_cells(piece) for piece in self.pieces),
            times=None if time is None else np.array([time]),
            size_bytes=self.path.stat().st_size,
            notes=((f"{len(self.pieces)} pieces",) if len(self.pieces) > 1 else ()) + self._text_notes(),
        )

    def read(self, fields: Sequence[str] | None) -> Run:
        """Mesh and the named fields, the pieces one after the other; one time if the file gives one."""
        infos = self._infos()
        missing = [name for name in fields or () if name not in infos]
        if missing:
            raise ReadError(
                f"'{self.path.name}' must hold the field '{missing[0]}'",
                f"the fields {', '.join(infos) or 'none'}",
                "Correct 'fields' in the study file",
            )
        mesh, positions = self._mesh()
        read = {}
        for name in infos if fields is None else fields:
            info = infos[name]
            parts = [
                self.file.array(
                    _array(piece, name, info.on), self._length(piece, info.on), len(info.components)
                )
                for piece in self.pieces
            ]
            values = np.concatenate(parts).reshape(1, -1, len(info.components))
            if values.dtype not in (np.float32, np.float64):
                values = values.astype(np.float64)
            read[name] = Field(
                values if info.on == "point" else values[:, positions], info.on, info.components, info.unit
            )
        time = self.file.time()
        times = None if time is None else np.array([time])
        return Run(mesh, read, times, (self.path,), self._notes(mesh))

    def _n_cells(self, piece: ET.Element) -> int:
        return sum(_number(piece, count) for count in self._counts)

    def _length(self, piece: ET.Element, on: str) -> int:
        return _number(piece, "NumberOfPoints") if on == "point" else self._n_cells(piece)

    def _infos(self) -> dict[str, FieldDescription]:
        """Fields by name; a name used on points and on cells stays on the points, the other gains " (cell)"."""
        piece_infos = []
        for piece in self.pieces:
            infos: dict[str, FieldDescription] = {}
            for on in ("PointData", "CellData"):
                for element in filter(is_numeric, piece.iterfind(f"{on}/DataArray")):
                    name = element.get("Name", "")
                    infos[name if name not in infos else f"{name} (cell)"] = field_info(element, on)
            piece_infos.append(infos)
        if any(infos != piece_infos[0] for infos in piece_infos):
            raise self.file.damaged("pieces that do not hold the same fields")
        return piece_infos[0]

    def _mesh(self) -> tuple[Mesh, np.ndarray]:
        points, connectivity, offsets, types = [], [], [], []
        first_point = first_node = 0
        for piece in self.pieces:
            n_points = _number(piece, "NumberOfPoints")
            coordinates = piece.find("Points/DataArray")
            if coordinates is None:
                raise self.file.damaged("a piece without points")
            nodes, ends, kinds = self._cells(self.file, piece)
            if len(kinds) != self._n_cells(piece):
                raise self.file.damaged(f"{len(kinds)} of {self._n_cells(piece)} cells")
            if len(ends) and not (nodes.min() >= 0 and nodes.max() < n_points and np.all(np.diff(ends) >= 0)):
                raise self.file.damaged("cells that refer to points that are not there")
            points.append(self.file.array(coordinates, n_points, 3).astype(np.float64))
            connectivity.append(nodes + first_point)
            offsets.append(ends + first_node)
            types.append(kinds)
            first_point += n_points
            first_node += len(nodes)
        return mesh_of(*(np.concatenate(parts) for parts in (points, connectivity, offsets, types)))

    def _notes(self, mesh: Mesh) -> tuple[str, ...]:
        joined = (f"{len(self.pieces)} pieces joined",) if len(self.pieces) > 1 else ()
        return joined + self._text_notes() + cell_notes(mesh)

    def _text_notes(self) -> tuple[str, ...]:
        """Arrays of text, which VTK writes as `Array` and others as `DataArray`, and of bits."""
        arrays = {
            element.get("Name", ""): element
            for piece in self.pieces
            for on in ("PointData", "CellData")
            for element in piece.iterfind(f"{on}/*")
            if element.tag in ("Array", "DataArray")
        }
        notes = [f"{name} left out: it holds text" for name, array in arrays.items() if not is_numeric(array)]
        notes += [
            f"{name} holds bits: 0 or 1" for name, array in arrays.items() if array.get("type") == "Bit"
        ]
        return tuple(notes)


def connectivity_and_ends(
    file: VtkXml, group: ET.Element | None, n_cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """The arrays "connectivity" and "offsets" of a group of cells, int64; empty where there are no cells."""
    if n_cells == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    arrays = {e.get("Name"): e for e in group.iterfind("DataArray")} if group is not None else {}
    if not {"connectivity", "offsets"} <= arrays.keys():
        raise file.damaged("a piece without cells")
    ends = file.array(arrays["offsets"], n_cells).astype(np.int64)
    return file.array(arrays["connectivity"], int(ends[-1])).astype(np.int64), ends


def _number(piece: ET.Element, name: str) -> int:
    return int(piece.get(name, "0"))


def _array(piece: ET.Element, name: str, on: str) -> ET.Element:
    for element in filter(
        is_numeric, piece.iterfind(f"{'PointData' if on == 'point' else 'CellData'}/DataArray")
    ):
        if element.get("Name", "") in (name, name.removesuffix(" (cell)")):
            return element
    raise KeyError(name)
