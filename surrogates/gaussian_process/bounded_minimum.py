"""The minimum of a smooth function of few variables between bounds, by few evaluations and little beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

FunctionAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]

SUFFICIENT = 1e-4
"""Share of the decrease by the slope that a step must reach (Armijo)."""
LONGEST, FIRST = 2.0, 0.5
"""Change of any variable in one step, at most, and in a step that knows of no curvature."""
SHORTEN = (0.1, 0.5)
"""Between which shares of a step that was too long the next one lies."""
MOST_TRIES = 20
LEAST_SLOPE, FLAT = 1e-10, 1e-4
"""Slope along a step, and largest derivative, of a function that goes down no further."""
CURVED = 1e-8
"""Of |s| |y| that s y must exceed for a step s with the change y of the gradient to tell a curvature."""


@dataclass(frozen=True, eq=False)
class BoundedMinimum:
    """theta (d,), the value there, the inverse Hessian (d, d) as the steps made it, and the number of evaluations."""

    theta: np.ndarray
    value: float
    inverse: np.ndarray | None
    evaluations: int


def bounded_minimum(
    function: FunctionAndGradient,
    start: np.ndarray,
    bounds: np.ndarray,
    *,
    tolerance: float,
    inverse: np.ndarray | None = None,
    most: int = 200,
) -> BoundedMinimum:
    """Of a function with gradient from `start` (d,) within bounds (d, 2), by BFGS in the free variables.

    A variable at a bound that its gradient points across is held there for one step. It ends where a step gains less
    than the tolerance, an absolute one, after at most so many evaluations. scipy's L-BFGS-B takes as long beside
    the likelihoods of few runs as these take, and can begin with no curvature.
    Sources: Nocedal & Wright, Numerical Optimization, 2006, chapter 6; Bertsekas, SIAM J. Control Optim. 20 (1982)
    221.

    inverse: (d, d) the inverse Hessian of a like function to begin with. Whatever a line search finds no way down
    along is dropped for the steepest descent, and without that too the search ends.
    """
    lower, upper = bounds.T
    x = np.minimum(np.maximum(start, lower), upper)
    value, gradient = function(x)
    evaluations, identity = 1, np.eye(len(x))
    matrix = inverse
    while evaluations < most:
        at_bound = ((x <= lower) & (gradient > 0.0)) | ((x >= upper) & (gradient < 0.0))
        step = _step(identity if matrix is None else matrix, gradient, at_bound)
        step *= min(1.0, (FIRST if matrix is None else LONGEST) / max(float(np.abs(step).max()), FLAT))
        slope, share, lower_value = float(step @ gradient), 1.0, False
        tries = MOST_TRIES if slope < -LEAST_SLOPE else 0
        for _ in range(min(tries, most - evaluations)):
            moved = np.minimum(np.maximum(x + share * step, lower), upper)
            new_value, new_gradient = function(moved)
            evaluations += 1
            if lower_value := new_value <= value + SUFFICIENT * share * slope:
                break
            curvature = new_value - value - share * slope
            best = -0.5 * slope * share * share / curvature if curvature > 0.0 else 0.5 * share
            share = min(max(best, SHORTEN[0] * share), SHORTEN[1] * share)
        if not lower_value:
            if matrix is None or float(np.abs(gradient[~at_bound]).max(initial=0.0)) < FLAT:
                break
            # The inverse Hessian of another function may mislead; the steepest descent never does.
            matrix = None
            continue
        s, y, gain = moved - x, new_gradient - gradient, value - new_value
        x, value, gradient, sy = moved, new_value, new_gradient, float(s @ y)
        if sy > CURVED * float(np.linalg.norm(s) * np.linalg.norm(y)):
            matrix = _updated(identity * (sy / float(y @ y)) if matrix is None else matrix, s, y, sy)
        if gain < tolerance:
            break
    return BoundedMinimum(x, value, matrix, evaluations)


def _step(matrix: np.ndarray, gradient: np.ndarray, at_bound: np.ndarray) -> np.ndarray:
    """-H g in the variables that are not at a bound."""
    if not at_bound.any():
        return -(matrix @ gradient)
    step, free = np.zeros_like(gradient), ~at_bound
    step[free] = -(matrix[np.ix_(free, free)] @ gradient[free])
    return step


def _updated(matrix: np.ndarray, s: np.ndarray, y: np.ndarray, sy: float) -> np.ndarray:
    """The inverse Hessian after a step s that changed the gradient by y (BFGS)."""
    moved = matrix @ y
    outer = np.multiply.outer(s, moved)
    return matrix + np.multiply.outer(s, s) * ((sy + float(y @ moved)) / sy**2) - (outer + outer.T) / sy
