"""What bands of a nominal coverage can be held to, given how few runs they were calibrated by."""

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
    further runs is beta-binomial. Exact for scores of runs that the model has not seen; for out-of-fold scores, which
    depend on each other, it is close to that, and the model of all runs moves it upward.

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
    """The std of the share that `runs` further runs show as covered: of these runs and of the calibration."""
    k = min(conformal_rank(calibrated_by, coverage), calibrated_by)
    return float(betabinom(runs, k, calibrated_by + 1 - k).std()) / runs


def sentence(achievable: AchievableCoverage, coverage: float) -> str:
    """What a report says of it."""
    return (
        f"Bands of {coverage:.0%} that are calibrated by {achievable.places} runs cover {achievable.low:.0%} to "
        f"{achievable.high:.0%} of new runs in nine of ten such studies, {achievable.expected:.0%} on average."
    )
