"""Gmsh: `.msh` files 2.2 and 4.1 in text or binary, with post-processing data on nodes and elements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.finite_elements.cell_supports import nan_notes, without_bare_cells
from fieldwright.data.formats.parsing.finite_elements.gmsh_cells import gmsh_node_order
from fieldwright.data.formats.parsing.finite_elements.msh_file import MshData, MshFile
from fieldwright.data.formats.parsing.vtk.vtk_cells import cell_notes
from fieldwright.data.formats.parsing.vtk.vtk_pieces import component_names
from fieldwright.data.mesh.mesh import Mesh

Place = Literal["point", "cell"]


class MshReader:
    """Reads `.msh` files; values at the corners of elements become fields on nodes or cells where they can."""

    name = "msh"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes; Fluent's meshes have the same suffix."""
        if path.suffix.lower() != ".msh" or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(11) == b"$MeshFormat"

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times; the whole file is read, since its sections do not state their lengths."""
        run = _read(path, None)
        infos = {name: FieldDescription(field.on, field.components) for name, field in run.fields.items()}
        size = path.stat().st_size
        return RunDescription(
            self.name, infos, run.mesh.n_points, run.mesh.n_cells, run.times, size, run.notes
        )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All steps of the named fields; raises ReadError where steps differ between fields."""
        return _read(path, fields)


def _read(path: Path, fields: Sequence[str] | None) -> Run:
    file = MshFile(path)
    mesh = _mesh(file)
    steps: dict[str, dict[tuple[int, float], list[MshData]]] = {}
    for data in file.data:
        steps.setdefault(data.name, {}).setdefault((data.step, data.time), []).append(data)
    missing = [name for name in fields or () if name not in steps]
    if missing:
        raise ReadError(
            f"'{path.name}' must hold the field '{missing[0]}'",
            f"the fields {', '.join(steps) or 'none'}",
            "Correct 'fields' in the study file, or save the view with its mesh",
        )
    tables = {name: steps[name] for name in (steps if fields is None else fields)}
    times = {tuple(time for _, time in sorted(table)) for table in tables.values()}
    if len(times) > 1:
        got = " and ".join(str(len(one)) for one in times)
        raise ReadError(
            f"All fields in '{path.name}' must have the same steps",
            f"{got} steps",
            "Name only fields with the same steps",
        )
    notes: list[str] = []
    read: dict[str, Field] = {}
    for name, table in tables.items():
        steps_of = [_values(file, mesh, table[key]) for key in sorted(table)]
        on: Place = "point" if all("point" in step for step in steps_of) else "cell"
        if any(on not in step for step in steps_of):
            got = f"values of {name} that jump between elements and vary within them"
            if fields is not None:
                must = f"Fields in '{path.name}' must live on nodes or elements"
                raise ReadError(must, got, "Save it as $NodeData")
            notes.append(f"{name} left out: {got}")
            continue
        values = np.stack([step[on] for step in steps_of])
        read[name] = Field(values, on, component_names(values.shape[2]))
    mesh, read, bare = without_bare_cells(mesh, read)
    notes += [*bare, *nan_notes(read), *cell_notes(mesh)]
    return Run(mesh, read, _times(file, times), (path,), tuple(notes))


def _mesh(file: MshFile) -> Mesh:
    cells = {}
    for kind, (_, nodes) in file.elements.items():
        cells[kind] = _places(file, nodes, file.node_tags)[:, gmsh_node_order(kind, nodes.shape[1])]
    return Mesh(file.points.astype(np.float64), cells)


def _times(file: MshFile, time_rows: set[tuple[float, ...]]) -> np.ndarray | None:
    """The one row of times; None for a single step at time 0, as of a steady solution."""
    times = np.array(next(iter(time_rows), ()))
    if len(times) == 0 or (len(times) == 1 and times[0] == 0):
        return None
    if np.any(np.diff(times) <= 0):
        raise file.damaged("steps whose times do not rise")
    return times


def _values(file: MshFile, mesh: Mesh, parts: list[MshData]) -> dict[Place, np.ndarray]:
    """The (n, components) values of one step for each place where they can live, NaN where none is given."""
    if parts[0].kind == "$ElementNodeData":
        return _from_corners(file, mesh, parts)
    nodal = parts[0].kind == "$NodeData"
    tags = file.node_tags if nodal else _element_tags(file)
    values = np.full((len(tags), np.shape(parts[0].values)[1]), np.nan)
    for part in parts:
        values[_places(file, part.tags, tags)] = part.values
    return {"point": values} if nodal else {"cell": values}


def _from_corners(file: MshFile, mesh: Mesh, parts: list[MshData]) -> dict[Place, np.ndarray]:
    """On points where all elements at a node agree, on cells where each element has one value, or both."""
    all_tags = np.concatenate([part.tags for part in parts]).tolist()
    of_element = dict(zip(all_tags, [row for part in parts for row in part.values], strict=True))
    width = next(iter(of_element.values())).shape[1] if of_element else 1
    low, high = np.full((mesh.n_points, width), np.inf), np.full((mesh.n_points, width), -np.inf)
    per_cell, is_constant, first = np.full((mesh.n_cells, width), np.nan), True, 0
    for tags, nodes in file.elements.values():
        indices = [i for i, tag in enumerate(tags.tolist()) if tag in of_element]
        if indices:
            values = np.stack([of_element[int(tags[i])] for i in indices])
            if values.shape[1] != nodes.shape[1]:
                raise file.damaged(f"elements of {nodes.shape[1]} nodes with {values.shape[1]} values")
            places = _places(file, nodes[indices], file.node_tags)
            np.minimum.at(low, places.ravel(), values.reshape(-1, width))
            np.maximum.at(high, places.ravel(), values.reshape(-1, width))
            per_cell[first + np.array(indices)] = values.mean(axis=1)
            is_constant &= bool(np.all(np.ptp(values, axis=1) <= _rounding(values)))
        first += len(tags)
    on_points = np.where(low <= high, (low + high) / 2, np.nan)
    agree = np.all((high - low <= _rounding(on_points)) | np.isnan(on_points))
    values_by_place: dict[Place, np.ndarray] = {"point": on_points} if agree else {}
    if is_constant:
        values_by_place["cell"] = per_cell
    return values_by_place


def _rounding(values: np.ndarray) -> float:
    return 1e-9 * float(np.nanmax(np.abs(values), initial=0.0))


def _element_tags(file: MshFile) -> np.ndarray:
    return np.concatenate([tags for tags, _ in file.elements.values()] or [np.empty(0, np.int64)])


def _places(file: MshFile, tags: np.ndarray, all_tags: np.ndarray) -> np.ndarray:
    """Positions of tags among those of the file."""
    order = np.argsort(all_tags, kind="stable")
    places = order[np.minimum(np.searchsorted(all_tags, tags, sorter=order), len(all_tags) - 1)]
    if len(all_tags) == 0 or np.any(all_tags[places] != tags):
        raise file.damaged("numbers of nodes or elements that are not there")
    return places


register(MshReader())
