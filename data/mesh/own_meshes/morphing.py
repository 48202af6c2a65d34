"""Runs on meshes of their own, of one topology, brought to the nodes of the study's mesh by morphing.

The study's mesh is morphed onto each run's: boundary to boundary by arc length between corners, the inside by
Laplace's equation. Where its nodes come to lie are the run's coordinates, which become a field; the fields are taken
there by the run's own shape functions. Together they are the run on a mesh of the study's connectivity.

After F. Casenave, B. Staber, X. Roynard, "MMGP: a mesh morphing Gaussian process-based machine learning method",
NeurIPS 2023, arXiv:2305.12871.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import KDTree

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Run
from fieldwright.data.mesh.interpolation import apply, interpolation
from fieldwright.data.mesh.mapping import lost_share
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.own_meshes.boundary_loops import PlaneMesh, plane_mesh
from fieldwright.data.mesh.own_meshes.harmonic import moved_inside
from fieldwright.data.mesh.own_meshes.orientation import check_cells, plane_of
from fieldwright.data.mesh.own_meshes.outline import outline, places_on
from fieldwright.data.mesh.own_meshes.own_coordinates import check_unit, with_coordinates
from fieldwright.data.mesh.own_meshes.plane_interpolation import plane_interpolation

_REACH = 0.5
"""Sizes of an element by which a node of the study's mesh may lie outside of the morphed one."""


@dataclass(frozen=True, eq=False)
class Carried:
    """There and back between a run's mesh and the study's, by place ("point" or "cell"), as matrices.

    places: (n, 3) where the nodes of the study's mesh lie in the run.
    """

    places: np.ndarray
    forward: Mapping[str, csr_array]
    backward: Mapping[str, csr_array]


def loss_of(field: str) -> str:
    """The name of what a field has lost on its way to the study's mesh and back, which is stored beside it."""
    return f"{field} lost"


class Morphing:
    """Brings runs to one reference mesh; raises RunRejected ("wrong mesh") where that is none that can be morphed."""

    def __init__(self, reference: Mesh) -> None:
        check_cells(reference)
        self.reference = reference
        self._plane = plane_mesh(reference)
        self._outline = outline(self._plane)

    def __call__(self, run: Run, largest_error: float) -> Run:
        """The run on the reference with its coordinates as a field, and with what each field has lost.

        With A the way to the reference and B the way back, |B A u - u| / |u - mean(u)| is noted, and the values
        |B A u - u|, brought to the reference, are a field beside it (`loss_of`). Raises RunRejected
        ("wrong mesh") where it is above `largest_error`, or the run's mesh cannot be morphed.
        """
        carried = self.between(run.mesh, {field.on for field in run.fields.values()} - {"run"})
        fields, notes = {}, []
        for name, field in run.fields.items():
            if field.on == "run":
                fields[name] = field
                continue
            forward = carried.forward[field.on]
            values = apply(forward, field.values)
            returned = apply(carried.backward[field.on], values)
            lost = np.sqrt(apply(abs(forward), (returned.astype(np.float64) - field.values) ** 2))
            fields[name] = replace(field, values=values)
            fields[loss_of(name)] = replace(field, values=lost.astype(np.float32))
            error = lost_share(field.values, returned)
            if error > largest_error:
                raise RunRejected(
                    "wrong mesh",
                    f"Morphing to the mesh of the study must lose less than {largest_error:.1%} of '{name}'",
                    f"{error:.1%}",
                    "Choose a finer 'reference' in [mesh], or raise 'largest_error'",
                )
            notes.append(
                f"'{name}' morphed to the mesh of the study with a loss there and back of {error:.2%}"
            )
        run = replace(run, fields=fields, notes=(*run.notes, *notes))
        return with_coordinates(run, self.reference, carried.places)

    def between(self, mesh: Mesh, places: set[str]) -> Carried:
        """The ways between a mesh and the reference for values on points, and on cells where there are any."""
        check_unit(mesh, self.reference)
        plane = plane_mesh(mesh)
        if plane_of(mesh.points) != plane_of(self.reference.points):
            raise RunRejected(
                "wrong mesh",
                "All meshes that are morphed must lie along the same two axes",
                "one that lies along others",
                "Export all alike",
            )
        check_cells(mesh)
        morphed = moved_inside(self._plane, *places_on(self._outline, outline(plane)))
        there, outside = plane_interpolation(plane.points, plane.cells, morphed)
        back, outside_back = plane_interpolation(morphed, self._plane.cells, plane.points)
        worst = max(outside[self._plane.nodes].max(), outside_back[plane.nodes].max())
        if worst > _REACH:
            raise RunRejected(
                "wrong mesh",
                "A mesh that is morphed must cover the study's",
                f"a node {worst:.2g} sizes of a cell outside of it",
                "Choose a finer 'reference' in [mesh]",
            )
        forward = {"point": _for_lone(there, self._plane)}
        backward = {"point": _for_lone(back, plane)}
        if "cell" in places:
            here = _Centres.of(mesh, plane, plane.points)
            of_reference = _Centres.of(self.reference, self._plane, morphed)
            forward["cell"], backward["cell"] = here.to(of_reference), of_reference.to(here)
        axes = plane_of(mesh.points)
        assert axes is not None
        points = np.tile(mesh.points.mean(axis=0), (len(morphed), 1))
        points[:, axes] = morphed
        return Carried(points, forward, backward)


def _for_lone(weights: csr_array, plane: PlaneMesh) -> csr_array:
    """Nodes that belong to no cell, such as the centres of arcs, take the value of the next one that does."""
    lone = np.setdiff1d(np.arange(len(plane.points)), plane.nodes)
    if not len(lone):
        return weights
    rows = np.arange(len(plane.points))
    rows[lone] = plane.nodes[KDTree(plane.points[plane.nodes]).query(plane.points[lone])[1]]
    return csr_array(weights[rows])


@dataclass(frozen=True, eq=False)
class _Centres:
    """Centres (c, 3) of all cells of a mesh, with the numbers of those of the highest dimension."""

    places: np.ndarray
    top: np.ndarray

    @classmethod
    def of(cls, mesh: Mesh, plane: PlaneMesh, points: np.ndarray) -> _Centres:
        flat = np.column_stack([points, np.zeros(len(points))])
        parts = [flat[nodes].mean(axis=1) for nodes in mesh.cells.values()]
        top = np.concatenate([np.full(len(nodes), kind in plane.cells) for kind, nodes in mesh.cells.items()])
        return cls(np.concatenate(parts), np.flatnonzero(top))

    def to(self, other: _Centres) -> csr_array:
        """(t, c) linear between the centres of cells; cells of a lower dimension take no part in it."""
        weights = interpolation(self.places[self.top], other.places).tocoo()
        shape = (len(other.places), len(self.places))
        return csr_array((weights.data, (weights.row, self.top[weights.col])), shape=shape)
