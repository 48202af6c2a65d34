"""Middle lines finer than the pixels they come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter1d

from fieldwright.surrogates.cracks.measurement.skeleton_graph import Arm

SPACING = 1.0
"""px between the points of a centreline."""
SMOOTHING = 1.0
"""px: deviation of the Gaussian that takes the steps of the pixels out of a middle line."""


@dataclass(frozen=True)
class Centreline:
    """A smooth line along an arm: points (n, 2), rows and columns, at equal steps; length in px."""

    points: np.ndarray
    junctions: tuple[bool, bool]

    @cached_property
    def length(self) -> float:
        """Length in pixels."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


def centreline_of(arm: Arm, part: np.ndarray, radius: np.ndarray, smoothing: float = SMOOTHING) -> Centreline:
    """The arm smoothed, and prolonged from its tips to where the component (h, w) bool ends.

    radius: (n,) of the discs along the arm, px: by how much at most, and a little more, a tip is prolonged.
    """
    points = arm.points
    if len(points) > 2:
        points = _smoothed(points, smoothing, arm.closed)
    if not arm.closed:
        head = [] if arm.junctions[0] else [_tip(points, part, float(radius[:5].max()))]
        tail = [] if arm.junctions[1] else [_tip(points[::-1], part, float(radius[-5:].max()))]
        points = np.concatenate([*[p[None] for p in head], points, *[p[None] for p in tail]])
    return Centreline(_equal_steps(points), arm.junctions)


def _smoothed(points: np.ndarray, smoothing: float, closed: bool) -> np.ndarray:
    if closed:
        return gaussian_filter1d(points, smoothing, axis=0, mode="wrap")
    reach = min(int(4 * smoothing) + 1, len(points) - 1)
    # Mirrored through its end points, so that a straight line stays straight and its ends stay where they are.
    before = 2 * points[0] - points[reach:0:-1]
    after = 2 * points[-1] - points[-2 : -reach - 2 : -1]
    smooth = gaussian_filter1d(np.concatenate([before, points, after]), smoothing, axis=0, mode="nearest")
    return smooth[reach : reach + len(points)]


def _tip(points: np.ndarray, part: np.ndarray, radius: float) -> np.ndarray:
    """Where the line through the first points, taken on, leaves the component."""
    back = points[min(len(points) - 1, int(3 + radius))]
    ahead = points[0] - back
    size = float(np.hypot(*ahead))
    if size == 0.0:
        return points[0]
    steps = np.arange(0.0, 1.5 * radius + 1.0, 0.25)
    line = points[0] + steps[:, None] * ahead / size
    rows, columns = np.rint(line).astype(int).T
    (height, width) = part.shape
    within = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    inside = within & part[np.where(within, rows, 0), np.where(within, columns, 0)]
    # The first place that lies beyond; argmin finds the first that is False.
    last = len(steps) - 1 if inside.all() else int(inside.argmin()) - 1
    return line[max(last, 0)]


def _equal_steps(points: np.ndarray) -> np.ndarray:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    if along[-1] == 0.0:
        return points[:1]
    at = np.linspace(0.0, along[-1], max(int(np.ceil(along[-1] / SPACING)), 1) + 1)
    return np.stack([np.interp(at, along, points[:, k]) for k in range(2)], axis=1)
