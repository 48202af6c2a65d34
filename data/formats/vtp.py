"""VTP: VTK's polygonal surfaces and lines in XML, all pieces, all encodings and compressors."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.formats import Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.vtk.vtk_cells import polygon_types
from fieldwright.data.formats.parsing.vtk.vtk_pieces import CellArrays, VtkPieces, connectivity_and_ends
from fieldwright.data.formats.parsing.vtk.vtk_xml import VtkXml, looks_like_vtk_xml

# In the order in which VTK numbers the cells of a surface.
_GROUPS = ("Verts", "Lines", "Polys", "Strips")


class VtpReader:
    """Reads `.vtp` files of one or more pieces: points, lines, polygons and triangle strips."""

    name = "vtp"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        return path.suffix.lower() == ".vtp" and looks_like_vtk_xml(path)

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields and counts from the headers; no array of values is decoded."""
        return _open(path).describe(self.name)

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """Mesh and the named fields, the pieces one after the other; one time if the file gives one."""
        return _open(path).read(fields)


def _open(path: Path) -> VtkPieces:
    return VtkPieces(path, "PolyData", [f"NumberOf{group}" for group in _GROUPS], _cells)


def _cells(file: VtkXml, piece: ET.Element) -> CellArrays:
    nodes, ends, types, first = [], [], [], 0
    for group in _GROUPS:
        n_cells = int(piece.get(f"NumberOf{group}", "0"))
        of_group, ends_of_group = connectivity_and_ends(file, piece.find(group), n_cells)
        nodes.append(of_group)
        ends.append(ends_of_group + first)
        types.append(polygon_types(group, np.diff(ends_of_group, prepend=0)))
        first += len(of_group)
    return np.concatenate(nodes), np.concatenate(ends), np.concatenate(types)


register(VtpReader())
