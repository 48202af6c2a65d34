"""PVD: ParaView's collections, which name a VTK file for each time and part."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats import Run, RunDescription, reader_for, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.text.joined_blocks import join_parts
from fieldwright.data.formats.parsing.vtk.vtk_xml import looks_like_vtk_xml
from fieldwright.data.ingest.series import join_times


class PvdReader:
    """Reads `.pvd` files: the times are those of the collection, the parts of a time are joined."""

    name = "pvd"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        return path.suffix.lower() == ".pvd" and looks_like_vtk_xml(path)

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields of the first time; counts over its parts; the size of all files."""
        table = _table(path)
        described = [reader_for(file).describe(file) for file in table[min(table)]]
        return replace(
            described[0],
            reader=self.name,
            n_points=sum(one.n_points for one in described),
            n_cells=sum(one.n_cells for one in described),
            times=np.array(sorted(table)),
            size_bytes=sum(file.stat().st_size for files in table.values() for file in files),
            notes=(f"{len(described)} parts",) if len(described) > 1 else (),
        )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times; raises ReadError where a file is missing or the mesh changes."""
        table = _table(path)
        runs = []
        for time in sorted(table):
            parts = [reader_for(file).read(file, fields) for file in table[time]]
            runs.append(replace(join_parts(parts, path.name), times=np.array([time])))
        run = join_times(runs, [table[time][0].name for time in sorted(table)])
        return replace(run, files=(path, *run.files))


def _table(path: Path) -> dict[float, list[Path]]:
    """The files of each time, in the order of their parts."""
    try:
        root = ET.fromstring(path.read_bytes())
    except ET.ParseError as error:
        raise TruncatedError(
            f"'{path.name}' must be a whole PVD file", f"XML that breaks off ({error})", "Write it again"
        ) from None
    table: dict[float, list[tuple[int, Path]]] = {}
    for entry in root.iterfind("./Collection/DataSet"):
        file = path.parent / entry.get("file", "").replace("\\", "/")
        if not file.is_file():
            raise ReadError(f"All files of '{path.name}' must be there", f"no '{file.name}'", "Copy them too")
        table.setdefault(float(entry.get("timestep", "0")), []).append((int(entry.get("part", "0")), file))
    if not table:
        raise ReadError(f"'{path.name}' must name files", "an empty collection", "Write it again")
    return {time: [file for _, file in sorted(parts)] for time, parts in table.items()}


register(PvdReader())
