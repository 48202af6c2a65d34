"""The facts of an equation that the settings of a training need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class EquationFacts(Protocol):
    """A part of `Problem`, which itself may hold the settings that train it best."""

    @property
    def name(self) -> str:
        """Of the equation."""
        ...

    @property
    def time(self) -> Any | None:
        """DeepXDE's time domain, None where there is no time."""
        ...

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest coordinates (d,), time last."""
        ...

    @property
    def values(self) -> Mapping[str, float]:
        """Coefficients by name."""
        ...

    def unknown(self, name: str) -> Any:
        """A coefficient; raises FieldwrightError where there is none of that name."""
        ...
