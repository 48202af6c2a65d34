"""The coverage that bands of a nominal coverage achieve, given how few runs calibrated them."""

from __future__ import annotations

import math

from scipy.special import betaincinv

from fieldwright.surrogates.fields.description import AchievableCoverage
from fieldwright.surrogates.validation.calibration import conformal_rank

CENTRAL = 0.9
"""Share of the studies of a size of which the stated range speaks."""


def achievable_coverage(places: int, coverage: float) -> AchievableCoverage:
    """The distribution of the coverage of bands whose factor is the k-th smallest of n scores.

    Over studies of n exchangeable runs, the share of all further runs that the bands of one study cover has the
    distribution Beta(k, n + 1 - k), k = min(ceil((n + 1) coverage), n), whatever the model; the number covered of m
    further runs is beta-binomial. This is exact for scores of runs that the model was not trained on. Out-of-fold
    scores depend on each other, so it is close for them, and the model of all runs moves the coverage upward.

    Parameters
    ----------
    places : number n of runs, or of places where runs share their parameters.
    coverage : nominal.

    Returns
    -------
    Mean and central 90 % range of the coverage.

    References
    ----------
    Vovk, Conditional validity of inductive conformal predictors, Machine Learning 92, 2013, proposition 2b.
    """
    k = min(conformal_rank(places, coverage), places)
    tail = 0.5 * (1.0 - CENTRAL)
    low, high = (float(betaincinv(k, places + 1 - k, share)) for share in (tail, 1.0 - tail))
    return AchievableCoverage(
        places=places,
        expected=k / (places + 1),
        low=low,
        high=high,
    )


def uncertainty(calibrated_by: int, coverage: float, runs: int) -> float:
    """Return the std of the share of m = `runs` further runs that is covered, by chance.

    The number covered is beta-binomial with a = k and b = n + 1 - k: its variance is
    m a b (a + b + m) / ((a + b)^2 (a + b + 1)).
    """
    a = min(conformal_rank(calibrated_by, coverage), calibrated_by)
    b = calibrated_by + 1 - a
    variance = runs * a * b * (a + b + runs) / ((a + b) ** 2 * (a + b + 1))
    return math.sqrt(variance) / runs


def sentence(achievable: AchievableCoverage, coverage: float) -> str:
    """Return the sentence of a report on the achievable coverage."""
    return (
        f"Bands of {coverage:.0%} that are calibrated by {achievable.places} runs cover {achievable.low:.0%} to "
        f"{achievable.high:.0%} of new runs in nine of ten such studies, {achievable.expected:.0%} on average."
    )
