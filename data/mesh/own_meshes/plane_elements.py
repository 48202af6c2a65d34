"""Plane elements of orders 1 and 2: shape functions, sides, and where a point lies within one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Shape = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Shape functions (k, nodes) and their derivatives (k, nodes, 2) at r (k,), s (k,)."""


@dataclass(frozen=True)
class PlaneElement:
    """One type of cell, its nodes in the order of VTK.

    sides: its nodes side by side: first, last and, where there is one, the node between them.
    triangle: whether it lives on r, s >= 0, r + s <= 1; else on |r|, |s| <= 1.
    """

    corners: int
    sides: tuple[tuple[int, ...], ...]
    triangle: bool
    linear: bool
    shape: Shape

    def outside(self, at: np.ndarray) -> np.ndarray:
        """(k,) how far points (k, 2) in the element's own coordinates lie outside, in sizes of it; 0 inside."""
        r, s = at.T
        if self.triangle:
            return np.maximum(0.0, np.max([-r, -s, r + s - 1.0], axis=0))
        return np.maximum(0.0, np.max([np.abs(r), np.abs(s)], axis=0) - 1.0) / 2.0

    def inverse(self, nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The element's own coordinates (k, 2) of points (k, 2) in elements with nodes (k, nodes, 2), by Newton."""
        at = np.full((len(points), 2), 1.0 / 3.0 if self.triangle else 0.0)
        for _ in range(1 if self.linear else _STEPS):
            values, slopes = self.shape(*at.T)
            miss = points - np.einsum("kn,knd->kd", values, nodes)
            jacobian = np.einsum("knj,knd->kdj", slopes, nodes)
            (a, b), (c, d) = np.moveaxis(jacobian, 0, -1)
            size = a * d - b * c
            size = np.where(np.abs(size) > 1e-300, size, 1e-300)
            step = np.stack([d * miss[:, 0] - b * miss[:, 1], a * miss[:, 1] - c * miss[:, 0]], axis=1)
            # Far outside, a step of a curved element means little.
            at = at + np.clip(step / size[:, None], -_FAR, _FAR)
            if np.abs(step / size[:, None]).max(initial=0.0) < 1e-13:
                break
        return at


_STEPS, _FAR = 12, 1e6


def _stacked(values: list[np.ndarray], by_r: list[np.ndarray], by_s: list[np.ndarray]):
    return np.stack(values, axis=1), np.stack([np.stack(by_r, axis=1), np.stack(by_s, axis=1)], axis=2)


def _triangle(r: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one, none = np.ones_like(r), np.zeros_like(r)
    return _stacked([1.0 - r - s, r, s], [-one, one, none], [-one, none, one])


def _triangle6(r: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t, none = 1.0 - r - s, np.zeros_like(r)
    return _stacked(
        [t * (2 * t - 1), r * (2 * r - 1), s * (2 * s - 1), 4 * r * t, 4 * r * s, 4 * s * t],
        [1 - 4 * t, 4 * r - 1, none, 4 * (t - r), 4 * s, -4 * s],
        [1 - 4 * t, none, 4 * s - 1, -4 * r, 4 * r, 4 * (t - s)],
    )


_AT = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [0, -1], [1, 0], [0, 1], [-1, 0], [0, 0]], dtype=float)


def _quad(r: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = _AT[:4].T
    u, v = 1 + r[:, None] * a, 1 + s[:, None] * b
    return u * v / 4, np.stack([a * v / 4, b * u / 4], axis=2)


def _quad8(r: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r, s = r[:, None], s[:, None]
    a, b = _AT[:4].T
    u, v, w = 1 + r * a, 1 + s * b, r * a + s * b - 1
    corners = u * v * w / 4
    slopes = np.stack([a * v * (w + u) / 4, b * u * (w + v) / 4], axis=2)
    b, a = _AT[[4, 6], 1], _AT[[5, 7], 0]
    flat, up = (1 - r**2) * (1 + s * b) / 2, (1 - s**2) * (1 + r * a) / 2
    flat_slopes = np.stack([-r * (1 + s * b), b * (1 - r**2) / 2], axis=2)
    up_slopes = np.stack([a * (1 - s**2) / 2, -s * (1 + r * a)], axis=2)
    values = np.concatenate([corners, flat[:, :1], up[:, :1], flat[:, 1:], up[:, 1:]], axis=1)
    return values, np.concatenate(
        [slopes, flat_slopes[:, :1], up_slopes[:, :1], flat_slopes[:, 1:], up_slopes[:, 1:]], axis=1
    )


def _quad9(r: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    at_r, slope_r = _quadratic(r)
    at_s, slope_s = _quadratic(s)
    i, j = (_AT[:9] + 1).astype(int).T
    return at_r[:, i] * at_s[:, j], np.stack([slope_r[:, i] * at_s[:, j], at_r[:, i] * slope_s[:, j]], axis=2)


def _quadratic(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The three quadratic functions of the nodes -1, 0, 1, and their derivatives."""
    return np.stack([r * (r - 1) / 2, 1 - r**2, r * (r + 1) / 2], axis=1), np.stack(
        [r - 0.5, -2 * r, r + 0.5], axis=1
    )


_THREE, _FOUR = ((0, 1), (1, 2), (2, 0)), ((0, 1), (1, 2), (2, 3), (3, 0))
_SIX = ((0, 1, 3), (1, 2, 4), (2, 0, 5))
_EIGHT = ((0, 1, 4), (1, 2, 5), (2, 3, 6), (3, 0, 7))
PLANE_ELEMENTS = {
    "triangle": PlaneElement(3, _THREE, True, True, _triangle),
    "triangle6": PlaneElement(3, _SIX, True, False, _triangle6),
    "quad": PlaneElement(4, _FOUR, False, False, _quad),
    "quad8": PlaneElement(4, _EIGHT, False, False, _quad8),
    "quad9": PlaneElement(4, _EIGHT, False, False, _quad9),
}
"""By the name of meshio."""
