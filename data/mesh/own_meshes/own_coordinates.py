"""Runs on one connectivity whose nodes lie elsewhere: fields by node, and the coordinates as a field beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.mesh_difference import difference, same_connectivity, unit_between
from fieldwright.data.mesh.own_meshes.orientation import check_cells, check_not_turned

COORDINATES = "coordinates"
"""The field that ingestion adds: where the nodes of each run lie."""


def on_own_coordinates(run: Run, reference: Mesh | None) -> Run:
    """The run with its coordinates as a field, on the mesh of the study, whose connectivity it must have.

    reference: None for the first run, whose mesh is the study's. The coordinates are those of the points, and where
    the nodes of the cells are unknown those of the cells' centres. Raises RunRejected ("wrong mesh").
    """
    check_cells(run.mesh)
    if reference is not None:
        if not same_connectivity(run.mesh, reference):
            raise RunRejected(
                "wrong mesh",
                f'With rule = "follow" a run must have the connectivity of the study\'s mesh '
                f"({reference.n_points} points, {reference.n_cells} cells)",
                difference(run.mesh, reference),
                "Move the nodes of one mesh",
            )
        check_unit(run.mesh, reference)
        check_not_turned(run.mesh, reference)
    return with_coordinates(run, run.mesh if reference is None else reference)


def with_coordinates(run: Run, mesh: Mesh, places: np.ndarray | None = None) -> Run:
    """The run on `mesh`, with the coordinates (n, 3) of its points; its own where `places` is None."""
    on = coordinates_on(run.mesh)
    coordinates = run.mesh.points if on == "point" else run.mesh.cell_centres
    values = coordinates if places is None else places
    assert values is not None
    field = Field(np.ascontiguousarray(values, dtype=np.float64)[None], on, ("x", "y", "z"))
    return replace(run, mesh=mesh, fields={**run.fields, COORDINATES: field})


def coordinates_on(mesh: Mesh) -> Literal["point", "cell"]:
    """Whether a mesh's coordinates are those of its points or, where no cell's nodes are known, of its centres."""
    return "cell" if mesh.cell_centres is not None and not mesh.cells else "point"


def own_mesh(mesh: Mesh, places: np.ndarray) -> Mesh:
    """The mesh of a run: that of the study with the run's coordinates (n, 3)."""
    if coordinates_on(mesh) == "cell":
        return Mesh(mesh.points, mesh.cells, places, mesh.cell_volumes)
    return Mesh(np.asarray(places, dtype=np.float64), mesh.cells, mesh.cell_centres, mesh.cell_volumes)


def check_unit(mesh: Mesh, reference: Mesh) -> None:
    """Raises RunRejected where a mesh is so much larger or smaller that it must be in another unit."""
    sizes = unit_between(mesh, reference)
    if sizes is not None:
        raise RunRejected(
            "wrong mesh",
            "All meshes of a sweep must be in one unit of length",
            sizes,
            "Export it in the study's unit, or set 'reference' in [mesh] if the others are wrong",
        )
