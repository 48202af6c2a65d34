"""EZyRB's POD with radial basis functions by SciPy alone, of which one decomposition serves all settings.

EZyRB's `RBF` is SciPy's `RBFInterpolator`, and its POD a singular value decomposition that is not centred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np
from scipy.interpolate import RBFInterpolator

from benchmarks.surrogates.peers import EPSILONS, POLYHARMONIC, RANKS, SCALES, SHAPED, shown_rank

Predictor = Callable[[np.ndarray], np.ndarray]
NAME = "POD and SciPy's RBF"


def settings() -> Iterator[tuple[str, Callable[[np.ndarray, np.ndarray], Predictor]]]:
    """All settings of EZyRB's radial basis functions by name: scales, kernels, shapes, numbers of modes."""
    decompositions: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    shaped = [*product(POLYHARMONIC, (None,)), *product(SHAPED, EPSILONS)]
    for scale, rank, (kernel, epsilon) in product(SCALES, RANKS, shaped):
        name = kernel if epsilon is None else f"{kernel} {epsilon:g}"
        label = f"{name}, {shown_rank(rank)}, {scale}"
        yield label, partial(_fitted, decompositions, scale, rank, kernel, epsilon)


def _fitted(
    decompositions: dict[bytes, tuple[np.ndarray, np.ndarray]],
    scale: str,
    rank: int,
    kernel: str,
    epsilon: float | None,
    x: np.ndarray,
    values: np.ndarray,
) -> Predictor:
    key = x.tobytes()
    if key not in decompositions:
        snapshots = values.reshape(len(values), -1).astype(np.float64)
        left, size, modes = np.linalg.svd(snapshots, full_matrices=False)
        decompositions[key] = left * size, modes
    latent, modes = decompositions[key]
    kept = slice(rank if 0 < rank < min(latent.shape) else None)
    scaled = SCALES[scale](x, x)
    if epsilon is None:
        epsilon = 1.0 if kernel in POLYHARMONIC else _usual_shape(scaled)
    interpolant = RBFInterpolator(scaled, latent[:, kept], kernel=kernel, epsilon=epsilon)
    return lambda queries: interpolant(SCALES[scale](x, queries)) @ modes[kept]


def _usual_shape(x: np.ndarray) -> float:
    """The shape that EZyRB takes where none is given: by the box of x (n, p) and, as it has it, the number p."""
    edges = np.ptp(x, axis=0)
    edges = edges[edges > 0.0]
    return float((np.prod(edges) / x.shape[1]) ** (1.0 / len(edges))) if len(edges) else 1.0
