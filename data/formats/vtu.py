"""VTU: VTK's unstructured grids in XML, all pieces, all encodings and compressors."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from fieldwright.data.formats import Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.vtk.vtk_pieces import CellArrays, VtkPieces, connectivity_and_ends
from fieldwright.data.formats.parsing.vtk.vtk_xml import VtkXml, looks_like_vtk_xml


class VtuReader:
    """Reads `.vtu` files of one or more pieces, written by VTK, ParaView, FreeFEM, FEniCS, meshio, ...."""

    name = "vtu"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        return path.suffix.lower() == ".vtu" and looks_like_vtk_xml(path)

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields and counts from the headers; no array of values is decoded."""
        return _open(path).describe(self.name)

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """Mesh and the named fields, the pieces one after the other; one time if the file gives one."""
        return _open(path).read(fields)


def _open(path: Path) -> VtkPieces:
    return VtkPieces(path, "UnstructuredGrid", ["NumberOfCells"], _cells)


def _cells(file: VtkXml, piece: ET.Element) -> CellArrays:
    n_cells = int(piece.get("NumberOfCells", "0"))
    nodes, ends = connectivity_and_ends(file, piece.find("Cells"), n_cells)
    types = piece.find("Cells/DataArray[@Name='types']")
    if types is None:
        raise file.damaged("a piece without cell types")
    return nodes, ends, file.array(types, n_cells)


register(VtuReader())
