"""Mirrors, rotations and translations of fields on a mesh that they map onto itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial import KDTree

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.validation.metrics import norms

AXES = {"x": 0, "y": 1, "z": 2}
TOLERANCE = 1e-6
"""Distance, as a share of the mesh's diagonal, at which two points count as one."""


@dataclass(frozen=True, eq=False)
class Motion:
    """p -> origin + Q (p - origin) + shift, with Q orthogonal (3, 3); origin and shift (3,) in the mesh's unit."""

    matrix: np.ndarray
    origin: np.ndarray
    shift: np.ndarray

    @classmethod
    def mirror(cls, normal: str, through: np.ndarray) -> Self:
        """Reflection in the plane of that normal ("x", "y" or "z") through a point."""
        matrix = np.eye(3)
        matrix[AXES[normal], AXES[normal]] = -1.0
        return cls(matrix, through, np.zeros(3))

    @classmethod
    def rotation(cls, axis: str, degrees: float, through: np.ndarray) -> Self:
        """Rotation about that axis ("x", "y" or "z") through a point, counter-clockwise seen from its tip."""
        k = AXES[axis]
        i, j = (k + 1) % 3, (k + 2) % 3
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        matrix = np.eye(3)
        matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
        return cls(matrix, through, np.zeros(3))

    @classmethod
    def translation(cls, shift: np.ndarray) -> Self:
        """Shift of a periodic field."""
        return cls(np.eye(3), np.zeros(3), shift)

    def inverse_of(self, points: np.ndarray) -> np.ndarray:
        """The points that the motion maps to the points (n, 3)."""
        return self.origin + (points - self.shift - self.origin) @ self.matrix


@dataclass(frozen=True, eq=False)
class FieldMotion:
    """(S u)(p) = R u(Q^-1 p) of a field with values at points that Q maps onto each other.

    source: (points,) where each point's value comes from. components: (c, c) the R of the field's components.
    """

    source: np.ndarray
    components: np.ndarray

    @classmethod
    def of(
        cls,
        motion: Motion,
        points: np.ndarray,
        names: Sequence[str],
        period: Sequence[float] | None = None,
    ) -> Self:
        """Of a field with components of these names at points (n, 3).

        names: ("",) of a scalar, x, y, z of a vector, pairs such as xx, xy of a symmetric tensor. period: lengths
        (3,) of a periodic box, 0 where it is not periodic. Raises ModelError where a point has no image.
        """
        diagonal = float(np.linalg.norm(np.ptp(points, axis=0)))
        origins, targets = motion.inverse_of(points), points
        if period is not None:
            low, edge = points.min(axis=0), TOLERANCE * diagonal
            origins, targets = (
                _wrapped(part, low, np.asarray(period, float), edge) for part in (origins, targets)
            )
        distance, source = KDTree(targets).query(origins)
        worst = float(np.max(distance))
        if worst > TOLERANCE * diagonal:
            raise ModelError(
                "A symmetry must map the mesh onto itself",
                f"a point whose image lies {worst / diagonal:.2g} of the mesh's diagonal from the next point",
                "Correct its plane, axis or shift, or take it out of the study: the mesh itself is not symmetric",
            )
        return cls(np.asarray(source), component_matrix(names, motion.matrix))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The moved fields of values (..., points, components)."""
        return values[..., self.source, :] @ self.components.T


def component_matrix(names: Sequence[str], matrix: np.ndarray) -> np.ndarray:
    """The matrix (c, c) by which components of these names change under Q (3, 3); raises ModelError for other names.

    A vector becomes Q v, a symmetric tensor Q T Q^T.
    """
    lower = [name.lower() for name in names]
    if len(lower) == 1 and lower[0] not in AXES:
        return np.eye(1)
    if all(name in AXES for name in lower):
        index = [AXES[name] for name in lower]
        block = matrix[np.ix_(index, index)]
        _check_closed(block, names)
        return block
    if all(len(name) == 2 and set(name) <= set(AXES) for name in lower):
        pairs = [(AXES[name[0]], AXES[name[1]]) for name in lower]
        columns = []
        for a, b in pairs:
            unit = np.zeros((3, 3))
            unit[a, b] = unit[b, a] = 1.0
            moved = matrix @ unit @ matrix.T
            columns.append([moved[c, d] for c, d in pairs])
        return np.array(columns).T
    raise ModelError(
        "The components of a field under a symmetry must be those of a vector (x, y, z) or a tensor (xx, xy, ...)",
        f"{', '.join(names)}",
        "Take the field out of the symmetry with 'fields', or name its components so",
    )


def _wrapped(points: np.ndarray, low: np.ndarray, period: np.ndarray, edge: float) -> np.ndarray:
    """Points (n, 3) moved into the periodic box that begins `edge` before its lowest corner."""
    size = np.where(period > 0.0, period, 1.0)
    return low + np.where(period > 0.0, np.mod(points - low + edge, size), points - low)


def _check_closed(block: np.ndarray, names: Sequence[str]) -> None:
    if not np.allclose(block @ block.T, np.eye(len(block)), atol=1e-9):
        raise ModelError(
            "A rotation must keep a vector within the components that the field has",
            f"{', '.join(names)}",
            "Rotate about the axis that is normal to them",
        )


def symmetrised(values: np.ndarray, motion: FieldMotion, order: int) -> np.ndarray:
    """The mean of values (..., points, components) over the group of order `order` that the motion generates.

    It is the orthogonal projection onto the symmetric fields; every combination of such fields, and so every field
    that a POD of them can decode, is symmetric.
    """
    total, moved = values.astype(np.float64), values
    for _ in range(order - 1):
        moved = motion(moved)
        total = total + moved
    return (total / order).astype(values.dtype)


def asymmetry(values: np.ndarray, motion: FieldMotion, weights: np.ndarray | None = None) -> np.ndarray:
    """|S u - u| / |u| of each of the fields (n, ..., points, components), (n,); 0 for a field of zeros.

    weights: (points,) length, area or volume of each point.
    """
    exact = values.astype(np.float64)
    change, size = norms(motion(values) - exact, weights), norms(exact, weights)
    return np.divide(change, size, out=np.zeros(len(values)), where=size > 0.0)
