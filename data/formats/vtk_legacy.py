"""VTK legacy: `.vtk` files in text or binary, all five kinds of mesh, one time per file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.vtk.vtk_cells import cell_notes
from fieldwright.data.formats.parsing.vtk.vtk_legacy_content import LegacyContent
from fieldwright.data.formats.parsing.vtk.vtk_legacy_file import LegacyFile
from fieldwright.data.formats.parsing.vtk.vtk_pieces import component_names


class VtkLegacyReader:
    """Reads `.vtk` files: unstructured, structured, rectilinear and uniform grids, and surfaces."""

    name = "vtk"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first line."""
        if path.suffix.lower() != ".vtk" or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(26).startswith(b"# vtk DataFile Version")

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and time; the numbers are stepped over by reading, since text does not state lengths."""
        run = _read(path, None)
        infos = {name: FieldDescription(f.on, f.components, f.unit) for name, f in run.fields.items()}
        size = path.stat().st_size
        return RunDescription(
            self.name, infos, run.mesh.n_points, run.mesh.n_cells, run.times, size, run.notes
        )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """Mesh and the named fields; one time if the file gives one (TIME or TimeValue)."""
        return _read(path, fields)


def _read(path: Path, fields: Sequence[str] | None) -> Run:
    content = LegacyContent(LegacyFile(path))
    missing = [name for name in fields or () if name not in content.fields]
    if missing:
        raise ReadError(
            f"'{path.name}' must hold the field '{missing[0]}'",
            f"the fields {', '.join(content.fields) or 'none'}",
            "Correct 'fields' in the study file",
        )
    mesh, positions = content.mesh()
    read = {}
    for name in content.fields if fields is None else fields:
        on, values = content.fields[name]
        n_places = mesh.n_points if on == "point" else mesh.n_cells
        if len(values) != n_places:
            raise content.file.damaged(f"{len(values)} values of {name} for {n_places} {on}s")
        if values.dtype not in (np.float32, np.float64):
            values = values.astype(np.float64)
        if on == "point":
            read[name] = Field(values[None], "point", component_names(values.shape[1]))
        else:
            read[name] = Field(values[None, positions], "cell", component_names(values.shape[1]))
    times = None if content.time is None else np.array([content.time])
    texts = tuple(f"{name} left out: it holds text" for name in content.texts)
    return Run(mesh, read, times, (path,), texts + cell_notes(mesh))


register(VtkLegacyReader())
