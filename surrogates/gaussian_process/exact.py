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
LOOSE = 0.1
"""Gain of the log likelihood in one step that ends the search of an output that matters little."""
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
    families: Sequence[str] = (),
    searched: np.ndarray | None = None,
) -> tuple[list[Hyperparameters], int]:
    """Of every output over x (n, p), the likeliest first, and the number of likelihoods that this took.

    families: for each of them a further set follows, in which every output has that family and nothing else.
    searched: (r,) bool, the outputs that are searched so; with families, the others begin where the one before ended.

    On a few runs, a search follows the most promising 1 + restarts of: the common starts, the optimum of the output
    before (neighbouring modes of a field vary alike) and seeded draws. The search of the first output, which has none
    before it, follows them all. Of more runs than these, the best optima are then followed on `most`. Whoever fits
    the folds of a cross-validation fits each by itself: no start comes from runs that it holds out.

    structure: of the kernel; discover: whether the likelihood may change it, output by output.
    start: hyperparameters of an earlier fit, from which alone each output is followed.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))
    few, many = np.sort(order[:SEARCHED]), np.sort(order[:most])
    search, final = Objectives(x[few]), Objectives(x[many])
    plain = [Structure(family) for family in families]
    optima: list[list[Optimum]] = [[] for _ in range(1 + len(plain))]
    places: list[list[tuple[Optimum, float, float]]] = [[] for _ in optima]
    for k, all_runs in enumerate(samples):
        sample = all_runs.rows(many)
        before = [of_set[-1] for of_set in optima if of_set]
        if start is not None and k < len(start.family):
            earlier = optimum_of(start, k)
            ends = [final.followed(earlier.structure, earlier.theta, sample)]
        elif plain and searched is not None and not searched[k]:
            ends = _near_the_last(final, before[1:], sample)
        else:
            of_few = all_runs.rows(few)
            ends = _searched(search, structure, discover, of_few, rng, restarts, before, thorough=k == 0)
            if len(few) < len(many):
                ends = _on_more_runs(final, ends, plain, sample, before, structure)
        best = min(ends, key=lambda each: penalised_value(each, structure, *x[many].shape))
        of_families = [next(each for each in ends if each.structure == one) for one in plain]
        for of_set, place, one in zip(optima, places, [best, *of_families], strict=True):
            of_set.append(one)
            place.append((one, *final[one.structure].scale_and_mean(one.theta, sample)))
    sets = [hyperparameters_of(place, x.shape[1]) for place in places]
    return sets, search.evaluations + final.evaluations


def _near_the_last(final: Objectives, before: list[Optimum], sample: Sample) -> list[Optimum]:
    """Optima of plain kernels for an output that matters little, from those of the output before or common starts."""
    ends = []
    for last in before:
        common = [Optimum(last.structure, theta, 0.0) for theta in final[last.structure].starts()]
        looked = [final.at(each.structure, each.theta, sample) for each in [last, *common]]
        best = min(looked, key=lambda each: each.value)
        inverse = last.inverse if best is looked[0] else None
        ends.append(final.followed(best.structure, best.theta, sample, inverse, LOOSE))
    return ends


def _on_more_runs(
    final: Objectives,
    ends: list[Optimum],
    plain: Sequence[Structure],
    sample: Sample,
    before: Sequence[Optimum],
    structure: Structure,
) -> list[Optimum]:
    """Optima on more runs from those on few, sorted: of the plain structures, and of the most promising.

    What grew on few runs is followed beside the best that did not grow.
    """
    baseline = next(each for each in ends if each.structure.linear_in == structure.linear_in)
    others = [each for each in ends[:FINALISTS] if each is not baseline]
    others += [Optimum(baseline.structure, start, 0.0) for start in final[baseline.structure].starts()]
    others += before[:1]
    others = [final.at(each.structure, each.theta, sample) for each in others]
    others = sorted(others, key=lambda each: penalised_value(each, structure, *final.x.shape))
    starts = [baseline, *others[: FINALISTS - 1]]
    missing = [one for one in plain if all(each.structure != one for each in starts)]
    starts += [next(each for each in ends if each.structure == one) for one in missing]
    followed = [final.followed(each.structure, each.theta, sample) for each in starts]
    return sorted(followed, key=lambda each: penalised_value(each, structure, *final.x.shape))


def _searched(
    search: Objectives,
    structure: Structure,
    discover: bool,
    sample: Sample,
    rng: np.random.Generator,
    restarts: int,
    before: Sequence[Optimum],
    *,
    thorough: bool,
) -> list[Optimum]:
    """Optima on a few runs, the best first."""
    starts = search[structure].starts()
    starts += [each.theta for each in before if each.structure == structure][:1]
    starts += [starts[0] + rng.normal(scale=SPREAD, size=len(starts[0])) for _ in range(DRAWS * restarts)]
    lower, upper = search[structure].bounds.T
    looked = [search.at(structure, theta.clip(lower, upper), sample) for theta in starts]
    promising = sorted(looked, key=lambda each: each.value)[: len(looked) if thorough else 1 + restarts]
    ends = [search.followed(structure, each.theta, sample) for each in promising]
    if discover:
        first = min(ends, key=lambda each: each.value)
        ends += discovered(search, first, sample, before, thorough=thorough)
    return sorted(ends, key=lambda each: penalised_value(each, structure, *search.x.shape))
