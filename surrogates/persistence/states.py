"""Named arrays that hold what a model has learned, parts of a model under a prefix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def prefixed(prefix: str, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a part of a model, their names under the prefix."""
    return {f"{prefix}{name}": array for name, array in state.items()}


def part(state: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays of the part under the prefix, without it: the inverse of `prefixed`."""
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
