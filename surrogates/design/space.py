"""The parameters that may be simulated: a box, and constraints within it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import StudyError
from fieldwright.data.expressions import Constraint
from fieldwright.physics.solvers.sampling import sobol_points

MOST_DRAWS = 2**18


@dataclass(frozen=True, eq=False)
class ParameterSpace:
    """{x : lower <= x <= upper, and every constraint holds}; a parameter whose bounds are equal stays fixed.

    names: of the p parameters. lower, upper: (p,) in their units.
    """

    names: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        """Raises StudyError unless the bounds are finite, none reversed, and one parameter at least is free."""
        for name, low, high in zip(self.names, self.lower, self.upper, strict=True):
            if not (np.isfinite([low, high]).all() and low <= high):
                raise StudyError(
                    f"The 'minimum' of parameter '{name}' must be a finite number below its 'maximum'",
                    f"{low:g} and {high:g}",
                    "Correct [parameters.columns] in the study file",
                )
        if not self.free.any():
            raise StudyError(
                "At least one parameter must have room to vary",
                f"one value only for {', '.join(self.names)}",
                "Give 'minimum' and 'maximum' in [parameters.columns] of the study file",
            )

    @property
    def free(self) -> np.ndarray:
        """(p,) bool, which parameters vary."""
        return self.lower < self.upper

    def holds(self, x: np.ndarray) -> np.ndarray:
        """(q,) bool, whether each x (q, p) lies within the bounds and all constraints hold there."""
        columns = dict(zip(self.names, x.T, strict=True))
        inside = np.all((x >= self.lower) & (x <= self.upper), axis=1)
        for constraint in self.constraints:
            inside &= constraint.holds(columns)
        return inside

    def sample(self, n: int, seed: int) -> np.ndarray:
        """The first n points (n, p) of a scrambled Sobol sequence that satisfy the constraints.

        Raises StudyError where the constraints leave so little of the box that they cannot be found.
        """
        if n < 1:
            raise StudyError("The number of runs to suggest must be at least 1", str(n), "Give -n 8")
        bounds = {
            name: (float(low), float(high))
            for name, low, high, free in zip(self.names, self.lower, self.upper, self.free, strict=True)
            if free
        }
        draws = n
        while True:
            x = np.tile(self.lower, (draws, 1))
            x[:, self.free] = sobol_points(bounds, draws, seed)
            feasible = x[self.holds(x)]
            if len(feasible) >= n:
                return feasible[:n]
            if draws >= MOST_DRAWS:
                raise StudyError(
                    f"The constraints {' and '.join(repr(one.text) for one in self.constraints)} must leave "
                    "room between the bounds of the parameters",
                    f"{len(feasible)} of {draws} points that satisfy them, {n} needed",
                    "Loosen a constraint, or correct 'minimum' and 'maximum'",
                )
            draws = min(max(2 * draws, 1024), MOST_DRAWS)
