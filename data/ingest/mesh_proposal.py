"""The rule of a study's `[mesh]` that some of its meshes call for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.data.errors import RunRejected
from fieldwright.data.ingest.rules import MeshRule
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.mesh_difference import same_connectivity
from fieldwright.data.mesh.own_meshes.morphing import Morphing
from fieldwright.data.mesh.own_meshes.own_coordinates import check_unit
from fieldwright.data.mesh.places import check_covered
from fieldwright.data.mesh.renumbering import renumbering

# Nodes that move by less, in diagonals of the mesh, may be rounding or a solver's smoothing.
_MOVED = 1e-4


def proposed_mesh_rule(first: Mesh, others: Sequence[Mesh]) -> tuple[str, str] | None:
    """A rule and why, or None where the meshes are one and the same, or nothing is known to help."""
    tolerance = MeshRule().tolerance
    different = [
        one for one in others if not one.same_as(first) and renumbering(one, first, tolerance) is None
    ]
    if not different:
        return None
    try:
        for one in different:
            check_unit(one, first)
    except RunRejected:
        return None
    if all(same_connectivity(one, first) for one in different):
        return _of_one_connectivity(first, different)
    return _of_one_topology(first, different)


def _of_one_topology(first: Mesh, others: Sequence[Mesh]) -> tuple[str, str] | None:
    """None too where the meshes are of one geometry, which `map` is for."""
    try:
        morphing = Morphing(first)
        for one in others:
            morphing.between(one, {"point"})
    except RunRejected:
        return None
    try:
        for one in others:
            check_covered(one, first, "point")
    except RunRejected:
        return "morph", "meshes of one topology and several shapes: they are morphed onto the first"
    return "map", "several meshes of one geometry: fields are interpolated to the first"


def _of_one_connectivity(first: Mesh, others: Sequence[Mesh]) -> tuple[str, str] | None:
    size = np.linalg.norm(np.ptp(first.points, axis=0))
    moved = max(float(np.linalg.norm(one.points - first.points, axis=1).max()) for one in others)
    if not moved > _MOVED * size:
        return None
    return (
        "follow",
        f"one connectivity whose nodes lie up to {moved:.3g} apart: the coordinates are learned too",
    )
