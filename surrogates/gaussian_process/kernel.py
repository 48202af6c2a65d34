"""The covariance of the Gaussian process and its hyperparameters, for many outputs at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import torch

FAMILIES = ("matern32", "matern52", "rbf")
"""From rough to smooth; hyperparameters tell a family by its place here."""
LEAST_NOISE = 1e-12
"""Noise variance over outputscale, at least: what float64 factors. A smooth function that few runs tell well has a
large outputscale, and noise above this is the error that is left; with less, compiled models differ by rounding."""
MOST_NOISE = 1e4
LENGTHSCALES = (1e-2, 1e4)
OUTPUTSCALES = (1e-4, 1e5)
LINEAR = (1e-6, 1e3)
"""Variance of a slope over outputscale."""
BILINEAR = (1e-4, 1e2)
"""Variance of a slope that multiplies the smooth part."""
PRIOR_VARIANCE = 3.0
"""Of the logarithm of a lengthscale, about `prior_centre`."""


def prior_centre(p: int) -> float:
    """sqrt(2) + log(p) / 2, the prior mean of log lengthscales: the more inputs, the smoother in each.

    Source: Hvarfner, Hellsten & Nardi, Vanilla Bayesian optimization performs great in high dimensions,
    ICML 2024.
    """
    return math.sqrt(2.0) + 0.5 * math.log(p)


@dataclass(frozen=True)
class Structure:
    """What a kernel is made of, before any number is learned.

    k(x, x') = s ((1 + sum_{j in linear_in} v_j x_j x'_j) c(d) + sum_j w_j x_j x'_j), with the correlation c of
    the family and the distance d over the parameters that are not in linear_in.

    family: one of FAMILIES. linear: whether there are slopes w. linear_in: positions of the parameters in
    which the outputs are linear, such as loads.
    """

    family: str = "matern52"
    linear: bool = False
    linear_in: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """Of r outputs over p inputs; outputs and inputs are standardised.

    lengthscale: (r, p), infinite where an output is linear. outputscale: (r,) variance of the smooth part.
    linear: (r, p) variances of the slopes. bilinear: (r, p) those of the slopes that multiply the smooth part;
    zero for none. noise: (r,) variance. constant: (r,) mean. family: (r,) position in FAMILIES.
    """

    lengthscale: torch.Tensor
    outputscale: torch.Tensor
    linear: torch.Tensor
    bilinear: torch.Tensor
    noise: torch.Tensor
    constant: torch.Tensor
    family: torch.Tensor

    def to(self, device: str) -> Hyperparameters:
        """The same on another device."""
        return Hyperparameters(**{item.name: getattr(self, item.name).to(device) for item in fields(self)})

    def outputs(self, rows: torch.Tensor) -> Hyperparameters:
        """Those of some of the outputs."""
        return Hyperparameters(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})

    def with_variance(self, ratio: torch.Tensor) -> Hyperparameters:
        """With the variances of each output (r,), noise included, multiplied: the mean of no answer changes."""
        return replace(
            self,
            outputscale=ratio * self.outputscale,
            linear=ratio[:, None] * self.linear,
            noise=ratio * self.noise,
        )

    def state(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {item.name: getattr(self, item.name).cpu().numpy() for item in fields(self)}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Hyperparameters:
        """The hyperparameters again."""
        return cls(**{item.name: torch.from_numpy(np.array(state[item.name])) for item in fields(cls)})

    def covariance(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """k(a, b) (r, q, n) of a (q, p) and b (n, p), without noise."""
        mode = "donot_use_mm_for_euclid_dist"
        lengthscale = self.lengthscale[:, None]
        distance = torch.cdist(a / lengthscale, b / lengthscale, compute_mode=mode)
        smooth = self.outputscale[:, None, None] * correlation(distance, self.family)
        if self.bilinear.any():
            smooth = smooth * (1.0 + (a * self.bilinear[:, None]) @ b.T)
        return smooth + (a * self.linear[:, None]) @ b.T if self.linear.any() else smooth

    def variance(self, x: torch.Tensor) -> torch.Tensor:
        """k(x, x) (r, q) of each query with itself, without noise."""
        squares = (x**2).T
        return self.outputscale[:, None] * (1.0 + self.bilinear @ squares) + self.linear @ squares

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        """The mean (r, q) before any run is seen."""
        return self.constant[:, None].expand(-1, len(x))

    def noise_at(self, x: torch.Tensor) -> torch.Tensor:
        """Noise variance (r, q) of one observation at x (q, p)."""
        return self.noise[:, None].expand(-1, len(x))


def correlation(distance: torch.Tensor, family: torch.Tensor) -> torch.Tensor:
    """The correlation (r, q, n) at scaled distances (r, q, n) of the families (r,)."""
    present = family.unique().tolist()
    if len(present) == 1:
        return _of_family(distance, FAMILIES[present[0]])
    result = torch.empty_like(distance)
    for index in present:
        rows = family == index
        result[rows] = _of_family(distance[rows], FAMILIES[index])
    return result


def _of_family(distance: torch.Tensor, family: str) -> torch.Tensor:
    """Source: Rasmussen & Williams, (4.9) and (4.17)."""
    if family == "rbf":
        return torch.exp(-0.5 * distance**2)
    if family == "matern32":
        scaled = math.sqrt(3.0) * distance
        return (1.0 + scaled) * torch.exp(-scaled)
    scaled = math.sqrt(5.0) * distance
    return (1.0 + scaled + scaled**2 / 3.0) * torch.exp(-scaled)


def correlation_and_slope(squared: np.ndarray, family: str) -> tuple[np.ndarray, np.ndarray]:
    """c(d) and the slope in dc / d log l_j = slope (x_j - x'_j)^2 / l_j^2, at squared scaled distances d^2."""
    if family == "rbf":
        value = np.exp(-0.5 * squared)
        return value, value
    if family == "matern32":
        root = np.sqrt(3.0 * squared)
        decay = np.exp(-root)
        return (1.0 + root) * decay, 3.0 * decay
    root = np.sqrt(5.0 * squared)
    decay = np.exp(-root)
    slope = (5.0 / 3.0) * ((1.0 + root) * decay)
    return 0.6 * slope + (5.0 / 3.0) * (squared * decay), slope
