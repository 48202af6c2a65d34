"""Optima of the likelihood of kernels of different structure, and their way to and from hyperparameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fieldwright.surrogates.gaussian_process.bounded_minimum import bounded_minimum
from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, Hyperparameters, Structure
from fieldwright.surrogates.gaussian_process.likelihood import Objective, Sample
from fieldwright.surrogates.gaussian_process.packed import Pairs

TOLERANCE = 1e-3
"""Gain of the log likelihood in one step that ends a search; far below what could tell two optima apart."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """A point of the objective of one structure, its value, and the inverse Hessian (d, d) where a search ended."""

    structure: Structure
    theta: np.ndarray
    value: float
    inverse: np.ndarray | None = None


class Objectives:
    """The objectives of all structures on some runs x (n, p), and how often they were evaluated."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self.pairs = x, Pairs.of(len(x))
        self.evaluations = 0
        self._objectives: dict[Structure, Objective] = {}

    def __getitem__(self, structure: Structure) -> Objective:
        if structure not in self._objectives:
            self._objectives[structure] = Objective(self.x, structure, self.pairs)
        return self._objectives[structure]

    def at(self, structure: Structure, theta: np.ndarray, sample: Sample) -> Optimum:
        """The objective at theta."""
        self.evaluations += 1
        return Optimum(structure, theta, self[structure](theta, sample)[0])

    def followed(
        self,
        structure: Structure,
        theta: np.ndarray,
        sample: Sample,
        inverse: np.ndarray | None = None,
        tolerance: float = TOLERANCE,
    ) -> Optimum:
        """Where a search leads from theta; inverse: (d, d) the inverse Hessian of a like objective."""
        objective = self[structure]
        end = bounded_minimum(
            lambda at: objective(at, sample), theta, objective.bounds, tolerance=tolerance, inverse=inverse
        )
        self.evaluations += end.evaluations
        return Optimum(structure, end.theta, end.value, end.inverse)


def hyperparameters_of(optima: Sequence[tuple[Optimum, float, float]], p: int) -> Hyperparameters:
    """Of all outputs over p inputs, from the optimum, the outputscale and the constant of each."""
    rows = []
    for optimum, scale, constant in optima:
        structure, theta = optimum.structure, np.exp(optimum.theta)
        loads = list(structure.linear_in)
        curved = [j for j in range(p) if j not in loads]
        lengthscale, linear, bilinear = np.full(p, np.inf), np.zeros(p), np.zeros(p)
        lengthscale[curved] = theta[: len(curved)]
        if structure.linear:
            linear = scale * theta[len(curved) + 1 : len(curved) + 1 + p]
        bilinear[loads] = theta[len(theta) - len(loads) :]
        family = FAMILIES.index(structure.family)
        rows.append(
            (lengthscale, scale, linear, bilinear, scale * theta[len(curved)], constant, np.int64(family))
        )
    return Hyperparameters(*(torch.from_numpy(np.array(column)) for column in zip(*rows, strict=True)))


def optimum_of(hyper: Hyperparameters, k: int) -> Optimum:
    """The structure and the theta of output k; its value on other runs is not known."""
    arrays = [getattr(hyper, name)[k].numpy() for name in ("lengthscale", "linear", "bilinear")]
    lengthscale, linear, bilinear = arrays
    scale, noise = float(hyper.outputscale[k]), float(hyper.noise[k])
    loads = tuple(np.flatnonzero(bilinear).tolist())
    structure = Structure(FAMILIES[int(hyper.family[k])], bool(linear.any()), loads)
    slopes = linear / scale if structure.linear else []
    lengthscales = np.delete(lengthscale, list(loads))
    theta = np.log([*lengthscales, noise / scale, *slopes, *bilinear[list(loads)]])
    return Optimum(structure, theta, np.inf)
