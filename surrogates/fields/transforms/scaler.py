"""Standardisation of columns: zero mean and unit variance over the training runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

CONSTANT = 1e-12
"""Columns that vary by less than this, relative to their size, count as constant and keep the scale one."""


@dataclass(frozen=True, eq=False)
class Scaler:
    """z = (v - mean) / scale, column by column; mean and scale are (c,) in the unit of the columns."""

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Self:
        """Fit to values (n, c); a constant column is only shifted."""
        mean = values.mean(axis=0)
        scale = values.std(axis=0)
        constant = scale <= CONSTANT * np.abs(values).max(axis=0, initial=0.0)
        return cls(mean, np.where(constant, 1.0, scale))

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Values (q, c) in units of the training spread."""
        return (values - self.mean) / self.scale

    def unscaled(self, scaled: np.ndarray) -> np.ndarray:
        """The inverse of `scaled`."""
        return scaled * self.scale + self.mean

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"mean": self.mean, "scale": self.scale}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Restore the scaler from `state()`."""
        return cls(state["mean"], state["scale"])
