"""OpenFOAM: case folders, serial or decomposed, with fields in ASCII, binary or gzip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.openfoam.foam_case import FoamCase
from fieldwright.data.formats.parsing.openfoam.foam_file import FoamFile
from fieldwright.data.formats.parsing.openfoam.foam_log import check_ended
from fieldwright.data.mesh.mesh import Mesh


class OpenFoamReader:
    """Reads the volume and point fields of all times but the initial state, in the undecomposed order."""

    name = "openfoam"
    version = "2"

    def accepts(self, path: Path) -> bool:
        """A case folder, or the empty `.foam` file that stands in it."""
        case = _case_folder(path)
        return any(
            (case / mark).exists()
            for mark in ("system/controlDict", "constant/polyMesh", "processor0/constant")
        )

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times from headers and folder names; raises as `read` for a run that did not end."""
        case = FoamCase(_case_folder(path))
        check_ended(case.folder, case.control("application"))
        n_points, n_cells = case.counts()
        folders = [part / time for part in case.parts for time in case.times]
        return RunDescription(
            reader=self.name,
            fields={name: FieldDescription(f.on, f.components, f.unit) for name, f in case.fields.items()},
            n_points=n_points,
            n_cells=n_cells,
            times=_values_of_times(case),
            size_bytes=sum(
                file.stat().st_size for folder in folders for file in folder.iterdir() if file.is_file()
            ),
            notes=case.notes,
        )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times but the initial state; raises ReadError where the log says that the run did not end well."""
        case = FoamCase(_case_folder(path))
        log, log_notes = check_ended(case.folder, case.control("application"))
        missing = [name for name in fields or () if name not in case.fields]
        if missing:
            raise ReadError(
                f"Every time of the case '{case.folder.name}' must hold the field '{missing[0]}'",
                f"the fields {', '.join(case.fields) or 'none'}",
                "Correct 'fields' in the study file, or have the solver write it at every time",
            )
        mesh, rows, mesh_notes = case.mesh()
        files = [*mesh.files, *([log] if log else [])]
        read = {}
        for name in case.fields if fields is None else fields:
            about = case.fields[name]
            n_places = len(mesh.volumes if about.on == "cell" else mesh.points)
            values: np.ndarray | None = None
            for t, time in enumerate(case.times):
                for part in case.parts:
                    file, places = FoamFile(part / time / name), rows[part][about.on]
                    piece = file.field(about.entry, about.kind, len(places))
                    if values is None:
                        values = np.empty((len(case.times), n_places, len(about.components)), piece.dtype)
                    values[t, places] = piece
                    files.append(file.path)
            assert values is not None
            read[name] = Field(values, about.on, about.components, about.unit)
        run_mesh = Mesh(mesh.points, cell_centres=mesh.centres, cell_volumes=mesh.volumes)
        return Run(run_mesh, read, _values_of_times(case), tuple(files), case.notes + mesh_notes + log_notes)


def _case_folder(path: Path) -> Path:
    return path.parent if path.suffix.lower() in (".foam", ".openfoam") and path.is_file() else path


def _values_of_times(case: FoamCase) -> np.ndarray | None:
    """(t,) as the folders are named; None for a steady run that kept its last iteration alone."""
    return None if case.steady and len(case.times) == 1 else np.array([float(time) for time in case.times])


register(OpenFoamReader())
