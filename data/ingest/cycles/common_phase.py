"""The same phase in all runs that repeat: where in its period each run is where the first one begins its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

MOST_VALUES = 200_000
"""Values of a run by which its phase is compared, spread evenly over its fields."""


def first_wave(fields: Sequence[np.ndarray]) -> np.ndarray:
    """The first harmonic of some fields (k + 1, n, c) of one period, complex (m,), each field of size one.

    At most `MOST_VALUES` of them.
    """
    step = max(1, sum(values[0].size for values in fields) // MOST_VALUES)
    waves = []
    for values in fields:
        flat = values[:-1].reshape(len(values) - 1, -1)[:, ::step].astype(np.float64)
        wave = np.fft.rfft(flat, axis=0)[1]
        waves.append(wave / (np.linalg.norm(wave) or 1.0))
    return np.concatenate(waves)


def common_phases(waves: Mapping[str, np.ndarray], earlier: Mapping[str, float]) -> dict[str, float]:
    """The phase at which each run begins, 0 of the first, so that neighbouring runs agree as well as they can.

    Two runs of first harmonics a and b agree best where b begins arg(sum conj(a) b) / (2 pi) earlier than a. Runs
    of parameters far apart have little in common, so each run is compared with that of all before it which it
    resembles most, a tree of greatest likeness |sum conj(a) b|. Runs that have a phase already keep it: more runs
    change nothing of the others.

    Parameters
    ----------
    waves : mapping of str to (m,) complex
        As `first_wave` has them, in the order of the runs.
    earlier : mapping of str to float
        The phases that some of them have.
    """
    names = list(waves)
    matrix = np.array([waves[name] / (np.linalg.norm(waves[name]) or 1.0) for name in names])
    overlap = matrix.conj() @ matrix.T
    phases = {name: earlier[name] for name in names if name in earlier} or {names[0]: 0.0}
    while len(phases) < len(names):
        placed = [k for k, name in enumerate(names) if name in phases]
        free = [k for k, name in enumerate(names) if name not in phases]
        likeness = np.abs(overlap[np.ix_(placed, free)])
        row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
        before, new = placed[row], free[column]
        ahead = float(np.angle(overlap[before, new])) / (2.0 * np.pi)
        phases[names[new]] = (phases[names[before]] - ahead) % 1.0
    return phases
