"""The boundary of a plane mesh as closed loops of nodes: the outer one, and one round each hole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from fieldwright.data.errors import RunRejected
from fieldwright.data.mesh.measures import dimension
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.own_meshes.orientation import plane_of
from fieldwright.data.mesh.own_meshes.plane_elements import PLANE_ELEMENTS

_ONE_PLACE = 1e-9
"""Share of the mesh's diagonal within which two nodes lie at one place."""


@dataclass(frozen=True, eq=False)
class PlaneMesh:
    """A mesh that lies in a plane along two axes, with its boundary.

    points: (n, 2). cells: those of the highest dimension. nodes: numbers of those points that belong to them.
    loops: node numbers round each closed piece of the boundary, counter-clockwise; the outer one is the first.
    """

    points: np.ndarray
    cells: Mapping[str, np.ndarray]
    nodes: np.ndarray
    loops: tuple[np.ndarray, ...]


def plane_mesh(mesh: Mesh) -> PlaneMesh:
    """The mesh with its boundary; raises RunRejected ("wrong mesh") where it is none that can be morphed."""
    axes = plane_of(mesh.points)
    top = {kind: nodes for kind, nodes in mesh.cells.items() if dimension(kind) >= 2 and len(nodes)}
    if axes is None or not top or not set(top) <= set(PLANE_ELEMENTS):
        kinds = ", ".join(mesh.cells) or "no cells whose nodes are known"
        raise _refused(
            f'With rule = "morph" a mesh must lie in a plane along two axes and be of {", ".join(PLANE_ELEMENTS)}',
            f"{kinds}{'' if axes is not None else ', which extend along three axes'}",
            'Use one connectivity for all runs and rule = "follow"',
        )
    points = mesh.points[:, axes]
    nodes = np.unique(np.concatenate([one.ravel() for one in top.values()]))
    _check_places(points, nodes)
    _check_one_body(len(points), top, nodes)
    loops = [_counter_clockwise(points, loop) for loop in _loops(top)]
    loops.sort(key=lambda loop: -_area(points[loop]))
    return PlaneMesh(points, top, nodes, tuple(loops))


def _check_places(points: np.ndarray, nodes: np.ndarray) -> None:
    size = float(np.linalg.norm(np.ptp(points[nodes], axis=0)))
    pairs = KDTree(points[nodes]).query_pairs(_ONE_PLACE * size, output_type="ndarray")
    if len(pairs):
        x, y = points[nodes[pairs[0, 0]]]
        raise _refused(
            "No two nodes of a mesh that is morphed may lie at one place",
            f"{len(pairs)} pairs that do, the first at ({x:g}, {y:g})",
            "Merge nodes that coincide when the mesh is exported",
        )


def _check_one_body(count: int, cells: Mapping[str, np.ndarray], nodes: np.ndarray) -> None:
    rows = np.concatenate([np.repeat(one[:, 0], one.shape[1]) for one in cells.values()])
    columns = np.concatenate([one.ravel() for one in cells.values()])
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    bodies = len(np.unique(label[nodes]))
    if bodies > 1:
        raise _refused(
            "A mesh that is morphed must be one body",
            f"{bodies} bodies that share no nodes",
            "Join them, or export one body",
        )


def _loops(cells: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Node numbers round each closed piece of the boundary, nodes between corners among them."""
    sides = []
    for kind, nodes in cells.items():
        for side in PLANE_ELEMENTS[kind].sides:
            between = nodes[:, side[2]] if len(side) == 3 else np.full(len(nodes), -1)
            sides.append(np.stack([nodes[:, side[0]], nodes[:, side[1]], between], axis=1))
    sides = np.concatenate(sides)
    ends = np.sort(sides[:, :2], axis=1)
    _, first, count = np.unique(ends, axis=0, return_index=True, return_counts=True)
    if (count > 2).any():
        raise _refused(
            "Each side of a cell must belong to one or two cells",
            f"{(count > 2).sum()} sides of more",
            "Export the mesh without cells that lie on each other",
        )
    rim = sides[first[count == 1]]
    beside: dict[int, list[tuple[int, int]]] = {}
    for start, end, between in rim.tolist():
        beside.setdefault(start, []).append((end, between))
        beside.setdefault(end, []).append((start, between))
    touching = sum(len(one) != 2 for one in beside.values())
    if touching:
        raise _refused(
            "The boundary of a mesh that is morphed must not touch itself",
            f"{touching} nodes at which it does",
            "Join or separate the parts that meet in a node alone",
        )
    loops = []
    while beside:
        start = at = next(iter(beside))
        (after, between), _ = beside[start]
        loop = [start]
        while True:
            del beside[at]
            loop += [between] if between >= 0 else []
            if after == start:
                break
            loop.append(after)
            one, other = beside[after]
            at, (after, between) = after, other if one[0] == at else one
        loops.append(np.array(loop))
    return loops


def _area(corners: np.ndarray) -> float:
    """Signed: positive where the corners (k, 2) go round counter-clockwise."""
    x, y = (corners - corners[0]).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _counter_clockwise(points: np.ndarray, loop: np.ndarray) -> np.ndarray:
    return loop if _area(points[loop]) > 0 else loop[::-1]


def _refused(must: str, got: str, do: str) -> RunRejected:
    return RunRejected("wrong mesh", must, got, do)
