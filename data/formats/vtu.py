"""VTU: VTK's unstructured grids in XML, all pieces, all encodings and compressors."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.errors import ReadError
from data.formats import Description, Field, FieldInfo, Run, register
from data.vtk_cells import mesh_of
from data.vtk_xml import VtkXml

_COMPONENTS = {
    1: ("",),
    2: ("x", "y"),
    3: ("x", "y", "z"),
    4: ("xx", "xy", "yx", "yy"),
    6: ("xx", "yy", "zz", "xy", "yz", "xz"),
    9: ("xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"),
}


def field_info(element: ET.Element, on: str) -> FieldInfo:
    """Place, component names and unit of a DataArray, as far as it tells."""
    count = int(element.get("NumberOfComponents", "1"))
    given = tuple(element.get(f"ComponentName{i}") for i in range(count))
    named = tuple(name for name in given if name)
    if len(named) < count:
        named = _COMPONENTS.get(count) or tuple(str(i) for i in range(count))
    unit = next(
        (key.text for key in element.iterfind("InformationKey") if key.get("name") == "UNITS_LABEL"), None
    )
    return FieldInfo("point" if on == "PointData" else "cell", named, unit.strip() if unit else None)


class VtuReader:
    """Reads `.vtu` files of one or more pieces, written by VTK, ParaView, FreeFEM, FEniCS, meshio, ...."""

    name = "vtu"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        if path.suffix.lower() != ".vtu" or not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(1024)
        return head.lstrip().startswith((b"<?xml", b"<VTKFile", b"<!--"))

    def describe(self, path: Path) -> Description:
        """Fields and counts from the headers; no array of values is decoded."""
        file, pieces = _open(path)
        time = file.time()
        return Description(
            reader=self.name,
            fields=_infos(file, pieces),
            n_points=sum(_count(piece, "NumberOfPoints") for piece in pieces),
            n_cells=sum(_count(piece, "NumberOfCells") for piece in pieces),
            times=None if time is None else np.array([time]),
            size_bytes=path.stat().st_size,
            notes=(f"{len(pieces)} pieces",) if len(pieces) > 1 else (),
        )

    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """Mesh and the named fields, the pieces one after the other; one time if the file gives one."""
        file, pieces = _open(path)
        infos = _infos(file, pieces)
        missing = [name for name in fields or () if name not in infos]
        if missing:
            raise ReadError(
                f"'{path.name}' must hold the field '{missing[0]}'",
                f"the fields {', '.join(infos) or 'none'}",
                "Correct 'fields' in the study file",
            )
        mesh, positions = _mesh(file, pieces)
        read = {}
        for name in infos if fields is None else fields:
            info = infos[name]
            count = "NumberOfPoints" if info.on == "point" else "NumberOfCells"
            parts = [
                file.array(_array(piece, name, info.on), _count(piece, count), len(info.components))
                for piece in pieces
            ]
            values = np.concatenate(parts).reshape(1, -1, len(info.components))
            if values.dtype not in (np.float32, np.float64):
                values = values.astype(np.float64)
            read[name] = Field(
                values if info.on == "point" else values[:, positions], info.on, info.components, info.unit
            )
        time = file.time()
        return Run(mesh, read, None if time is None else np.array([time]), (path,), _notes(mesh, pieces))


def _open(path: Path) -> tuple[VtkXml, list[ET.Element]]:
    if not path.is_file():
        raise ReadError("A VTU result must be a file", f"'{path}'", "Name the file within the run folder")
    file = VtkXml(path)
    if file.kind != "UnstructuredGrid":
        raise file.damaged(f"a file of type '{file.kind}' where UnstructuredGrid is expected")
    pieces = [p for p in file.root.iterfind("./UnstructuredGrid/Piece") if _count(p, "NumberOfPoints") > 0]
    if not pieces:
        raise file.damaged("no piece with points")
    return file, pieces


def _count(piece: ET.Element, name: str) -> int:
    return int(piece.get(name, "0"))


def _infos(file: VtkXml, pieces: list[ET.Element]) -> dict[str, FieldInfo]:
    """Fields by name; a name used on points and on cells stays on the points, the other gains " (cell)"."""
    found = []
    for piece in pieces:
        infos: dict[str, FieldInfo] = {}
        for on in ("PointData", "CellData"):
            for element in piece.iterfind(f"{on}/DataArray"):
                name = element.get("Name", "")
                infos[name if name not in infos else f"{name} (cell)"] = field_info(element, on)
        found.append(infos)
    if any(infos != found[0] for infos in found):
        raise file.damaged("pieces that do not hold the same fields")
    return found[0]


def _array(piece: ET.Element, name: str, on: str) -> ET.Element:
    for element in piece.iterfind(f"{'PointData' if on == 'point' else 'CellData'}/DataArray"):
        if element.get("Name", "") in (name, name.removesuffix(" (cell)")):
            return element
    raise KeyError(name)


def _mesh(file: VtkXml, pieces: list[ET.Element]):
    points, connectivity, offsets, types = [], [], [], []
    first_point = first_node = 0
    for piece in pieces:
        n_points, n_cells = _count(piece, "NumberOfPoints"), _count(piece, "NumberOfCells")
        coordinates = piece.find("Points/DataArray")
        arrays = {e.get("Name"): e for e in piece.iterfind("Cells/DataArray")}
        if coordinates is None or not {"connectivity", "offsets", "types"} <= arrays.keys():
            raise file.damaged("a piece without points or cells")
        points.append(file.array(coordinates, n_points, 3).astype(np.float64))
        types.append(file.array(arrays["types"], n_cells))
        ends = file.array(arrays["offsets"], n_cells).astype(np.int64)
        nodes = file.array(arrays["connectivity"], int(ends[-1]) if n_cells else 0).astype(np.int64)
        if n_cells and not (nodes.min() >= 0 and nodes.max() < n_points and np.all(np.diff(ends) >= 0)):
            raise file.damaged("cells that refer to points that are not there")
        connectivity.append(nodes + first_point)
        offsets.append(ends + first_node)
        first_point += n_points
        first_node += len(nodes)
    return mesh_of(*(np.concatenate(parts) for parts in (points, connectivity, offsets, types)))


def _notes(mesh, pieces: list[ET.Element]) -> tuple[str, ...]:
    notes = [f"{len(pieces)} pieces joined"] if len(pieces) > 1 else []
    if len(mesh.cells) > 1:
        notes.append("cells of several types: " + ", ".join(f"{len(n)} {t}" for t, n in mesh.cells.items()))
    return tuple(notes)


register(VtuReader())
