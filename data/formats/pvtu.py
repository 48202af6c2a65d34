"""PVTU and PVTP: VTK files of parallel runs, which name one piece per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Reader, Run, RunDescription, reader_named, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.text.joined_blocks import join_parts
from fieldwright.data.formats.parsing.vtk.vtk_xml import VtkXml, looks_like_vtk_xml
from fieldwright.data.mesh.mesh import Mesh

_PIECES = {"PUnstructuredGrid": "vtu", "PPolyData": "vtp"}


class PvtuReader:
    """Reads `.pvtu` and `.pvtp` files with all the pieces that they name, ghost cells left out."""

    name = "pvtu"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        return path.suffix.lower() in (".pvtu", ".pvtp") and looks_like_vtk_xml(path)

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Counts from the headers of all pieces, ghosts included; fields and times of the first with points."""
        reader, pieces = _pieces(path)
        described = [reader.describe(piece) for piece in pieces]
        return replace(
            described[0],
            reader=self.name,
            fields={n: info for n, info in described[0].fields.items() if not n.startswith("vtkGhostType")},
            n_points=sum(one.n_points for one in described),
            n_cells=sum(one.n_cells for one in described),
            size_bytes=sum(one.size_bytes for one in described),
            notes=(f"{len(pieces)} pieces",),
        )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """The pieces joined; raises ReadError where one is missing."""
        reader, pieces = _pieces(path)
        parts = []
        for piece in pieces:
            has_ghosts = "vtkGhostType" in reader.describe(piece).fields
            names = [*fields, "vtkGhostType"] if fields is not None and has_ghosts else fields
            parts.append(_without_ghosts(reader.read(piece, names)))
        run = join_parts(parts, path.name)
        return replace(run, files=(path, *run.files))


def _pieces(path: Path) -> tuple[Reader, list[Path]]:
    file = VtkXml(path)
    if file.kind not in _PIECES:
        raise file.damaged(f"a file of type '{file.kind}' where one of {', '.join(_PIECES)} is expected")
    sources = [piece.get("Source", "") for piece in file.root.iterfind(f"./{file.kind}/Piece")]
    paths = [path.parent / source for source in sources]
    missing = [source for source, piece in zip(sources, paths, strict=True) if not piece.is_file()]
    if missing or not paths:
        raise ReadError(
            f"All pieces of '{path.name}' must lie beside it",
            f"no '{missing[0]}'" if missing else "none",
            "Copy the pieces of all processes too",
        )
    reader = reader_named(_PIECES[file.kind])
    # A process without cells writes a piece without points.
    filled = [
        p
        for p in paths
        if any(int(e.get("NumberOfPoints", "0")) for e in VtkXml(p).root.iterfind("./*/Piece"))
    ]
    if not filled:
        raise file.damaged("pieces without points")
    return reader, filled


def _without_ghosts(run: Run) -> Run:
    """The run without the cells that another process owns, and without the points of those cells alone."""
    ghosts = run.fields.get("vtkGhostType (cell)") or run.fields.get("vtkGhostType")
    fields = {name: field for name, field in run.fields.items() if not name.startswith("vtkGhostType")}
    if ghosts is None or ghosts.on != "cell" or not ghosts.values.any() or run.mesh.cell_centres is not None:
        return replace(run, fields=fields)
    is_own = ghosts.values[0, :, 0] == 0
    cells, first = {}, 0
    used = np.zeros(run.mesh.n_points, bool)
    for kind, nodes in run.mesh.cells.items():
        own_nodes = nodes[is_own[first : first + len(nodes)]]
        first += len(nodes)
        if len(own_nodes):
            cells[kind] = own_nodes
            used[own_nodes] = True
    number = np.cumsum(used) - 1
    mesh = Mesh(run.mesh.points[used], {kind: number[nodes] for kind, nodes in cells.items()})
    fields = {
        n: replace(f, values=f.values[:, is_own if f.on == "cell" else used]) for n, f in fields.items()
    }
    return replace(
        run, mesh=mesh, fields=fields, notes=(*run.notes, f"{int(np.sum(~is_own))} ghost cells left out")
    )


register(PvtuReader())
