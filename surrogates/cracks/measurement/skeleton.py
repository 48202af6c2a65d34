"""The middle line of one crack in a mask, as pixels."""

from __future__ import annotations

import numpy as np
from skimage.morphology import skeletonize

from fieldwright.surrogates.cracks.measurement.nearest import Nearest
from fieldwright.surrogates.cracks.measurement.pose import Sides


def skeleton_of(part: np.ndarray, at_edge: Sides) -> np.ndarray:
    """Rows and columns (n, 2) int of the one pixel wide middle line of a component (h, w) bool, sorted.

    at_edge: whether its box touches the photo's top, bottom, left, right edge. There the crack goes on beyond the
    photo: it is prolonged before it is thinned, so that the line runs to the edge and does not fork into the corners.
    Thinning: Lee, Kashyap & Chu, CVGIP 56 (1994), which keeps every component in one piece; that of Zhang & Suen
    deletes lines of two pixels that fall at 45 degrees.
    """
    before = [prolongation(part, side) if at_edge[side] else 1 for side in range(4)]
    top, bottom, left, right = before
    long = np.zeros((top + part.shape[0] + bottom, left + part.shape[1] + right), dtype=bool)
    long[top : top + part.shape[0], left : left + part.shape[1]] = part
    if at_edge[0]:
        long[:top, left : left + part.shape[1]] = part[0]
    if at_edge[1]:
        long[-bottom:, left : left + part.shape[1]] = part[-1]
    if at_edge[2]:
        long[top : top + part.shape[0], :left] = part[:, :1]
    if at_edge[3]:
        long[top : top + part.shape[0], -right:] = part[:, -1:]
    thin = skeletonize(long, method="lee")[top : top + part.shape[0], left : left + part.shape[1]]
    return np.argwhere(np.asarray(thin, dtype=bool))


def prolongation(part: np.ndarray, side: int) -> int:
    """How far to prolong beyond a side: the longest run of crack along it, px, within 2 and 200."""
    edge = (part[0], part[-1], part[:, 0], part[:, -1])[side]
    turns = np.flatnonzero(np.diff(np.concatenate([[False], edge, [False]]).astype(np.int8)))
    longest = int((turns[1::2] - turns[::2]).max()) if len(turns) else 0
    return min(max(longest, 2), 200)


class Rim:
    """The pixels of a component next to the background; the photo's edge is no background."""

    def __init__(self, part: np.ndarray, at_edge: Sides) -> None:
        height, width = part.shape
        sides = np.zeros((height + 2, width + 2), dtype=bool)
        sides[1:-1, 1:-1] = part
        if at_edge[0]:
            sides[0, 1:-1] = part[0]
        if at_edge[1]:
            sides[-1, 1:-1] = part[-1]
        if at_edge[2]:
            sides[1:-1, 0] = part[:, 0]
        if at_edge[3]:
            sides[1:-1, -1] = part[:, -1]
        inner = sides[:-2, 1:-1] & sides[2:, 1:-1] & sides[1:-1, :-2] & sides[1:-1, 2:]
        pixels = np.argwhere(part & ~inner)
        self._nearest = Nearest(pixels) if len(pixels) else None

    def radius(self, points: np.ndarray) -> np.ndarray:
        """Radius (n,), px, of the largest disc about points (n, 2) in the crack; its rim reaches 0.5 px further."""
        if self._nearest is None:
            return np.full(len(points), 0.5)
        return self._nearest.query(points)[0] + 0.5
