"""What `fit` learns from, in the form of the models, and the checks that it must pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.library.layout import Layout
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo

LEAST_PLACES = 5
"""Different sets of parameters without which there is nothing to cross-validate."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Runs as the models learn from them.

    Parameters
    ----------
    x
        (n, p) parameters.
    targets
        Field to (n, [times,] points, components).
    parameters, fields
        What they are.
    points
        Field to (points, 3) coordinates.
    cells
        meshio's cell type to (k, nodes) indices; empty without a mesh.
    layout
        The form in which the user gave them.
    """

    x: np.ndarray
    targets: Mapping[str, np.ndarray]
    parameters: tuple[ParameterInfo, ...]
    fields: tuple[FieldInfo, ...]
    points: Mapping[str, np.ndarray]
    cells: Mapping[str, np.ndarray]
    layout: Layout

    def check(self) -> None:
        """Raises ModelError unless there are enough runs, of equal number and finite."""
        n = len(self.x)
        if self.x.shape[1] == 0:
            raise ModelError(
                "The runs must have parameters to learn from",
                "none",
                "Give X (n, p), or parameters as coordinates along the runs",
            )
        for name, values in self.targets.items():
            if len(values) != n:
                raise ModelError(
                    f"X and '{name}' must have as many rows, one for each run",
                    f"{n} and {len(values)}",
                    "Give the parameters and the field of the same runs",
                )
            if 0 in values.shape[1:]:
                raise ModelError(f"'{name}' must hold values", "none in a run", "Give at least one point")
        for name, values in {"X": self.x, **self.targets}.items():
            bad = ~np.isfinite(values.reshape(n, values[:1].size))
            if bad.any():
                rows = np.flatnonzero(bad.any(axis=1))
                raise ModelError(
                    f"'{name}' must be finite" if name != "X" else "X must be finite",
                    f"NaN or infinity in {len(rows)} of {n} runs, first in row {rows[0]}",
                    "Leave these runs out of X and Y",
                )
        number = int(places(self.x).max()) + 1 if n else 0
        if number < LEAST_PLACES:
            raise ModelError(
                f"A model needs at least {LEAST_PLACES} runs of different parameters",
                f"{n} runs, of {number} different sets of parameters",
                "Give more runs",
            )


def real_array(values: object, name: str) -> np.ndarray:
    """The values as an array of float32 or float64; raises ModelError where they are no real numbers."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biuf":
        raise ModelError(
            f"{name} must be an array of real numbers",
            "rows of different lengths" if array.dtype.kind == "O" else f"values of type {array.dtype}",
            "Give one row of numbers for each run",
        )
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def padded_to_3d(points: object, n: int) -> np.ndarray:
    """Coordinates (n, 1 to 3) filled up to (n, 3); raises ModelError."""
    array = real_array(points, "'points'").astype(np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n or not 1 <= array.shape[1] <= 3 or not np.isfinite(array).all():
        raise ModelError(
            f"'points' must be ({n}, 1 to 3) finite coordinates, a row for each point of the field",
            f"the shape {array.shape}" if array.shape[:1] != (n,) or array.ndim != 2 else "others",
            "Give the points in the order of the field's values",
        )
    return np.hstack([array, np.zeros((n, 3 - array.shape[1]))])


def numbered_points(n: int) -> np.ndarray:
    """(n, 3) places of points of which nothing is known: 0, 1, 2 ... along a line."""
    return np.column_stack([np.arange(n, dtype=np.float64), np.zeros((n, 2))])
