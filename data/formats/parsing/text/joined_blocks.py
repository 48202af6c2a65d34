"""Parts of one mesh, read one by one, as one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Run
from fieldwright.data.mesh.mesh import Mesh


def join_parts(parts: Sequence[Run], name: str) -> Run:
    """The parts side by side: points part by part, cells type by type and within a type part by part.

    name: of the joined result, for the error. Points on the borders of parts stand once in each.
    Raises ReadError where the parts do not hold the same fields and times.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts[1:]:
        if _form(part) != _form(first):
            raise ReadError(
                f"All parts of '{name}' must hold the same fields and times",
                f"{_words(part)} beside {_words(first)}",
                "Write it again from the solver",
            )
    mesh, positions = _joined([part.mesh for part in parts])
    fields = {}
    for field in first.fields:
        values = np.concatenate([part.fields[field].values for part in parts], axis=1)
        on_mesh = values if first.fields[field].on == "point" else values[:, positions]
        fields[field] = replace(first.fields[field], values=on_mesh)
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    files = tuple(dict.fromkeys(file for part in parts for file in part.files))
    return Run(mesh, fields, first.times, files, (f"{len(parts)} parts joined", *notes))


def _joined(meshes: Sequence[Mesh]) -> tuple[Mesh, np.ndarray]:
    """The mesh, and the (c,) positions of its cells in the row of all parts' cells."""
    points = np.concatenate([mesh.points for mesh in meshes])
    first_points = np.cumsum([0, *(mesh.n_points for mesh in meshes)])
    first_cells = np.cumsum([0, *(mesh.n_cells for mesh in meshes)])
    if any(mesh.cell_centres is not None for mesh in meshes):
        return Mesh(points, cell_centres=np.concatenate([_centres(mesh) for mesh in meshes])), np.arange(
            first_cells[-1]
        )
    cells: dict[str, list[np.ndarray]] = {}
    positions: dict[str, list[np.ndarray]] = {}
    for mesh, first_point, first_cell in zip(meshes, first_points[:-1], first_cells[:-1], strict=True):
        for kind, nodes in mesh.cells.items():
            cells.setdefault(kind, []).append(nodes + first_point)
            positions.setdefault(kind, []).append(first_cell + np.arange(len(nodes)))
            first_cell += len(nodes)
    joined_cells = {kind: np.concatenate(nodes) for kind, nodes in cells.items()}
    return Mesh(points, joined_cells), np.concatenate(
        [p for kind in cells for p in positions[kind]] or [np.arange(0)]
    )


def _centres(mesh: Mesh) -> np.ndarray:
    if mesh.cell_centres is not None:
        return mesh.cell_centres
    return np.concatenate(
        [mesh.points[nodes].mean(axis=1) for nodes in mesh.cells.values()] or [np.empty((0, 3))]
    )


def _form(part: Run) -> tuple:
    times = None if part.times is None else tuple(part.times)
    return times, {name: (f.on, f.components, f.values.dtype) for name, f in part.fields.items()}


def _words(part: Run) -> str:
    return f"{', '.join(part.fields) or 'no field'} at {0 if part.times is None else len(part.times)} times"
