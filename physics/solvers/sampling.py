"""Where to compute: points that fill a box of parameters evenly, and go on filling it when more are added."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import qmc

from fieldwright.data.errors import FieldwrightError


def sobol_points(bounds: Mapping[str, tuple[float, float]], n: int, seed: int) -> np.ndarray:
    """The first n points (n, p) of a scrambled Sobol sequence in a box, in the units of the bounds.

    bounds: name to (low, high) of each of the p parameters; columns come in this order. A longer sequence of the
    same seed begins with the shorter one, so finished runs stay valid when a plan grows; the first 2^m points hold
    exactly one point in each of 2^m equal slices of every parameter.
    Raises FieldwrightError for n < 1 or a bound that does not rise.
    Source: Sobol (1967); scrambling of Matousek (1998), J. Complexity 14, 527, as in scipy.stats.qmc.
    """
    if n < 1:
        raise FieldwrightError("The number of points must be >= 1", str(n), "Ask for at least one run")
    for name, (low, high) in bounds.items():
        if not (np.isfinite([low, high]).all() and low < high):
            raise FieldwrightError(
                f"The bounds of '{name}' must be finite and rise",
                f"({low}, {high})",
                "Give (low, high) in its unit",
            )
    low, high = np.array(list(bounds.values()), dtype=float).T
    # Drawn up to a power of two, which the sequence is balanced for, then cut: the prefix is the same.
    unit = qmc.Sobol(d=len(bounds), scramble=True, rng=seed).random_base2(int(np.ceil(np.log2(n))))
    return low + (high - low) * unit[:n]
