"""MED: files of code_aster, code_saturne and SALOME, one mesh with fields on nodes and cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.arrays.hdf5_values import open_hdf5, values_of
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.finite_elements.cell_supports import nan_notes, without_bare_cells
from fieldwright.data.formats.parsing.finite_elements.med_cells import MED_CELLS, med_node_order
from fieldwright.data.formats.parsing.vtk.vtk_cells import cell_notes
from fieldwright.data.formats.parsing.vtk.vtk_pieces import component_names
from fieldwright.data.mesh.mesh import Mesh

_WHOLE = "MED_NO_PROFILE_INTERNAL"
_AXES = re.compile(r".*?([XYZxyz]{1,2})")


class MedReader:
    """Reads `.med` and `.rmed` files; values at Gauss points or at the nodes of each element are left out."""

    name = "med"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        if path.suffix.lower() not in (".med", ".rmed", ".mmed") or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(8) == b"\x89HDF\r\n\x1a\n"

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times from the headers of the datasets."""
        with open_hdf5(path) as file:
            content = _Content(path, file, None)
            fields = {name: content.info(name) for name in content.fields}
            n_points, n_cells = content.counts()
            times, notes = content.times(), content.notes
        return RunDescription(self.name, fields, n_points, n_cells, times, path.stat().st_size, tuple(notes))

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times of the named fields, which must live on one mesh."""
        with open_hdf5(path) as file:
            content = _Content(path, file, fields)
            mesh = content.mesh()
            read = {
                name: content.field(name, mesh) for name in (content.fields if fields is None else fields)
            }
            times, notes = content.times(), content.notes
        mesh, read, bare_notes = without_bare_cells(mesh, read)
        return Run(mesh, read, times, (path,), (*notes, *bare_notes, *nan_notes(read), *cell_notes(mesh)))


class _Content:
    """An open file: its one mesh, and the fields on it that live on nodes or cells."""

    def __init__(self, path: Path, file: Any, names: Sequence[str] | None) -> None:
        self.path, self.file = path, file
        self.notes: list[str] = []
        meshes = list(file["ENS_MAA"]) if "ENS_MAA" in file else []
        if not meshes:
            raise self.damaged("no mesh (ENS_MAA)")
        mesh_of_field = {name: _text(group.attrs.get("MAI")) for name, group in file.get("CHA", {}).items()}
        missing = [name for name in names or () if name not in mesh_of_field]
        if missing:
            raise ReadError(
                f"'{path.name}' must hold the field '{missing[0]}'",
                f"the fields {', '.join(mesh_of_field) or 'none'}",
                "Correct 'fields' in the study file",
            )
        of_fields = [
            mesh_of_field[name] for name in (names or mesh_of_field) if mesh_of_field[name] in meshes
        ]
        self._mesh_name = max(of_fields, key=self._size) if of_fields else max(meshes, key=self._size)
        elsewhere = [name for name in (names or mesh_of_field) if mesh_of_field[name] != self._mesh_name]
        if elsewhere and names is not None:
            got = f"'{elsewhere[0]}' on '{mesh_of_field[elsewhere[0]]}', others on '{self._mesh_name}'"
            raise ReadError(
                f"All fields read from '{path.name}' must be on one mesh", got, "Read them separately"
            )
        self.notes += [f"{name} left out: it lives on the mesh '{mesh_of_field[name]}'" for name in elsewhere]
        self.fields = {}
        for name in names or [name for name in mesh_of_field if name not in elsewhere]:
            steps = sorted(
                file["CHA"][name].values(), key=lambda step: (step.attrs["NDT"], step.attrs["NOR"])
            )
            places = {place for step in steps for place in step}
            odd = [place for place in places if place != "NOE" and not place.startswith("MAI.")]
            if odd or not steps or any(_gauss(step[place]) for step in steps for place in step):
                got = f"values of {name} at Gauss points or at the nodes of each element"
                if names is not None:
                    raise ReadError("Fields must live on nodes or cells", got, "Project it before writing")
                self.notes.append(f"{name} left out: {got}")
            else:
                self.fields[name] = steps

    def damaged(self, got: str) -> ReadError:
        return ReadError(f"'{self.path.name}' must be a whole MED file", got, "Write it again")

    def counts(self) -> tuple[int, int]:
        step = self._step(self._mesh_name)
        dimensions = int(self.file["ENS_MAA"][self._mesh_name].attrs["ESP"])
        kinds = step.get("MAI", {})
        return step["NOE"]["COO"].size // dimensions, sum(
            int(kinds[kind]["NOD"].attrs["NBR"]) for kind in kinds
        )

    def times(self) -> np.ndarray | None:
        """The times that all fields have; None for a single step without a time."""
        rows = {tuple(float(step.attrs["PDT"]) for step in steps) for steps in self.fields.values()}
        if len(rows) > 1:
            got = " and ".join(f"{len(row)} steps" for row in rows)
            raise ReadError(
                f"All fields in '{self.path.name}' must have the same times",
                got,
                "Name only fields with the same times",
            )
        times = np.array(next(iter(rows), ()))
        if len(times) == 0 or (len(times) == 1 and times[0] == 0):
            return None
        if np.any(np.diff(times) <= 0):
            raise self.damaged("times that do not rise")
        return times

    def info(self, name: str) -> FieldDescription:
        """Place, components and unit; each name takes 16 letters of one text."""
        attributes = self.file["CHA"][name].attrs
        count = int(attributes["NCO"])
        names, units = (_text(attributes.get(key)).ljust(16 * count) for key in ("NOM", "UNI"))
        labels = [names[16 * i : 16 * i + 16].strip() for i in range(count)]
        unit_names = {units[16 * i : 16 * i + 16].strip() for i in range(count)}
        axes = [_AXES.fullmatch(word) for word in labels]
        letters = [match[1].lower() for match in axes if match]
        if count == 1 or not all(labels):
            components = component_names(count)
        elif len({len(word) for word in letters}) == 1 and len(set(letters)) == count:
            components = tuple(letters)
        else:
            components = tuple(labels)
        on = "point" if all("NOE" in step for step in self.fields[name]) else "cell"
        return FieldDescription(on, components, unit_names.pop() or None if len(unit_names) == 1 else None)

    def mesh(self) -> Mesh:
        group = self.file["ENS_MAA"][self._mesh_name]
        step, dimensions = self._step(self._mesh_name), int(group.attrs["ESP"])
        points = values_of(step["NOE"]["COO"]).reshape(dimensions, -1).T.astype(np.float64)
        cells = {}
        for kind, part in step.get("MAI", {}).items():
            if kind not in MED_CELLS:
                raise ReadError(
                    "Elements of MED must be of a plain type", f"'{kind}'", "Split polygons and polyhedra"
                )
            name, count = MED_CELLS[kind]
            nodes = values_of(part["NOD"]).reshape(count, -1).T.astype(np.int64) - 1
            if nodes.size and not 0 <= nodes.min() <= nodes.max() < len(points):
                raise self.damaged("elements that refer to nodes that are not there")
            cells[name] = nodes[:, med_node_order(name, count)]
        return Mesh(np.pad(points, ((0, 0), (0, 3 - dimensions))), cells)

    def field(self, name: str, mesh: Mesh) -> Field:
        """All steps, NaN where a step gives no value."""
        info = self.info(name)
        steps, width = self.fields[name], len(info.components)
        n_places = mesh.n_points if info.on == "point" else mesh.n_cells
        values = np.full((len(steps), n_places, width), np.nan)
        firsts = dict(zip(mesh.cells, np.cumsum([0, *map(len, mesh.cells.values())]), strict=False))
        for t, step in enumerate(steps):
            for place, part in step.items():
                if (place == "NOE") != (info.on == "point"):
                    raise self.damaged(f"{name} on nodes and on cells at once")
                kind = MED_CELLS[place[4:]][0] if place != "NOE" else ""
                first = int(firsts[kind]) if kind else 0
                count = len(mesh.cells[kind]) if kind else n_places
                for profile, stored in part.items():
                    rows = self._rows(profile, count)
                    numbers = values_of(stored["CO"])
                    if numbers.size != width * len(rows):
                        raise self.damaged(f"{numbers.size} values of {name} for {len(rows)} places")
                    values[t, first + rows] = numbers.reshape(width, -1).T
        return Field(values, info.on, info.components, info.unit)

    def _rows(self, profile: str, count: int) -> np.ndarray:
        if profile == _WHOLE:
            return np.arange(count)
        rows = values_of(self.file["PROFILS"][profile]["PFL"]).astype(np.int64) - 1
        if rows.size and not 0 <= rows.min() <= rows.max() < count:
            raise self.damaged(f"the profile '{profile}' beyond the {count} places of the mesh")
        return rows

    def _size(self, mesh: str) -> int:
        kinds = self._step(mesh).get("MAI", {})
        return sum(int(kinds[kind]["NOD"].attrs["NBR"]) for kind in kinds if "NOD" in kinds[kind])

    def _step(self, mesh: str) -> Any:
        steps = list(self.file["ENS_MAA"][mesh].values())
        if len(steps) != 1:
            raise ReadError(f"The mesh '{mesh}' must stay the same", f"{len(steps)} states of it", "Keep one")
        return steps[0]


def _gauss(part: Any) -> bool:
    return any(int(stored.attrs.get("NGA", 1)) > 1 for stored in part.values())


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")


register(MedReader())
