"""Hyperparameters of coarse and fine runs together, by the likelihood of all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.gaussian_process.bounded_minimum import bounded_minimum
from fieldwright.surrogates.gaussian_process.fidelity import Autoregressive
from fieldwright.surrogates.gaussian_process.kernel import (
    FAMILIES,
    LENGTHSCALES,
    MOST_NOISE,
    PRIOR_VARIANCE,
    Hyperparameters,
    correlation_and_slope,
    prior_centre,
)
from fieldwright.surrogates.gaussian_process.likelihood import FAILED, Profile, Sample, profile
from fieldwright.surrogates.gaussian_process.optimum import TOLERANCE
from fieldwright.surrogates.gaussian_process.packed import Pairs

LEAST_NOISE = 1e-10
"""Over the outputscale of the coarsest level, at least. With less, searches of so many scales end at the border of
what float64 factors, and take a small difference of two levels for noise."""
RHO = (-10.0, 10.0)
DIFFERENCE = (1e-6, 1e4)
"""Variance of the difference of two levels over that of the coarsest."""
SPREAD = 0.7
FEWEST_DRAWS = 2
"""Starting points beside the first, at least: two levels share what they know in more than one way."""


class LevelsObjective:
    """Negative log likelihood of one output of runs of L levels, less the log prior, and its gradient.

    R = sum_l v_l c(d_l) g_l g_l^T + noise of the level, v_0 = 1; g as in `Autoregressive`, whose mean is profiled
    out with the outputscale.

    theta: log lengthscales of each level (L q), log v_1.., log noise of each level, all variances over the
    outputscale of the coarsest, and rho_1...
    """

    def __init__(self, x: np.ndarray, level: np.ndarray, family: str) -> None:
        self.level, self.family, self.pairs = level, family, Pairs.of(len(x))
        self.q, self.count = x.shape[1], int(level.max()) + 1
        self.squares = self.pairs.squares(x)
        self.centre = prior_centre(self.q)
        count, q = self.count, self.q
        self.cuts = np.cumsum([count * q, count - 1, count])
        self.bounds = np.vstack(
            [
                np.log([*[LENGTHSCALES] * (count * q), *[DIFFERENCE] * (count - 1)]).reshape(-1, 2),
                np.log([(LEAST_NOISE, MOST_NOISE)] * count),
                np.reshape([RHO] * (count - 1), (-1, 2)),
            ]
        )

    def start(self) -> np.ndarray:
        """Levels that are nearly alike."""
        short = -1.7 if self.family == "rbf" else -1.0
        lengths, variances, noise, rho = np.split(np.zeros(len(self.bounds)), self.cuts)
        return np.concatenate(
            [lengths + self.centre + short, variances - 2.0, noise + math.log(1e-6), rho + 1.0]
        )

    def unpacked(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Lengthscales (L, q), variances (L,), noise (L,) and rho (L,), the first of them 0."""
        lengths, variances, noise, rho = np.split(theta, self.cuts)
        table = np.exp(lengths).reshape(self.count, self.q)
        return table, np.exp([0.0, *variances]), np.exp(noise), np.array([0.0, *rho])

    def factors(self, rho: np.ndarray, without: int | None = None) -> np.ndarray:
        """g_l (L, n) of every run, or its derivative by rho_without."""
        table = np.zeros((self.count, self.count))
        for low in range(self.count):
            for high in range(low, self.count):
                between = [k for k in range(low + 1, high + 1) if k != without]
                if without is None or low < without <= high:
                    table[low, high] = np.prod(rho[between])
        return table[:, self.level]

    def __call__(self, theta: np.ndarray, sample: Sample) -> tuple[float, np.ndarray]:
        """Value and gradient at theta."""
        lengths, variances, noise, rho = self.unpacked(theta)
        pairs, g = self.pairs, self.factors(rho)
        outer = [pairs.outer(row) for row in g]
        shapes, terms, result = self._profile(theta, g, outer, sample)
        if result is None:
            return FAILED, np.zeros_like(theta)
        pull = result.pull
        on = pull[pairs.diagonal]
        away = theta[: self.cuts[0]] - self.centre
        gradient = np.empty_like(theta)
        by_length = [
            v * (self.squares @ (pull * slope * both)) / row**2
            for v, (_, slope), both, row in zip(variances, shapes, outer, lengths, strict=True)
        ]
        gradient[: self.cuts[0]] = np.concatenate(by_length) + away / PRIOR_VARIANCE
        gradient[self.cuts[0] : self.cuts[1]] = [float(pull @ term) for term in terms[1:]]
        gradient[self.cuts[1] : self.cuts[2]] = np.bincount(self.level, on, self.count) * noise
        for k in range(1, self.count):
            change = self.factors(rho, without=k)
            total = -float(result.mean @ change @ result.solved) / result.scale
            for v, (value, _), one, other in zip(variances, shapes, g, change, strict=True):
                both = one[pairs.first] * other[pairs.second] + other[pairs.first] * one[pairs.second]
                total += v * float(pull @ (value * both))
            gradient[self.cuts[2] + k - 1] = total
        return result.value + float(away @ away) / (2.0 * PRIOR_VARIANCE), gradient

    def _profile(
        self, theta: np.ndarray, g: np.ndarray, outer: list[np.ndarray], sample: Sample
    ) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray], Profile | None]:
        """Correlations and slopes of each level, the terms of R, and what follows from R."""
        lengths, variances, noise, _ = self.unpacked(theta)
        shapes = [correlation_and_slope((1.0 / row**2) @ self.squares, self.family) for row in lengths]
        terms = [v * value * both for v, (value, _), both in zip(variances, shapes, outer, strict=True)]
        matrix = np.sum(terms, axis=0)
        matrix[self.pairs.diagonal] += noise[self.level]
        return shapes, terms, profile(self.pairs, matrix, g.T, sample, 1.0)

    def processes(self, theta: np.ndarray, sample: Sample) -> tuple[np.ndarray, list[tuple]]:
        """Return rho (L,), and of each level what `Hyperparameters` holds of one output."""
        lengths, variances, noise, rho = self.unpacked(theta)
        g = self.factors(rho)
        result = self._profile(theta, g, [self.pairs.outer(row) for row in g], sample)[2]
        scale, mean = (result.scale, result.mean) if result else (1.0, np.zeros(self.count))
        none, family = np.zeros(self.q), np.int64(FAMILIES.index(self.family))
        rows = zip(lengths, variances * scale, noise * scale, mean, strict=True)
        return rho, [(length, v, none, none, level, c, family) for length, v, level, c in rows]


def fit_levels(
    x: np.ndarray,
    z: np.ndarray,
    position: int,
    families: Sequence[str],
    *,
    restarts: int,
    seed: int,
    most: int,
) -> Autoregressive:
    """Of every column of z (n, r) over x (n, p), whose column `position` tells the level, greater for finer.

    The most likely of the families is taken for all outputs. Of more than `most` runs the finest are learned from.
    Raises ModelError unless there are two levels at least and another parameter.
    """
    values, level = np.unique(x[:, position], return_inverse=True)
    if len(values) < 2 or x.shape[1] < 2:
        raise ModelError(
            "Runs of several fidelities must have two levels at least, and another parameter",
            f"{len(values)} level(s) and {x.shape[1]} parameter(s)",
            "Leave 'fidelity' out, or add coarser or finer runs",
        )
    rows = np.argsort(-level, kind="stable")[:most]
    level = np.unique(level[rows], return_inverse=True)[1]
    others = np.delete(x[rows], position, axis=1)
    rng = np.random.default_rng(seed)
    best: tuple[float, list[tuple[np.ndarray, list[tuple]]]] | None = None
    for family in families:
        objective = LevelsObjective(others, level, family)
        draws = [objective.start()]
        draws += [
            draws[0] + rng.normal(scale=SPREAD, size=len(draws[0]))
            for _ in range(max(restarts, FEWEST_DRAWS))
        ]
        processes, total = [], 0.0
        for column in z[rows].T:
            sample = Sample.once(column)
            ends = [_followed(objective, theta, sample) for theta in draws]
            end = min(ends, key=lambda each: each[0])
            total += end[0]
            processes.append(objective.processes(end[1], sample))
        if best is None or total < best[0]:
            best = (total, processes)
    assert best is not None
    return _joined(best[1], position, values[-int(level.max()) - 1 :])


def _followed(objective: LevelsObjective, theta: np.ndarray, sample: Sample) -> tuple[float, np.ndarray]:
    end = bounded_minimum(lambda at: objective(at, sample), theta, objective.bounds, tolerance=TOLERANCE)
    return end.value, end.theta


def _joined(
    rows_of_outputs: list[tuple[np.ndarray, list[tuple]]], position: int, levels: np.ndarray
) -> Autoregressive:
    """The prior of all outputs."""
    rho = torch.from_numpy(np.array([row for row, _ in rows_of_outputs]))
    processes = tuple(
        Hyperparameters(*(torch.from_numpy(np.array(part)) for part in zip(*rows, strict=True)))
        for rows in zip(*(rows for _, rows in rows_of_outputs), strict=True)
    )
    return Autoregressive(position, torch.from_numpy(levels), rho, processes)
