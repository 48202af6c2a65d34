"""The boundary of a plane mesh as pieces between corners, and which piece of another mesh each is.

Corners are nodes at which the boundary turns sharply. A place on a piece is given by its share of the piece's length.
A loop without corners, such as a round hole, is one piece that begins to the right of its centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from fieldwright.data.errors import RunRejected
from fieldwright.data.mesh.own_meshes.boundary_loops import PlaneMesh

SHARP = np.deg2rad(40.0)
"""Turn of the boundary at a node from which on it is a corner: a circle of ten sides has none."""
_MIRRORED = 0.25
_ALIKE = 0.05


@dataclass(frozen=True, eq=False)
class Loop:
    """One closed piece of the boundary.

    nodes: (k,) numbers, counter-clockwise; the first is a corner where there are any. places: (k, 2).
    along: (k,) arc length from the start to each node. length: of the whole loop.
    corners: (m,) arc lengths of the corners; of the start alone where there are none. sharp: whether there are any.
    begin: (2,) where the arc length begins.
    """

    nodes: np.ndarray
    places: np.ndarray
    along: np.ndarray
    length: float
    corners: np.ndarray
    sharp: bool
    begin: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        """(m + 1,) arc lengths between which the pieces lie."""
        return np.append(self.corners, self.corners[0] + self.length)

    @property
    def corner_places(self) -> np.ndarray:
        """(m, 2) the places of its corners; that of the start where there are none."""
        return self.at(self.corners)

    @property
    def centre(self) -> np.ndarray:
        """(2,) the centre of its area."""
        return _centre(self.places)

    def at(self, along: np.ndarray) -> np.ndarray:
        """(k, 2) the places at arc lengths from 0 to the length."""
        ends = np.concatenate([[0.0], self.along[self.along > 0.0], [self.length]])
        places = np.concatenate([self.begin[None], self.places[self.along > 0.0], self.begin[None]])
        return np.stack([np.interp(along % self.length, ends, axis) for axis in places.T], axis=1)


def outline(mesh: PlaneMesh) -> tuple[Loop, ...]:
    """The loops of the boundary with their corners, the outer one first."""
    return tuple(_loop(mesh.points, nodes) for nodes in mesh.loops)


def _loop(points: np.ndarray, nodes: np.ndarray) -> Loop:
    places = points[nodes]
    ahead = np.roll(places, -1, axis=0) - places
    behind = np.roll(ahead, 1, axis=0)
    turn = np.abs(
        np.arctan2(behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0], np.sum(behind * ahead, 1))
    )
    sharp = np.flatnonzero(turn > SHARP)
    if len(sharp):
        order = np.roll(np.arange(len(nodes)), -sharp[0])
        nodes, places, ahead = nodes[order], places[order], ahead[order]
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(ahead, axis=1))])
        return Loop(nodes, places, along[:-1], float(along[-1]), along[sharp - sharp[0]], True, places[0])
    begin, first = _right_of_centre(places)
    order = np.roll(np.arange(len(nodes)), -first)
    nodes, places = nodes[order], places[order]
    steps = np.linalg.norm(np.diff(np.concatenate([begin[None], places, begin[None]]), axis=0), axis=1)
    along = np.cumsum(steps)
    return Loop(nodes, places, along[:-1], float(along[-1]), np.zeros(1), False, begin)


def _right_of_centre(places: np.ndarray) -> tuple[np.ndarray, int]:
    """The outermost place of a loop to the right of its centre, and the number of the node that comes after it."""
    off = places - _centre(places)
    after = np.roll(off, -1, axis=0)
    crosses = np.flatnonzero((off[:, 1] <= 0.0) & (after[:, 1] > 0.0))
    share = -off[crosses, 1] / (after[crosses, 1] - off[crosses, 1])
    at = off[crosses] + share[:, None] * (after[crosses] - off[crosses])
    outermost = int(np.argmax(at[:, 0]))
    return at[outermost] + _centre(places), int((crosses[outermost] + 1) % len(places))


def _centre(places: np.ndarray) -> np.ndarray:
    x, y = (places - places[0]).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = cross.sum() / 2.0
    return places[0] + np.array(
        [np.sum((x + np.roll(x, -1)) * cross), np.sum((y + np.roll(y, -1)) * cross)]
    ) / (6.0 * area)


def places_on(loops: tuple[Loop, ...], target: tuple[Loop, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Boundary nodes of the study's mesh, (k,), and where each comes to lie on the boundary of a run's, (k, 2).

    loops, target: of the study's mesh and the run's. Raises RunRejected ("wrong mesh") where the boundaries have
    other numbers of holes or of corners, or one is the mirror image of the other.
    """
    if len(loops) != len(target):
        raise _refused(f"{len(target) - 1} holes instead of {len(loops) - 1}")
    box, box_of_target = _box(loops), _box(target)
    nodes, places = [], []
    for loop, other in zip(loops, _matching_loops(loops, target, box, box_of_target), strict=True):
        if loop.sharp != other.sharp or len(loop.corners) != len(other.corners):
            usual, number = (len(one.corners) if one.sharp else 0 for one in (loop, other))
            x, y = other.centre
            raise _refused(f"{number} corners instead of {usual} round the loop about ({x:.4g}, {y:.4g})")
        shift = _shift(loop, other, box, box_of_target) if loop.sharp else 0
        ends, ends_of_other = loop.ends, other.ends
        for piece in range(len(loop.corners)):
            start, stop = ends[piece : piece + 2]
            k = (piece + shift) % len(other.corners)
            start_of_other, stop_of_other = ends_of_other[k : k + 2]
            some = (loop.along >= start) & (loop.along < stop)
            share = (loop.along[some] - start) / (stop - start)
            nodes.append(loop.nodes[some])
            places.append(other.at(start_of_other + share * (stop_of_other - start_of_other)))
    return np.concatenate(nodes), np.concatenate(places)


def _matching_loops(
    loops: tuple[Loop, ...],
    target: tuple[Loop, ...],
    box: tuple[np.ndarray, np.ndarray],
    box_of_target: tuple[np.ndarray, np.ndarray],
) -> list[Loop]:
    """The loop of the target that each is: the outer ones, and holes by the least sum of squared distances."""
    if len(loops) == 1:
        return [target[0]]
    here = np.array([_within(loop.centre, box) for loop in loops[1:]])
    there = np.array([_within(loop.centre, box_of_target) for loop in target[1:]])
    cost = np.sum((here[:, None] - there[None]) ** 2, axis=2)
    unlike = [[len(a.corners) != len(b.corners) or a.sharp != b.sharp for b in target[1:]] for a in loops[1:]]
    _, column = linear_sum_assignment(cost + np.where(unlike, 1e3, 0.0))
    return [target[0], *(target[1 + k] for k in column)]


def _shift(
    loop: Loop,
    other: Loop,
    box: tuple[np.ndarray, np.ndarray],
    box_of_other: tuple[np.ndarray, np.ndarray],
) -> int:
    """By how many corners the other loop begins later, by the least mean squared distance within the boxes."""
    here, there = _within(loop.corner_places, box), _within(other.corner_places, box_of_other)
    off = _distances(here, there)
    least = int(off.argmin())
    # Counted the other way round where it is mirrored along x or y.
    mirrored = min(
        _distances(np.abs(flip - here)[::-1], there).min() for flip in (np.array([1, 0]), np.array([0, 1]))
    )
    if off[least] > _ALIKE**2 and mirrored < _MIRRORED * off[least]:
        raise RunRejected(
            "wrong mesh",
            "All meshes of a sweep must be of one hand",
            "a mesh that looks like the mirror image of the study's",
            "Export it unmirrored",
        )
    return least


def _distances(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(m,) mean squared distances of corners here from those there, which begin 0 to m - 1 corners later."""
    return np.array(
        [np.mean(np.sum((here - np.roll(there, -k, axis=0)) ** 2, axis=1)) for k in range(len(here))]
    )


def _box(loops: tuple[Loop, ...]) -> tuple[np.ndarray, np.ndarray]:
    return loops[0].places.min(axis=0), np.ptp(loops[0].places, axis=0)


def _within(places: np.ndarray, box: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return (places - box[0]) / box[1]


def _refused(got: str) -> RunRejected:
    return RunRejected(
        "wrong mesh",
        "A mesh that is morphed must have as many holes and corners of its boundary as the study's",
        got,
        "It is another topology: learn it in a study of its own",
    )
