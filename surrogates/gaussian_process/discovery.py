"""Which structure of the kernel the likelihood prefers, step by step from a fitted Matern 5/2."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from surrogates.gaussian_process.kernel import FAMILIES, Structure
from surrogates.gaussian_process.likelihood import Sample
from surrogates.gaussian_process.optimum import Objectives, Optimum

LEAST_GAIN = 2.0
"""Of the logarithm of the likelihood, for a parameter to be taken as one in which the output is linear."""
NEARLY_LINEAR = 2.0
"""Lengthscale, in standard deviations of the parameter, from which on that is tried."""


def discovered(search: Objectives, first: Optimum, sample: Sample) -> list[Optimum]:
    """Optima of the other families, and of what grows from the best of all: linear parameters, a linear part.

    Each step starts at the optimum before it, so that it takes few evaluations. A linear part has p more slopes
    and must gain p log(n) / 2. Source: Schwarz, Ann. Statist. 6 (1978) 461.
    """
    found = [first]
    for family in FAMILIES:
        if family != first.structure.family:
            found.append(search.followed(replace(first.structure, family=family), first.theta, sample))
    best = min(found, key=lambda each: each.value)
    n, p = search.x.shape
    for j in _nearly_linear(best, p):
        tried = search.followed(*_linear_in(best, j, p), sample)
        if tried.value < best.value - LEAST_GAIN:
            found.append(best := tried)
    tried = search.followed(*_with_slopes(best, p), sample)
    if tried.value < best.value - 0.5 * p * math.log(n):
        found.append(tried)
    return found[1:]


def _curved(structure: Structure, p: int) -> list[int]:
    return [j for j in range(p) if j not in structure.linear_in]


def _nearly_linear(optimum: Optimum, p: int) -> list[int]:
    """Parameters of long lengthscale, the longest first; one that never mattered is as long as any."""
    curved = _curved(optimum.structure, p)
    lengths = optimum.theta[: len(curved)]
    order = np.argsort(-lengths, kind="stable")
    return [curved[i] for i in order if lengths[i] > math.log(NEARLY_LINEAR)]


def _linear_in(optimum: Optimum, j: int, p: int) -> tuple[Structure, np.ndarray]:
    """The structure that is linear in parameter j too, and where to start it."""
    loads = tuple(sorted((*optimum.structure.linear_in, j)))
    theta = np.delete(optimum.theta, _curved(optimum.structure, p).index(j))
    place = len(theta) - len(loads) + 1 + loads.index(j)
    return replace(optimum.structure, linear_in=loads), np.insert(theta, place, 0.0)


def _with_slopes(optimum: Optimum, p: int) -> tuple[Structure, np.ndarray]:
    """The structure with a linear part, and where to start it."""
    place = len(_curved(optimum.structure, p)) + 1
    slopes = np.full(p, math.log(0.1))
    return replace(optimum.structure, linear=True), np.insert(optimum.theta, place, slopes)
