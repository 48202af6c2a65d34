"""The tests behind a verdict on drift, each of which holds its probability of a false alarm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import betabinom, binomtest, ks_2samp, mannwhitneyu

from fieldwright.flows.drift.verdict import DriftTest
from fieldwright.flows.tracking.versions.gates import binomial_range
from fieldwright.surrogates.validation.calibration import conformal_rank

FEWEST_QUERIES = 20
"""Requests below which nothing is said of queries."""
FEWEST_RUNS = 5
"""The same of late runs."""


def outside_test(outside: np.ndarray, limit: float, level: float) -> DriftTest:
    """Whether more than this share of independent queries lies outside the domain; outside: (n,) bool.

    The exact binomial test: a true share at the limit raises an alarm with the probability `level` at most.
    """
    name, n, k = "queries outside the domain", len(outside), int(np.count_nonzero(outside))
    if n < FEWEST_QUERIES:
        return _too_few(name, n, FEWEST_QUERIES, "requests")
    low, high = binomial_range(k, n)
    chance = float(binomtest(k, n, limit, alternative="greater").pvalue) if limit else float(k == 0)
    numbers = {
        "requests": n,
        "outside": k,
        "share": k / n,
        "low": low,
        "high": high,
        "limit": limit,
        "p": chance,
    }
    sentence = f"{k / n:.0%} of {n} requests lie outside the domain ({low:.0%} to {high:.0%} by so few; "
    sentence += f"at most {limit:.0%})"
    return DriftTest(name, "drift" if chance < level else "no drift", sentence, numbers)


def shift_test(x: np.ndarray, runs: np.ndarray, names: Sequence[str], level: float) -> DriftTest:
    """Whether independent queries x (n, p) are distributed otherwise than the training runs (m, p).

    The two-sample test of Kolmogorov and Smirnov of each parameter that varies among the runs, by Bonferroni: some
    parameter raises a false alarm with the probability `level` at most.
    """
    name = "distribution of queries"
    varied = [j for j in range(len(names)) if np.ptp(runs[:, j]) > 0.0]
    if len(x) < FEWEST_QUERIES or not varied:
        return _too_few(name, len(x), FEWEST_QUERIES, "requests")
    tests: dict[str, Any] = {names[j]: ks_2samp(x[:, j], runs[:, j]) for j in varied}
    chances = {one: min(1.0, len(varied) * float(test.pvalue)) for one, test in tests.items()}
    numbers = {one: {"distance": float(test.statistic), "p": chances[one]} for one, test in tests.items()}
    moved = [one for one in chances if chances[one] < level]
    least = min(chances, key=lambda one: chances[one])
    if moved:
        parts = ", ".join(
            f"'{one}' (distance {numbers[one]['distance']:.2f}, chance {chances[one]:.1g})" for one in moved
        )
        sentence = f"queries are distributed otherwise than the {len(runs)} training runs in {parts}"
    else:
        sentence = (
            f"queries are distributed as the {len(runs)} training runs, as far as {len(x)} can tell: least chance "
            f"{chances[least]:.2g}, of '{least}'"
        )
    return DriftTest(name, "drift" if moved else "no drift", sentence, numbers)


def widening_test(
    now: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray], factor: float, level: float
) -> DriftTest:
    """Whether the bands of any quantity are wider now (n,) than before (m,): by chance hardly, and by the factor.

    The one-sided test of Mann, Whitney and Wilcoxon of each quantity, by Bonferroni, and the ratio of the medians.
    """
    name = "widths of bands"
    labels = [
        label
        for label in now
        if len(now[label]) >= FEWEST_QUERIES and len(before.get(label, ())) >= FEWEST_QUERIES
    ]
    if not labels:
        most = max((min(len(now[label]), len(before.get(label, ()))) for label in now), default=0)
        return _too_few(name, most, FEWEST_QUERIES, "requests for one quantity, now and before")
    numbers = {}
    for label in labels:
        test = mannwhitneyu(now[label], before[label], alternative="greater")
        middle = float(np.median(before[label]))
        numbers[label] = {
            "growth": float(np.median(now[label])) / middle if middle > 0.0 else math.inf,
            "p": min(1.0, len(labels) * float(test.pvalue)),
            "now": len(now[label]),
            "before": len(before[label]),
        }
    wider = [one for one in labels if numbers[one]["p"] < level and numbers[one]["growth"] > factor]
    most = max(labels, key=lambda one: numbers[one]["growth"])
    sentence = f"bands of {most} are {numbers[most]['growth']:.2g} times as wide as before "
    sentence += f"(chance {numbers[most]['p']:.1g}, at most {factor:g} times)"
    return DriftTest(name, "drift" if wider else "no drift", sentence, numbers)


def promise_test(
    covered: Mapping[str, float], n: int, places: int, coverage: float, level: float
) -> DriftTest:
    """Whether the bands cover fewer late runs than they promise.

    Parameters
    ----------
    covered
        Of each field the share of the values of these runs that lie in their bands.
    n
        Late runs inside the domain.
    places
        Number of runs that the bands were calibrated by, which leaves their coverage uncertain too: the covered of n
        further runs are beta-binomial, see `achievable_coverage`.
    coverage
        The nominal one.
    level
        Probability of a false alarm, of all fields together. The values of a run are taken to be covered together.
    """
    name = "real error of late runs"
    if n < FEWEST_RUNS:
        return _too_few(name, n, FEWEST_RUNS, "late runs inside the domain")
    k = min(conformal_rank(places, coverage), places)
    numbers = {}
    for one, share in covered.items():
        hits = math.floor(share * n + 1e-9)
        low, high = binomial_range(share * n, n)
        chance = float(betabinom(n, k, places + 1 - k).cdf(hits))
        numbers[one] = {"coverage": share, "low": low, "high": high, "p": min(1.0, len(covered) * chance)}
    worst = min(numbers, key=lambda one: (numbers[one]["p"], numbers[one]["coverage"]))
    of_worst = numbers[worst]
    sentence = (
        f"bands of {coverage:.0%} cover {of_worst['coverage']:.0%} of '{worst}' in {n} late runs "
        f"({of_worst['low']:.0%} to {of_worst['high']:.0%} by so few; chance {of_worst['p']:.1g})"
    )
    return DriftTest(name, "drift" if of_worst["p"] < level else "no drift", sentence, numbers)


def _too_few(name: str, n: int, least: int, samples: str) -> DriftTest:
    return DriftTest(
        name, "not known", f"{name}: {n} {samples}, {least} are needed", {"n": n, "needed": least}
    )
