"""Which of some points is nearest to each of others."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

FEW = 16_384
"""Pairs of points up to which all distances are found sooner than a tree is built."""


class Nearest:
    """Points (m, 2), at least one, of which the nearest is asked for; a tree of them is built where it pays."""

    def __init__(self, points: np.ndarray) -> None:
        self._points = points
        self._tree: KDTree | None = None

    def query(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance (n,) of the nearest point from each of places (n, 2), and its number (n,)."""
        if self._tree is None and len(places) * len(self._points) <= FEW:
            down, across = (np.subtract.outer(places[:, k], self._points[:, k]) for k in (0, 1))
            squares = down * down + across * across
            number = squares.argmin(axis=1)
            return np.sqrt(squares[np.arange(len(places)), number]), number
        if self._tree is None:
            # Places of pixels lie evenly: cutting in the middle is as good as at the median, and sooner done.
            self._tree = KDTree(self._points, balanced_tree=False, compact_nodes=False)
        distance, number = self._tree.query(places)
        return np.asarray(distance), np.asarray(number)
