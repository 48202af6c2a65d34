"""How the error falls with the number of runs, by training on parts of those that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.per_field import fields_by_config
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.validation.fold import carried_by
from fieldwright.surrogates.validation.metrics import relative_l2

LEAST_SIZE = 5
LARGEST_SHARE = 0.85
"""Largest share of the runs that a training uses; the others give its error."""


def sizes_for(n: int, count: int = 6) -> np.ndarray:
    """Up to `count` numbers of runs, in even ratios from a sixth of n, at least 5, to 85 % of n.

    Raises ModelError where n runs are too few for three sizes.
    """
    largest = int(LARGEST_SHARE * n)
    sizes = np.unique(np.round(np.geomspace(max(LEAST_SIZE, n / 6), max(largest, 1), count)).astype(int))
    if largest <= LEAST_SIZE or len(sizes) < 3:
        raise ModelError(
            "A learning curve must be drawn through three sizes at least, which takes 9 accepted runs",
            f"{n} runs",
            "Add runs; `fieldwright suggest` says which",
        )
    return sizes


def learning_curves(
    config: KindConfig,
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    targets: Mapping[str, np.ndarray],
    *,
    repeats: int = 10,
    seed: int,
    weights: Mapping[str, np.ndarray] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, LearningCurve]:
    """Field to its curve of mean relative L2 errors, over `repeats` trainings on random runs at each size.

    config: of all fields, or a `PerField` of each.
    x: (n, p). targets: field to (n, [t,] points, components). Each training is evaluated on all other runs.
    weights: field to (points,) length, area or volume of each point or cell.
    progress: called with (trainings done, all). Raises ModelError.
    """
    place = places(x)
    sizes = sizes_for(int(place.max()) + 1)
    # From numbers of places to numbers of runs.
    sizes = np.array([int(size * len(x) / (place.max() + 1)) for size in sizes])
    errors = {name: np.empty((len(sizes), repeats)) for name in targets}
    rng = np.random.default_rng(seed)
    for number in range(len(sizes) * repeats):
        if progress is not None:
            progress(number, len(sizes) * repeats)
        k, repeat = divmod(number, repeats)
        # Runs of one place follow one another; those of a place that is cut in two are not evaluated.
        order = np.argsort(rng.permutation(int(place.max()) + 1)[place], kind="stable")
        training, held_out = order[: sizes[k]], order[sizes[k] :]
        held_out = held_out[~np.isin(place[held_out], place[training])]
        train = {name: values[training] for name, values in targets.items()}
        carried = carried_by(reductions, len(x), len(training))
        for of_fields, names in fields_by_config(config, targets):
            these = {name: train[name] for name in names}
            of_these = {name: carried[name] for name in names}
            emulator = Emulator.fit(of_fields, of_these, x[training], these, seed, weights=weights)
            for name, (z, _) in emulator.latent(x[held_out]).items():
                true = targets[name][held_out]
                predicted = emulator.fields[name].at(x[held_out]).mean(z).reshape(true.shape)
                errors[name][k, repeat] = relative_l2(true, predicted, (weights or {}).get(name)).mean()
    if progress is not None:
        progress(len(sizes) * repeats, len(sizes) * repeats)
    return {name: LearningCurve.of(sizes, values, seed) for name, values in errors.items()}
