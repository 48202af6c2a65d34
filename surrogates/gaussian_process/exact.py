"""Hyperparameters by maximum posterior likelihood, one output after another, with analytic gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.surrogates.gaussian_process.discovery import discovered, penalised_value
from fieldwright.surrogates.gaussian_process.kernel import Hyperparameters, Structure
from fieldwright.surrogates.gaussian_process.likelihood import Sample
from fieldwright.surrogates.gaussian_process.optimum import (
    Objectives,
    Optimum,
    hyperparameters_of,
    optimum_of,
)

DRAWS = 4
"""Random starting points that are looked at for each one that is followed."""
SPREAD = 1.0
SEARCHED = 64
"""Runs on which starting points and structures are compared; the optimum is then followed on more."""
FINALISTS = 3
"""Optima of the search that are followed on more runs."""


def fit_hyperparameters(
    x: np.ndarray,
    samples: Sequence[Sample],
    structure: Structure,
    *,
    discover: bool,
    restarts: int,
    seed: int,
    most: int,
    start: Hyperparameters | None = None,
) -> tuple[Hyperparameters, int]:
    """Of every output over x (n, p), and the number of likelihoods that this took.

    On a few runs, a search follows the most promising 1 + restarts of: the common starts, the optimum of the output
    before (neighbouring modes of a field vary alike) and seeded draws. Of more runs than these, the best optima are
    then followed on `most`. Whoever fits the folds of a cross-validation fits each by itself: no start comes from
    runs that it holds out.

    structure: of the kernel; discover: whether the likelihood may change it, output by output.
    start: hyperparameters of an earlier fit, from which alone each output is followed.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))
    few, many = np.sort(order[:SEARCHED]), np.sort(order[:most])
    search, final = Objectives(x[few]), Objectives(x[many])
    optima: list[tuple[Optimum, float, float]] = []
    before: Optimum | None = None
    for k, all_runs in enumerate(samples):
        sample = all_runs.rows(many)
        if start is not None and k < len(start.family):
            earlier = optimum_of(start, k)
            ends = [final.followed(earlier.structure, earlier.theta, sample)]
        else:
            finalists = _searched(search, structure, discover, all_runs.rows(few), rng, restarts, before)
            ends = finalists
            if len(few) < len(many):
                ends = _on_more_runs(final, finalists, sample, before, structure)
        before = min(ends, key=lambda each: penalised_value(each, structure, *x[many].shape))
        optima.append((before, *final[before.structure].scale_and_mean(before.theta, sample)))
    return hyperparameters_of(optima, x.shape[1]), search.evaluations + final.evaluations


def _on_more_runs(
    final: Objectives,
    finalists: list[Optimum],
    sample: Sample,
    before: Optimum | None,
    structure: Structure,
) -> list[Optimum]:
    """Optima on more runs from those on few, the first of which is followed in any case."""
    baseline, *others = finalists
    others += [Optimum(baseline.structure, start, 0.0) for start in final[baseline.structure].starts()]
    others += [before] if before is not None else []
    others = [final.at(each.structure, each.theta, sample) for each in others]
    others = sorted(others, key=lambda each: penalised_value(each, structure, *final.x.shape))
    starts = [baseline, *others[: FINALISTS - 1]]
    return [final.followed(each.structure, each.theta, sample) for each in starts]


def _searched(
    search: Objectives,
    structure: Structure,
    discover: bool,
    sample: Sample,
    rng: np.random.Generator,
    restarts: int,
    before: Optimum | None,
) -> list[Optimum]:
    """Optima on a few runs, the best of the structure asked for, but for its family, first."""
    starts = search[structure].starts()
    if before is not None and before.structure == structure:
        starts.append(before.theta)
    starts += [starts[0] + rng.normal(scale=SPREAD, size=len(starts[0])) for _ in range(DRAWS * restarts)]
    lower, upper = search[structure].bounds.T
    looked = [search.at(structure, theta.clip(lower, upper), sample) for theta in starts]
    promising = sorted(looked, key=lambda each: each.value)[: 1 + restarts]
    ends = [search.followed(structure, each.theta, sample) for each in promising]
    if discover:
        ends += discovered(search, min(ends, key=lambda each: each.value), sample)
    ends = sorted(ends, key=lambda each: penalised_value(each, structure, *search.x.shape))
    # What grew on few runs is followed on more beside the best that did not grow.
    baseline = next(each for each in ends if each.structure.linear_in == structure.linear_in)
    return [baseline, *(each for each in ends[:FINALISTS] if each is not baseline)]
