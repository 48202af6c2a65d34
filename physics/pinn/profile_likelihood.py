"""Intervals of estimated coefficients by profile likelihood: right where chi^2 is no parabola of the coefficient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy.stats import chi2, t
from torch import Tensor

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.coefficient_errors import CoefficientEstimate
from fieldwright.physics.pinn.corrected_network import RANK, Correction
from fieldwright.physics.pinn.residual_rows import ResidualRows

LEVEL = 0.95
FIRM = 1e-3
"""Relative residual that costs one unit of chi^2, over noise / spread: so small that the equation is a constraint."""
LEAST_NOISE = 1e-4
"""In shares of the spread: no solution is known better, and no output that is met exactly may divide by zero."""
STEPS = 6
SETTLED = 1e-3
"""Change of chi^2 within a step that ends them."""
FARTHEST = 20.0
"""Standard errors from the estimate beyond which an end is open."""
TRIES = 12
"""Values of the coefficient, each with the rest estimated anew, that the search of one end may take."""
CLOSE = 0.01
"""Error of the root of the rise of chi^2, in shares of it, that ends a search."""

Interval = tuple[float | None, float | None]
"""Lower and upper end; None where it is open."""


def profile_intervals(
    correction: Correction,
    estimates: Mapping[str, CoefficientEstimate],
    scale: float,
    measured: Measurements,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Interval]:
    """Of each coefficient the values c at which, the rest estimated anew, chi^2 rises by no more than a quantile.

        chi^2(c) = min over the solution and the other coefficients of sum (u - value)^2 / noise^2

    with the equation as a constraint. The quantile is that of chi^2 with one degree of freedom where the noise was
    stated, of t^2 where it was estimated from the misfit.

    Parameters
    ----------
    correction, scale, measured
        As they were given to `coefficient_estimates`.
    estimates
        What it returned.
    level
        Probability that the interval covers the coefficient.
    seed
        Of the collocation points.

    Returns
    -------
    dict
        Both ends, in the unit of the coefficient. An end is None that the measurements leave open within the range of
        the coefficient and `FARTHEST` standard errors. Each end costs `TRIES` re-optimisations at most, each of
        `STEPS` Gauss-Newton steps.

    References
    ----------
    Venzon and Moolgavkar, Appl. Statist. 37 (1988) 87; Raue et al., Bioinformatics 25 (2009) 1923.
    """
    network = correction.network
    theta = network.flat()
    stated = np.array(next(iter(estimates.values())).noise)
    noise = np.maximum(stated, LEAST_NOISE * measured.spread)
    is_measured = np.isfinite(measured.values)
    measures = is_measured.any(axis=0)
    unit = FIRM * min(float((noise / measured.spread)[measures].min()), 1.0)
    raised = float((noise / np.maximum(stated, 1e-300))[measures].max())
    firm = replace(measured, weight=tuple((len(is_measured) * unit**2 / noise**2).tolist()))
    points = network.inputs(3 * len(theta) // len(network.problem.outputs), np.random.default_rng(seed))
    rows = ResidualRows(network, points, scale, firm)
    count = len(network.estimated)
    start, least = _least(rows, theta, torch.arange(len(theta)), unit)
    if measured.noise is not None:
        rise = float(chi2.ppf(level, 1))
    else:
        freedom = max(int(is_measured.sum()) - count, 1)
        rise = float(t.ppf((1 + level) / 2, freedom) ** 2)
    intervals = {}
    for i, name in enumerate(network.estimated):
        unknown = network.problem.unknown(name)
        middle, half = (unknown.low + unknown.high) / 2, (unknown.high - unknown.low) / 2
        at = len(theta) - count + i
        step = max(raised * estimates[name].std / half, 1e-12)
        low, high = (_end(rows, start, at, sign * step, least, rise, unit) for sign in (-1.0, 1.0))
        intervals[name] = (
            None if low is None else middle + half * low,
            None if high is None else middle + half * high,
        )
    return intervals


def interval_text(ends: Interval, level: float = LEVEL) -> str:
    """An interval in words, after "lies"."""
    low, high = ends
    if low is not None and high is not None:
        where = f"between {low:.6g} and {high:.6g}"
    elif low is not None:
        where = f"above {low:.6g}, without an upper limit within its range"
    elif high is not None:
        where = f"below {high:.6g}, without a lower limit within its range"
    else:
        where = "anywhere within its range: the measurements do not limit it"
    return f"{where} ({level:.0%}, profile likelihood)"


def _least(rows: ResidualRows, theta: Tensor, free: Tensor, unit: float) -> tuple[Tensor, float]:
    """The weights (p,), and chi^2, after Gauss-Newton steps of those whose numbers are in `free`."""
    r = rows(theta)
    size = float(r.square().sum())
    for _ in range(STEPS):
        if not np.isfinite(size):
            break
        step = torch.zeros_like(theta)
        j = rows.jacobian(theta)[:, free]
        step[free] = torch.linalg.lstsq(j, -r[:, None], rcond=RANK, driver="gelsd").solution[:, 0]
        factor = 1.0
        while factor > 0.01:
            trial = rows(theta + factor * step)
            now = float(trial.square().sum())
            if now < size:
                break
            factor /= 2
        else:
            break
        gain, theta, r, size = size - now, theta + factor * step, trial, now
        if gain < SETTLED * unit**2:
            break
    return theta, size / unit**2


def _end(
    rows: ResidualRows, theta: Tensor, at: int, step: float, least: float, rise: float, unit: float
) -> float | None:
    """Where along `step` chi^2 has risen so far, as weight number `at`; None where it does not within the range.

    The root of the rise is nearly straight, so that secants find it.
    """
    estimate, target = float(theta[at]), rise**0.5
    # The range of a coefficient is -1 to 1 of its weight.
    farthest = min(FARTHEST, (1 - np.sign(step) * estimate) / abs(step))
    if farthest <= 0:
        return None
    free = torch.tensor([k for k in range(len(theta)) if k != at])
    low, low_root, high, high_root = 0.0, 0.0, np.inf, np.inf
    reach = min(target, farthest)
    for _ in range(TRIES):
        start = theta.clone()
        start[at] = estimate + reach * step
        nearest, size = _least(rows, start, free, unit)
        root = max(size - least, 0.0) ** 0.5 if np.isfinite(size) else np.inf
        if abs(root - target) < CLOSE * target:
            break
        if root < target:
            low, low_root, theta = reach, root, nearest
            if not np.isfinite(high):
                if reach >= farthest:
                    return None
                reach = min(reach * min(max(target / max(root, 1e-12), 1.1), 2.0), farthest)
                continue
        else:
            high, high_root = reach, root
        secant = low + (target - low_root) * (high - low) / (high_root - low_root)
        margin = 0.05 * (high - low)
        reach = min(max(secant, low + margin), high - margin) if np.isfinite(secant) else (low + high) / 2
    else:
        if not np.isfinite(high):
            return None
    return estimate + reach * step
