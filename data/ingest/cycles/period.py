"""The period of a run that repeats, and where its start-up ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar

from fieldwright.data.errors import RunRejected

STEADY = 1e-4
"""Fluctuation over the size of the fields up to which a run does not change in time."""
KEPT_ENERGY = 1e-6
"""Share of the fluctuation that the modes in which the period is sought may leave out."""
MOST_MODES = 16
FINE = 8
"""Places per step of the solver's output at which lags are tried."""
SETTLED = 0.02
"""Share of the fluctuation by which an earlier period may differ from the last one and still count, at least."""
LEAST_SAMPLES = 5
"""Written times per period, at least: two harmonics."""


@dataclass(frozen=True)
class Cycle:
    """A period at the end of a run.

    period, error: seconds, and how far it may be off. start: from when on the run repeats. count: whole periods since
    then. change: share of the fluctuation by which the last period differs from the one before.
    """

    period: float
    error: float
    start: float
    count: int
    change: float


def time_coefficients(snapshots: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The coordinates (t, r) of the snapshots (t, m) about their mean in the leading modes of a weighted POD.

    weights: (m,) of the inner product. Modes are taken until they leave out a share of 1e-6 of the energy.
    """
    off = (snapshots - snapshots.mean(axis=0)) * np.sqrt(weights)
    square, vectors = np.linalg.eigh(off @ off.T)
    square, vectors = square[::-1].clip(0.0), vectors[:, ::-1]
    total = square.sum()
    if total == 0.0:
        return np.zeros((len(snapshots), 1))
    rank = int(np.searchsorted(np.cumsum(square), (1.0 - KEPT_ENERGY) * total)) + 1
    rank = min(rank, MOST_MODES, len(square))
    return vectors[:, :rank] * np.sqrt(square[:rank])


def find_cycle(times: np.ndarray, coefficients: np.ndarray, largest_change: float) -> Cycle:
    """The period at the end of a run, by the return of its state a(t).

    D(tau) = <|a(t) - a(t - tau)|^2> / (2 <|a - <a>|^2>), the means over the end of the run, is 0 where tau is a
    period and 1 where states have nothing to do with each other. The period is the least lag at which D has a minimum
    about as low as anywhere; longer lags of several periods then make it exact.

    Parameters
    ----------
    times : (t,)
        Rising, not necessarily evenly.
    coefficients : (t, r)
        As `time_coefficients` has them.
    largest_change : float
        Root of D at the period up to which the run counts as repeating.

    Raises
    ------
    RunRejected
        "does not repeat": it is steady, is covered for less than two periods, grows, or has several frequencies.
    """
    state = CubicSpline(times, coefficients)
    total, step = float(times[-1] - times[0]), float(np.median(np.diff(times)))
    late = _between(state, times[-1] - 0.5 * total, 0.5 * total, step)
    variance = float(np.mean(np.sum((late - late.mean(axis=0)) ** 2, axis=1)))
    lags = np.arange(3.0 * step, 0.5 * total, step / FINE)
    distances = np.array([_distance(state, times, lag, step, variance) for lag in lags])
    lag, distance = _first_return(lags, distances, largest_change, times)
    period, distance = _refined(state, times, lag, step, variance, 2.0 * step / FINE)
    change = float(np.sqrt(distance))
    # Earlier periods count as long as they are like the last one.
    count, limit = 1, max(2.0 * change, SETTLED)
    while (count + 1) * period <= total + 0.5 * step:
        if _departure(state, times[-1], count * period, period, step, variance) > limit:
            break
        count += 1
    if count > 2:
        # The lag of several periods has the same error as that of one: divided by their number it is smaller.
        lag, distance = _refined(
            state, times, (count - 1) * period, step, variance, 0.1 * period, (count - 1) * period
        )
        period = lag / (count - 1)
    speed = float(
        np.mean(np.sum(_between(state.derivative(), times[-1] - period, period, step) ** 2, axis=1))
    )
    # The shift in time that would explain all of what is left.
    error = float(np.sqrt(2.0 * distance * variance / speed)) / max(count - 1, 1)
    return Cycle(period, error, float(times[-1] - count * period), count, change)


def not_repeating(got: str, do: str) -> RunRejected:
    """The rejection of a run that does not repeat."""
    return RunRejected("does not repeat", "A run must come back to where it was, period by period", got, do)


def _first_return(
    lags: np.ndarray, distances: np.ndarray, largest_change: float, times: np.ndarray
) -> tuple[float, float]:
    """The least lag at which the distance has a minimum about as low as the lowest, and the distance there."""
    away = np.flatnonzero(distances > 0.5 * min(1.0, float(distances.max(initial=0.0))))
    first = int(away[0]) if len(away) else len(lags)
    inner = np.arange(max(first, 1), len(lags) - 1)
    minima = inner[(distances[inner] <= distances[inner - 1]) & (distances[inner] < distances[inner + 1])]
    if not len(minima):
        raise not_repeating(
            f"no return within half of the time from {times[0]:g} to {times[-1]:g}",
            "Run it for at least two periods after its start-up, or take rule = 'mean' or 'last'",
        )
    lowest = float(distances[minima].min())
    if np.sqrt(lowest) > largest_change:
        lag = lags[minima[distances[minima].argmin()]]
        raise not_repeating(
            f"a state {np.sqrt(lowest):.0%} of the fluctuation away from that of {lag:.3g} s before, the best of all",
            "Run it until it has settled; for a flow of several frequencies take rule = 'mean'",
        )
    # Twice a period returns as well, and better where the flow is still settling.
    limit = max(4.0 * lowest, min(0.25 * largest_change**2, lowest + 0.01))
    least = int(minima[distances[minima] <= limit][0])
    return float(lags[least]), float(distances[least])


def _distance(
    state: CubicSpline,
    times: np.ndarray,
    lag: float,
    step: float,
    variance: float,
    window: float | None = None,
) -> float:
    total = times[-1] - times[0]
    length = max(lag, total / 3.0) if window is None else window
    begin = max(times[0] + lag, times[-1] - length)
    now = _between(state, begin, times[-1] - begin, step)
    before = _between(state, begin - lag, times[-1] - begin, step)
    return float(np.mean(np.sum((now - before) ** 2, axis=1))) / (2.0 * variance)


def _departure(
    state: CubicSpline, end: float, lag: float, period: float, step: float, variance: float
) -> float:
    """Root of the distance of the last period from that which lies so much before."""
    now, before = (_between(state, at - period, period, step) for at in (end, end - lag))
    return float(np.sqrt(np.mean(np.sum((now - before) ** 2, axis=1)) / (2.0 * variance)))


def _refined(
    state: CubicSpline,
    times: np.ndarray,
    lag: float,
    step: float,
    variance: float,
    room: float,
    window: float | None = None,
) -> tuple[float, float]:
    """The lag within `room` of this one at which the distance is least, and the distance there."""
    total = times[-1] - times[0]
    high = min(lag + room, total - 0.5 * step)
    if window is not None:
        window = min(window, total - high)
    minimum = minimize_scalar(
        lambda tau: _distance(state, times, tau, step, variance, window),
        bounds=(max(lag - room, step), high),
        method="bounded",
        options={"xatol": 1e-7 * lag},
    )
    return float(minimum.x), float(minimum.fun)


def _between(curve: CubicSpline, begin: float, length: float, step: float) -> np.ndarray:
    """Values (k, r) at even places over a length from `begin` on, four to a step."""
    count = max(8, int(np.ceil(4.0 * length / step)) + 1)
    return curve(begin + np.linspace(0.0, length, count))
