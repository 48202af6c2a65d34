"""Which structure of the kernel the likelihood prefers, step by step from a fitted Matern 5/2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, Structure
from fieldwright.surrogates.gaussian_process.likelihood import Sample
from fieldwright.surrogates.gaussian_process.optimum import Objectives, Optimum

LEAST_GAIN = 3.0
"""Of the logarithm of the likelihood, for a family other than Matern 5/2 and for each linear parameter."""
NEARLY_LINEAR = 2.0
"""Lengthscale, in standard deviations of the parameter, from which on a linear one is tried."""

SHIFT = 0.7
"""Of log lengthscales from one family to the next."""
SMALL_NOISE = (1e-6, 1e-4)
"""Where the noise of another family starts, and below which noise it does not start at that of the one before."""


def handicap(structure: Structure, requested: Structure, n: int, p: int) -> float:
    """What the likelihood must gain, from n runs of p parameters, for a structure other than the one asked for.

    A linear part has p more slopes and must gain p log(n) / 2. Source: Schwarz, Ann. Statist. 6 (1978) 461.
    """
    changes = (structure.family != requested.family) + len(structure.linear_in) - len(requested.linear_in)
    return LEAST_GAIN * changes + 0.5 * p * math.log(n) * (structure.linear - requested.linear)


def discovered(
    search: Objectives,
    first: Optimum,
    sample: Sample,
    before: Sequence[Optimum] = (),
    *,
    thorough: bool = False,
) -> list[Optimum]:
    """Optima of the other families, and of what grows from the best of all: linear parameters, a linear part.

    before: optima of another output, at which a search of the same structure begins if that is the likelier start.
    thorough: whether a search of a family begins at every start, not at the likeliest alone.

    Each step starts at the optimum before it, so that it takes few evaluations, a family at its common starts where
    these are better: from the long lengthscales of Matern 5/2 a squared exponential can end far below its best. A
    rougher family than Matern 5/2 is tried unless a smoother one was more likely, and parameters by falling
    lengthscale until one is not linear; that one is an optimum too, which more runs may prefer.
    """
    n, p = search.x.shape
    best, optima = first, []
    for family in sorted(set(FAMILIES) - {first.structure.family}, key=FAMILIES.index, reverse=True):
        likely = [search.at(*_of_family(first, family, p), sample)]
        structure = likely[0].structure
        likely += [search.at(structure, each.theta, sample) for each in before if each.structure == structure]
        common = [search.at(structure, theta, sample) for theta in search[structure].starts()]
        if thorough:
            starts = [*(each.theta for each in (*likely, *common)), search[structure].longer_start()]
            ends = [search.followed(structure, start, sample) for start in starts]
            tried = min(ends, key=lambda each: each.value)
        else:
            start = min((*likely, *common), key=lambda each: each.value)
            inverse = None if any(start is each for each in common) else first.inverse
            tried = search.followed(structure, start.theta, sample, inverse)
        optima.append(tried)
        if penalised_value(tried, first.structure, n, p) < penalised_value(best, first.structure, n, p):
            best = tried
            break
    while candidates := _nearly_linear(best, p):
        looked = [search.at(*_linear_in(best, j, p), sample) for j in candidates]
        promising = min(looked, key=lambda each: each.value)
        tried = search.followed(promising.structure, promising.theta, sample)
        optima.append(tried)
        if penalised_value(tried, first.structure, n, p) >= penalised_value(best, first.structure, n, p):
            break
        best = tried
    if not first.structure.linear:
        optima.append(search.followed(*_with_slopes(best, p), sample))
    return optima


def penalised_value(optimum: Optimum, requested: Structure, n: int, p: int) -> float:
    """Value with handicap, by which optima of different structure are compared."""
    return optimum.value + handicap(optimum.structure, requested, n, p)


def _curved(structure: Structure, p: int) -> list[int]:
    return [j for j in range(p) if j not in structure.linear_in]


def _of_family(optimum: Optimum, family: str, p: int) -> tuple[Structure, np.ndarray]:
    """The structure with another family, and where to start it: the smoother, the shorter its lengthscales are."""
    theta, q = optimum.theta.copy(), len(_curved(optimum.structure, p))
    theta[:q] += SHIFT * (FAMILIES.index(optimum.structure.family) - FAMILIES.index(family))
    # Where Matern 5/2 sees no noise it bears all the roughness; from there L-BFGS takes a smoother kernel astray.
    theta[q] = theta[q] if theta[q] > math.log(SMALL_NOISE[1]) else math.log(SMALL_NOISE[0])
    return replace(optimum.structure, family=family), theta


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
