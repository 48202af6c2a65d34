"""The error against the number of runs as a power law, and the number of runs for a target error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

STEEPEST = 8.0
RESAMPLINGS = 200
SURE = 10.0
"""Ratio of the ends of the 80 % interval beyond which no number of runs is given."""
FARTHEST = 20.0
"""Multiple of the largest size tried beyond which nothing is extrapolated."""
SLOWEST = 0.1
"""Exponent below which an error does not fall."""
NEGLIGIBLE = 1e-12
"""Sum of squared differences of logarithms below which they are rounding."""


@dataclass(frozen=True)
class PowerLaw:
    """e(n) = floor + size n^-rate; the floor is zero unless the errors show one."""

    floor: float
    size: float
    rate: float

    def __call__(self, n: np.ndarray) -> np.ndarray:
        """Errors (k,) at numbers of runs n (k,)."""
        return self.floor + self.size * np.asarray(n, dtype=np.float64) ** -self.rate

    def runs_for(self, error: float) -> float:
        """The number of runs at which the error is reached; infinite where it never is."""
        if error <= self.floor or self.rate < SLOWEST:
            return np.inf
        return float((self.size / (error - self.floor)) ** (1.0 / self.rate))


def fit_power_law(sizes: np.ndarray, errors: np.ndarray) -> PowerLaw:
    """The law of mean errors (k,) at sizes (k,), by least squares of their logarithms.

    The floor is kept where it lowers the corrected criterion of Akaike, which few points rarely allow.
    Source: Viering & Loog, The shape of learning curves, IEEE TPAMI 45, 2023.
    """
    logs, target = np.log(sizes), np.log(errors)
    slope, offset = np.polyfit(logs, target, 1)
    start = PowerLaw(0.0, float(np.exp(offset)), float(np.clip(-slope, 0.0, STEEPEST)))
    without_floor = start if slope <= 0.0 else PowerLaw(0.0, float(np.exp(target.mean())), 0.0)
    k = len(sizes)
    misfit = float(np.sum((np.log(without_floor(sizes)) - target) ** 2))
    # A law that fits to rounding cannot gain from a floor.
    if k < 5 or without_floor.rate == 0.0 or misfit <= NEGLIGIBLE:
        return without_floor

    def residual(theta: np.ndarray) -> np.ndarray:
        return np.logaddexp(theta[0], theta[1] - theta[2] * logs) - target

    def jacobian(theta: np.ndarray) -> np.ndarray:
        share = expit(theta[1] - theta[2] * logs - theta[0])
        return np.stack([1.0 - share, share, -share * logs], axis=1)

    first = np.array([target.min() - 1.0, np.log(without_floor.size), without_floor.rate])
    low, high = np.array([-60.0, -60.0, 0.0]), np.array([target.min(), 60.0, STEEPEST])
    # Without bounds it is fifteen times as quick, and they seldom matter.
    theta = least_squares(residual, first, jacobian, method="lm", max_nfev=100).x  # pyright: ignore[reportArgumentType]
    if np.any(theta < low) or np.any(theta > high):
        theta = least_squares(residual, first, jacobian, (low, high)).x  # pyright: ignore[reportArgumentType]
    floored = PowerLaw(float(np.exp(theta[0])), float(np.exp(theta[1])), float(theta[2]))
    squares = (misfit, float(np.sum((np.log(floored(sizes)) - target) ** 2)))
    # Akaike's criterion, corrected for few points, of two and of three numbers and the variance.
    criterion = [
        k * np.log(max(square, NEGLIGIBLE) / k) + 2 * m + 2 * m * (m + 1) / max(k - m - 1, 0.5)
        for square, m in zip(squares, (3, 4), strict=True)
    ]
    return floored if criterion[1] < criterion[0] else without_floor


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Errors (k, repeats) of repeated trainings at sizes (k,), and the law of their means."""

    sizes: np.ndarray
    errors: np.ndarray
    law: PowerLaw
    resampled: tuple[PowerLaw, ...]

    @classmethod
    def of(cls, sizes: np.ndarray, errors: np.ndarray, seed: int) -> LearningCurve:
        """The law, and those of trainings drawn again with replacement at every size, which tell its uncertainty."""
        rng = np.random.default_rng(seed)
        repeats = errors.shape[1]
        resampled_errors = (
            np.take_along_axis(errors, rng.integers(0, repeats, errors.shape), axis=1)
            for _ in range(RESAMPLINGS)
        )
        laws = tuple(fit_power_law(sizes, one.mean(axis=1)) for one in resampled_errors)
        return cls(sizes, errors, fit_power_law(sizes, errors.mean(axis=1)), laws)

    def forecast(self, target_error: float) -> Forecast:
        """The number of runs for a target mean error, with an 80 % interval, or why it cannot be given."""
        runs = np.array([law.runs_for(target_error) for law in self.resampled])
        low, high = (float(np.quantile(runs, q, method="nearest")) for q in (0.1, 0.9))
        middle, largest = self.law.runs_for(target_error), float(self.sizes.max())
        if not np.isfinite(middle) or not np.isfinite(high):
            why = "the error does not fall far enough with the number of runs"
        elif high > SURE * low:
            why = f"the trainings allow any number from {low:.0f} to {high:.0f}"
        elif middle > FARTHEST * largest:
            why = f"it lies beyond {FARTHEST:.0f} times the {largest:.0f} runs that were tried"
        else:
            return Forecast(target_error, middle, low, high)
        return Forecast(target_error, np.nan, np.nan, np.nan, f"cannot be estimated from so few runs: {why}")


@dataclass(frozen=True)
class Forecast:
    """runs, low, high: number of runs for the target error and its 80 % interval; NaN where `why_not` is given."""

    target_error: float
    runs: float
    low: float
    high: float
    why_not: str = ""

    def __str__(self) -> str:
        if self.why_not:
            return self.why_not
        return f"about {np.ceil(self.runs):.0f} runs ({np.ceil(self.low):.0f} to {np.ceil(self.high):.0f})"
