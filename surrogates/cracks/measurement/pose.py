"""A crack turned and mirrored one certain way, so that it measures the same however its photo was held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Sides = tuple[bool, bool, bool, bool]
"""Of top, bottom, left and right."""


@dataclass(frozen=True)
class Pose:
    """One of the eight symmetries of the square: rows reversed, columns reversed, then both swapped.

    shape: (h, w) before.
    """

    rows: bool
    columns: bool
    swapped: bool
    shape: tuple[int, int]

    def of(self, part: np.ndarray) -> np.ndarray:
        """The component (h, w) in this pose."""
        part = part[:: -1 if self.rows else 1, :: -1 if self.columns else 1]
        return np.ascontiguousarray(part.T if self.swapped else part)

    def of_sides(self, sides: Sides) -> Sides:
        """What is so of the sides of the component, for the sides in this pose."""
        top, bottom, left, right = sides
        if self.rows:
            top, bottom = bottom, top
        if self.columns:
            left, right = right, left
        return (left, right, top, bottom) if self.swapped else (top, bottom, left, right)

    def back(self, points: np.ndarray) -> np.ndarray:
        """Rows and columns (n, 2) in this pose as those before."""
        points = points[:, ::-1].copy() if self.swapped else points.copy()
        for axis, reversed_ in enumerate((self.rows, self.columns)):
            if reversed_:
                points[:, axis] = self.shape[axis] - 1 - points[:, axis]
        return points


def canonical_pose(part: np.ndarray, sides: Sides) -> tuple[Pose, np.ndarray, Sides]:
    """The pose whose pixels come first in the order of their bytes, and component and sides in it.

    Thinning deletes pixels side by side in a fixed order of directions, and so is not the same for a mirrored mask.
    """
    flags = (False, True)
    height, width = part.shape
    # The lower one comes first.
    swaps = flags if height == width else (height > width,)
    poses = [Pose(r, c, s, (height, width)) for r in flags for c in flags for s in swaps]

    def order(pose: Pose) -> tuple[bytes, Sides]:
        return np.packbits(pose.of(part)).tobytes(), pose.of_sides(sides)

    best = min(poses, key=order)
    return best, best.of(part), best.of_sides(sides)
