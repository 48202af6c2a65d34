"""Detection of fields that oscillate in time with a phase that differs from run to run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

LEAST_RUNS, LEAST_TIMES = 4, 12
MOST_RUNS, MOST_TIMES, MOST_VALUES, MODES = 40, 400, 400, 8
"""Limits of the data that are examined; the leading modes carry the oscillation."""
LONGEST = 2.0 / 3.0
"""Longest period that can be detected, as a share of the times: half a period must occur twice."""
OPPOSITE, AGAIN = 0.3, 0.8
"""Correlation of a run with itself, below which it has moved away from its state and above which it is back."""
QUIET = 0.1
"""Share of a run's mean square fluctuation that a stretch of it must have to be compared."""
APART, ALIKE = 0.6, 0.8
"""Correlations of neighbouring runs: below the first as they are, above the second once moved in time."""


@dataclass(frozen=True)
class UnalignedPhases:
    """A field whose runs oscillate out of step.

    cycles: median number of periods within the times of a run. together, moved: mean correlation of the
    runs with their neighbours in the parameters, as they are and once these are moved in time.
    """

    cycles: float
    together: float
    moved: float

    def sentence(self, field: str) -> str:
        """Return a sentence that states the problem and what to do."""
        return (
            f"'{field}' is periodic in time, about {self.cycles:.2g} periods in a run, and its phase is not aligned: "
            f"fields of neighbouring runs correlate by {self.together:.2f}, but by {self.moved:.2f} once moved in "
            "time. The phase does not follow from the parameters, so models of them are no better than the mean. "
            "Start all runs at the same phase, learn from averages over a period, or give measured first times "
            "(`history` in [time])"
        )


def unaligned_phases(x: np.ndarray, values: np.ndarray) -> UnalignedPhases | None:
    """Whether most runs return to their states, and agree with neighbouring ones only once moved in time.

    A transient that goes one way, or there and back once, never returns while it is still moving; one that starts
    alike in all runs agrees as it is.

    Parameters
    ----------
    x : (n, p)
        Parameters of the runs; those next to each other there are compared.
    values : (n, t, points, components)
        One field at evenly spaced times.

    Returns
    -------
    UnalignedPhases or None
        None where the field is steady, does not oscillate, or does so in step.
    """
    if values.ndim != 4 or len(values) < LEAST_RUNS or values.shape[1] < LEAST_TIMES:
        return None
    rows = np.unique(np.linspace(0, len(values) - 1, min(MOST_RUNS, len(values))).astype(int))
    signals = _leading(values[rows])
    periods = [period(one) for one in signals]
    lengths = [one for one in periods if one is not None]
    if 2 * len(lengths) < len(rows):
        return None
    together, moved = [], []
    for i, neighbours in enumerate(_neighbours(x[rows])):
        length = periods[i]
        if length is None:
            continue
        together.append(np.mean([_correlation(signals[i], signals[j]) for j in neighbours]))
        moved.append(np.mean([_best(signals[i][:length], signals[j]) for j in neighbours]))
    phases = UnalignedPhases(
        float(np.median([signals.shape[1] / one for one in lengths])),
        float(np.mean(together)),
        float(np.mean(moved)),
    )
    return phases if phases.together < APART and phases.moved > ALIKE else None


def period(signal: np.ndarray) -> int | None:
    """The period of signals (t, m) in steps; None where they do not return while they still move."""
    t = len(signal)
    power = float(np.mean(np.sum((signal - signal.mean(axis=0)) ** 2, axis=1)))
    has_moved_away, best, at = False, AGAIN, None
    for lag in range(1, int(LONGEST * t) + 1):
        ahead, behind = signal[lag:], signal[: t - lag]
        if min(_power(ahead), _power(behind)) < QUIET * power:
            continue
        correlation = _correlation(ahead, behind)
        has_moved_away |= correlation < OPPOSITE
        if has_moved_away and correlation > best:
            best, at = correlation, lag
        elif at is not None and correlation < AGAIN:
            break
    return at


def _leading(values: np.ndarray) -> np.ndarray:
    """(n, t, m) coordinates of the leading modes of what changes in time in each run."""
    n, t = values.shape[:2]
    step, flat = -(-t // MOST_TIMES), values.reshape(n, t, -1)
    some = np.unique(np.linspace(0, flat.shape[2] - 1, min(MOST_VALUES, flat.shape[2])).astype(int))
    part = flat[:, ::step, some].astype(np.float64)
    part = part - part.mean(axis=1, keepdims=True)
    rows = part.reshape(-1, len(some))
    vectors = np.linalg.eigh(rows.T @ rows)[1][:, ::-1][:, :MODES]
    return part @ vectors


def _neighbours(x: np.ndarray) -> list[np.ndarray]:
    """Of each run the nearest other ones, as many as there are parameters and one more."""
    spread = np.ptp(x, axis=0) if x.shape[1] else np.zeros(0)
    scaled = x / np.where(spread > 0.0, spread, 1.0)
    distance = cdist(scaled, scaled) if x.shape[1] else np.zeros((len(x), len(x)))
    np.fill_diagonal(distance, np.inf)
    return list(np.argsort(distance, axis=1, kind="stable")[:, : min(len(x) - 1, x.shape[1] + 1)])


def _power(signal: np.ndarray) -> float:
    return float(np.mean(np.sum((signal - signal.mean(axis=0)) ** 2, axis=1)))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Of signals (t, m), each about its own mean in time."""
    a, b = one - one.mean(axis=0), other - other.mean(axis=0)
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.sum(a * b)) / size if size > 0.0 else 0.0


def _best(part: np.ndarray, signal: np.ndarray) -> float:
    """The largest correlation of a stretch (k, m) with any of the same length within (t, m)."""
    return max(_correlation(part, signal[i : i + len(part)]) for i in range(len(signal) - len(part) + 1))
