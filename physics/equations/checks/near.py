"""Whether points lie in a domain, its boundary with it, within rounding."""

from __future__ import annotations

from itertools import product
from typing import Any, Protocol

import numpy as np

MARGIN = 1e-6
"""In shares of the domain's size."""


class WithDomain(Protocol):
    """The part of an equation that is needed here: its box, and the geometry in it, if any."""

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest coordinates (d,)."""
        ...

    @property
    def geometry(self) -> Any | None:
        """DeepXDE's, of the space alone."""
        ...


def near_domain(problem: WithDomain, points: np.ndarray) -> np.ndarray:
    """Which of points (n, d) lie in the domain or within a millionth of its size of it, (n,) bool."""
    low, high = problem.bounds
    margin = MARGIN * (high - low)
    near = np.all((points >= low - margin) & (points <= high + margin), axis=1)
    if problem.geometry is not None:
        d = problem.geometry.dim
        space, inside = points[:, :d], np.zeros(len(points), dtype=bool)
        # A point on the boundary is inside from one of its neighbours.
        for shift in product((-1.0, 0.0, 1.0), repeat=d):
            inside |= problem.geometry.inside(space + np.array(shift) * margin[:d])
        near &= inside
    return near
