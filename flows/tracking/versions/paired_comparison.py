"""Champion and challenger by their errors of the same samples, whatever the samples are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from scipy.stats import permutation_test

from fieldwright.flows.tracking.versions.promotion import MOST_NAMES, Comparison

LEAST = 1e-15
"""Errors below are equal to rounding."""
RESAMPLINGS = 9999
BLOCK = 2**22
"""Numbers that are resampled together."""
FEWEST = 2
"""Samples that can be compared."""


def paired_comparison(
    version: str,
    of_champion: np.ndarray,
    of_challenger: np.ndarray,
    names: Sequence[str],
    contents: Sequence[str],
    *,
    new: int,
    outside: float,
    samples: str,
    error: str,
) -> Comparison:
    """The comparison of paired errors (n,) of n samples.

    version: of the champion. names, contents: of the samples, and digests of what they hold. new, outside, samples,
    error: see `Comparison`.
    """
    return Comparison(
        version,
        len(names),
        new,
        float(of_champion.mean() / max(of_challenger.mean(), LEAST)),
        chance_of_difference(of_champion, of_challenger),
        chance_of_difference(of_challenger, of_champion),
        outside,
        samples,
        error,
        tuple(names[:MOST_NAMES]),
        hashlib.sha256(json.dumps(sorted(contents)).encode()).hexdigest(),
    )


def chance_of_difference(larger: np.ndarray, smaller: np.ndarray) -> float:
    """Probability of so large a mean difference of paired errors (n,) if either could stand for the other."""
    test = permutation_test(
        (larger, smaller),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=RESAMPLINGS,
        batch=max(1, BLOCK // len(larger)),
        vectorized=True,
        rng=0,
    )
    return float(test.pvalue)
