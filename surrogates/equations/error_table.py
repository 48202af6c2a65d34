"""The estimated error of a solution over its domain and the ranges of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.interpolate import RegularGridInterpolator

SAFETY = 1.5
"""The band's half-width over the estimate: between the values of parameters it is interpolated."""


@dataclass(frozen=True, eq=False)
class ErrorTable:
    """|u - u*| (nodes of each coordinate and parameter in order, outputs), where u* is the corrected solution.

    axes: the nodes of each. residuals, left: for each set of parameters (sets, p) the relative residual, and the
    share of it that the correction left: with 1 nothing is known.
    """

    axes: tuple[np.ndarray, ...]
    values: np.ndarray
    sets: np.ndarray
    residuals: np.ndarray
    left: np.ndarray

    def at(self, inputs: np.ndarray) -> np.ndarray:
        """The estimated error (n, m) at inputs (n, d + p), interpolated; beyond the ends that of the ends."""
        single = [i for i, axis in enumerate(self.axes) if len(axis) > 1]
        values = self.values.reshape(*(len(self.axes[i]) for i in single), self.values.shape[-1])
        clipped = np.column_stack([np.clip(inputs[:, i], self.axes[i][0], self.axes[i][-1]) for i in single])
        return RegularGridInterpolator([self.axes[i] for i in single], values)(clipped)

    def worst(self, parameters: int) -> np.ndarray:
        """Of each set of parameters the largest error of each output (sets, m)."""
        coordinates = self.values.ndim - 1 - parameters
        return self.values.max(axis=tuple(range(coordinates))).reshape(len(self.sets), -1)

    def state(self) -> dict[str, np.ndarray]:
        """All of it as arrays by name."""
        axes = {f"axis {i}": axis for i, axis in enumerate(self.axes)}
        others = {name: getattr(self, name) for name in ("values", "sets", "residuals", "left")}
        return {name: np.ascontiguousarray(array) for name, array in (axes | others).items()}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Takes what `state` gave."""
        axes = tuple(arrays[f"axis {i}"] for i in range(sum(name.startswith("axis ") for name in arrays)))
        return cls(axes, *(arrays[name] for name in ("values", "sets", "residuals", "left")))
