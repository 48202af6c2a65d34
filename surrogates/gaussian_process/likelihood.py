"""The marginal likelihood of one output and its gradient, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldwright.surrogates.gaussian_process.kernel import (
    BILINEAR,
    LEAST_NOISE,
    LENGTHSCALES,
    LINEAR,
    MOST_NOISE,
    OUTPUTSCALES,
    PRIOR_VARIANCE,
    Structure,
    correlation_and_slope,
    prior_centre,
)
from fieldwright.surrogates.gaussian_process.packed import Pairs

NOISY = 0.03
"""Noise variance over outputscale where a search begins for values that are not smooth."""
LONGER = 1.6
"""Logarithm of the lengthscales of a further start over those of the first one."""
FAILED = 1e10
"""In place of the likelihood where the covariance cannot be factored."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One output at n places, each observed once or more; every array is (n,).

    z: mean of the observations of a place. weight: noise variance of that mean over the noise level.
    repeats: observations beyond the first. squares: their sum of (z - mean)^2 over the relative noise variance
    of one observation there.
    """

    z: np.ndarray
    weight: np.ndarray
    repeats: np.ndarray
    squares: np.ndarray

    @classmethod
    def once(cls, z: np.ndarray) -> Sample:
        """Every place observed once, with equal noise."""
        return cls(np.ascontiguousarray(z), np.ones(len(z)), np.zeros(len(z)), np.zeros(len(z)))

    def rows(self, rows: np.ndarray) -> Sample:
        """The sample at some of the places."""
        return Sample(self.z[rows], self.weight[rows], self.repeats[rows], self.squares[rows])

    @cached_property
    def spare(self) -> float:
        """Number D of all observations beyond the first of each place."""
        return float(self.repeats.sum())

    @cached_property
    def scatter(self) -> float:
        """S, the sum of all squares about the means."""
        return float(self.squares.sum())


@dataclass(frozen=True, eq=False)
class Profile:
    """What follows in closed form from a correlation matrix R = K / s.

    value: negative log likelihood. scale: the best s. mean: (k,) the best coefficients of the mean.
    solved: (n,) a = R^-1 (z - H mean). pull: (m,)
    half of R^-1 - a a^T / s, packed, halved again on the diagonal: the derivative of the value along any
    symmetric dR is the sum of pull * dR over the packed pairs, twice off the diagonal as it should.
    """

    value: float
    scale: float
    mean: np.ndarray
    solved: np.ndarray
    pull: np.ndarray


def profile(
    pairs: Pairs, matrix: np.ndarray, basis: np.ndarray, sample: Sample, ratio: float
) -> Profile | None:
    """-log p(z) with s and the mean at their best; None where the matrix is not positive definite.

    f = (N log s + log|R| + ((z - Hb)^T R^-1 (z - Hb) + S / ratio) / s + D log ratio + N log(2 pi)) / 2 with
    D = `spare`, S = `scatter`, N = n + D: the likelihood of all observations, up to what no hyperparameter changes.
    Sources: Rasmussen & Williams, (5.8); Binois, Gramacy & Ludkovski, J. Comput. Graph. Stat. 27 (2018) 808.

    matrix: (m,) R, packed, noise included. basis: (n, k) H. ratio: noise level over s.
    """
    factor = pairs.factor(matrix)
    if factor is None:
        return None
    half_log = float(np.log(factor[pairs.diagonal]).sum())
    right = np.empty((len(basis), 1 + basis.shape[1]), order="F")
    right[:, 0], right[:, 1:] = sample.z, basis
    solved = pairs.solve(factor, right)
    products = basis.T @ solved
    # One constant is the rule, and a division takes a tenth of the time of a solution.
    mean = (
        products[:, 0] / products[0, 1]
        if len(products) == 1
        else np.linalg.solve(products[:, 1:], products[:, 0])
    )
    a = solved[:, 0] - solved[:, 1:] @ mean
    count = len(a) + sample.spare
    square = float((sample.z - basis @ mean) @ a) + sample.scatter / ratio
    scale = min(max(square / count, OUTPUTSCALES[0]), OUTPUTSCALES[1])
    value = 0.5 * (count * math.log(2.0 * math.pi * scale) + square / scale + sample.spare * math.log(ratio))
    pull = pairs.inverse(factor)
    pull -= pairs.outer(a / math.sqrt(scale))
    pull[pairs.diagonal] *= 0.5
    return Profile(value + half_log, scale, mean, a, pull)


class Objective:
    """Negative log likelihood of one output, less the log prior of the lengthscales, and its gradient.

    df/dt = tr((R^-1 - a a^T / s) dR/dt) / 2, a = R^-1 (z - c). Source: Rasmussen & Williams, (5.9). Prior: log
    lengthscale ~ N(prior_centre(p), PRIOR_VARIANCE).

    theta: logarithms of the lengthscales of the parameters not in linear_in, of the noise and, where the
    structure has them, of the p slope variances and of the bilinear ones, these three over the outputscale.
    """

    def __init__(self, x: np.ndarray, structure: Structure, pairs: Pairs | None = None) -> None:
        self.structure, self.pairs, self.p = structure, pairs or Pairs.of(len(x)), x.shape[1]
        self.curved = [j for j in range(self.p) if j not in structure.linear_in]
        self.q = len(self.curved)
        self.squares = self.pairs.squares(x[:, self.curved])
        self.products = self.pairs.products(x) if structure.linear else np.empty((0, 0))
        self.loads = self.pairs.products(x[:, list(structure.linear_in)])
        self.basis = np.ones((len(x), 1))
        self.centre = prior_centre(self.p)

    @cached_property
    def bounds(self) -> np.ndarray:
        """(d, 2) least and largest theta."""
        slopes = [LINEAR] * (self.p * self.structure.linear) + [BILINEAR] * len(self.structure.linear_in)
        return np.log([*[LENGTHSCALES] * self.q, (LEAST_NOISE, MOST_NOISE), *slopes])

    def start(self) -> np.ndarray:
        """A point that suits smooth functions; the smoother the family, the shorter its lengthscales are."""
        slopes = self.p * self.structure.linear + len(self.structure.linear_in)
        length, noise = (-1.7, 1e-6) if self.structure.family == "rbf" else (-1.0, 1e-4)
        return np.array([*[self.centre + length] * self.q, math.log(noise), *[math.log(0.3)] * slopes])

    def starts(self) -> list[np.ndarray]:
        """The start, and the same with noise that shows.

        Without noise the gradient along its logarithm vanishes, and a search from there would call noise roughness.
        """
        start = self.start()
        noisy = start.copy()
        noisy[self.q] = math.log(NOISY)
        return [start, noisy]

    def longer_start(self) -> np.ndarray:
        """One of longer lengthscales: from short ones a search can end at a function that ripples between runs."""
        start = self.start()
        start[: self.q] += LONGER
        return start

    def __call__(self, theta: np.ndarray, sample: Sample) -> tuple[float, np.ndarray]:
        """Value and gradient at theta."""
        q, pairs = self.q, self.pairs
        weight, ratio, slopes, loads = self._parts(theta)
        matrix, smooth, slope = self._correlations(theta, sample)
        result = profile(pairs, matrix, self.basis, sample, ratio)
        if result is None:
            return FAILED, np.zeros_like(theta)
        pull, gradient = result.pull, np.empty_like(theta)
        away = theta[:q] - self.centre
        gradient[:q] = weight * (self.squares @ (pull * slope)) + away / PRIOR_VARIANCE
        gradient[q] = ratio * float(pull[pairs.diagonal] @ sample.weight)
        gradient[q] += 0.5 * (sample.spare - sample.scatter / (ratio * result.scale))
        if len(slopes):
            gradient[q + 1 : q + 1 + len(slopes)] = slopes * (self.products @ pull)
        if len(loads):
            gradient[q + 1 + len(slopes) :] = loads * (self.loads @ (pull * smooth))
        return result.value + float(away @ away) / (2.0 * PRIOR_VARIANCE), gradient

    def scale_and_mean(self, theta: np.ndarray, sample: Sample) -> tuple[float, float]:
        """The best outputscale and constant at theta."""
        matrix, _, _ = self._correlations(theta, sample)
        result = profile(self.pairs, matrix, self.basis, sample, math.exp(theta[self.q]))
        return (result.scale, float(result.mean[0])) if result else (1.0, float(sample.z.mean()))

    def _parts(self, theta: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
        """1 / lengthscale^2, the noise ratio, the slope variances and the bilinear ones."""
        q, end = self.q, self.q + 1 + len(self.products)
        return np.exp(-2.0 * theta[:q]), math.exp(theta[q]), np.exp(theta[q + 1 : end]), np.exp(theta[end:])

    def _correlations(self, theta: np.ndarray, sample: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """R, its part that the loads multiply, and the slope of what depends on distance, each (m,)."""
        weight, ratio, slopes, loads = self._parts(theta)
        smooth, slope = correlation_and_slope(weight @ self.squares, self.structure.family)
        matrix = smooth
        if len(loads):
            factor = 1.0 + loads @ self.loads
            matrix, slope = smooth * factor, slope * factor
        matrix = matrix + slopes @ self.products if len(slopes) else matrix.copy()
        matrix[self.pairs.diagonal] += ratio * sample.weight
        return matrix, smooth, slope
