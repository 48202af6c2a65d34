"""One crack as truth: where its middle runs, how wide it is there, which crack it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEP = 0.5
"""px between the samples of a crack's centreline."""


@dataclass(frozen=True)
class Crack:
    """A crack between its tips, or between a tip and the edge of the photo.

    path: (n, 2) x and y of the middle in px, pixel centres at whole numbers, every 0.5 px along the crack.
    width: (n,) the opening across the crack, px.
    parent: which crack of the surface it leaves, None for one that stands alone.
    """

    path: np.ndarray
    width: np.ndarray
    parent: int | None = None

    @property
    def length_px(self) -> float:
        """Length of the centreline, px."""
        return float(np.hypot(*np.diff(self.path, axis=0).T).sum())

    @property
    def orientation_deg(self) -> float:
        """Mean direction of the centreline in [0, 180): 0 along x, 90 along y (up), the axis of doubled angles."""
        step = np.diff(self.path, axis=0)
        doubled = (step[:, 0] - 1j * step[:, 1]) ** 2 / np.maximum(np.hypot(*step.T), 1e-12)
        return float(np.degrees(np.angle(doubled.sum())) / 2.0 % 180.0)


def resample(path: np.ndarray, step: float = STEP) -> np.ndarray:
    """Points (m, 2) along a polyline (n, 2) at equal distances of about `step` px."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = np.linspace(0.0, along[-1], max(int(np.ceil(along[-1] / step)), 1) + 1)
    return np.stack([np.interp(at, along, path[:, 0]), np.interp(at, along, path[:, 1])], axis=1)


def within(crack: Crack, shape: tuple[int, int], shortest: float = 4.0) -> list[Crack]:
    """The pieces of a crack that lie in a photo (h, w), those shorter than `shortest` px left out."""
    height, width = shape
    x, y = crack.path.T
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    pieces = [
        Crack(crack.path[a:b], crack.width[a:b], crack.parent)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a > 1
    ]
    return [piece for piece in pieces if piece.length_px >= shortest]
