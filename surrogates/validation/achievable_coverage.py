"""The coverage that bands of a nominal coverage achieve, given how few runs calibrated them."""

from __future__ import annotations

from scipy.stats import beta, betabinom

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
    distribution = beta(k, places + 1 - k)
    return AchievableCoverage(
        places=places,
        expected=k / (places + 1),
        low=float(distribution.ppf(tail)),
        high=float(distribution.ppf(1.0 - tail)),
    )


def uncertainty(calibrated_by: int, coverage: float, runs: int) -> float:
    """Return the std of the share of `runs` further runs that is covered, by chance."""
    k = min(conformal_rank(calibrated_by, coverage), calibrated_by)
    return float(betabinom(runs, k, calibrated_by + 1 - k).std()) / runs


def sentence(achievable: AchievableCoverage, coverage: float) -> str:
    """Return the sentence of a report on the achievable coverage."""
    return (
        f"Bands of {coverage:.0%} that are calibrated by {achievable.places} runs cover {achievable.low:.0%} to "
        f"{achievable.high:.0%} of new runs in nine of ten such studies, {achievable.expected:.0%} on average."
    )
