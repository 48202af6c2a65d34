"""One candidate of a search, and how its errors compare with those of the best one, run by run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import wilcoxon

from fieldwright.surrogates.regressors import KindConfig

LEAST_RUNS = 8
DOUBT = 0.05
BEHIND = 1.5
"""Ratio of errors by which a kind must at least be behind to get no more trials: settings may well save a few
percent."""

State = Literal["complete", "pruned", "failed", "unfinished"]


@dataclass(frozen=True, eq=False)
class Trial:
    """One candidate and the outcome of its evaluation.

    errors: (n,) of each run while it was held out; NaN where it was not evaluated. state: "pruned" was given up after
    some of the folds. why: what ended a failed trial. drawn: whether its settings were drawn; those of defaults and
    of stacks were not.
    """

    number: int
    config: KindConfig
    errors: np.ndarray
    state: State
    seconds: float
    why: str = ""
    drawn: bool = False

    @property
    def score(self) -> float:
        """Mean error over the evaluated runs; infinite for a failed trial."""
        finite = self.errors[np.isfinite(self.errors)]
        return float(finite.mean()) if self.state != "failed" and len(finite) else np.inf

    def score_beside(self, best: Trial) -> float:
        """What the score would be over all runs: that of the best, by the ratio of the errors of the runs of both."""
        both = np.isfinite(self.errors) & np.isfinite(best.errors)
        if self.state in ("complete", "failed") or not both.any():
            return self.score
        there = float(best.errors[both].mean())
        return best.score * float(self.errors[both].mean()) / there if there > 0.0 else self.score


def hopeless(errors: np.ndarray, best: np.ndarray) -> bool:
    """Whether errors of at least eight runs are significantly larger than those of the best trial for the same runs.

    Wilcoxon's signed-rank test of the ratios, one-sided, at 5 %; a test of the differences would depend on the worst
    runs alone.
    """
    if len(errors) < LEAST_RUNS:
        return False
    change = _log_ratio(errors, best)
    if not change.any() or errors.mean() <= best.mean():
        return False
    return bool(wilcoxon(change, alternative="greater").pvalue < DOUBT)  # pyright: ignore[reportAttributeAccessIssue]


def is_behind(errors: np.ndarray, best: np.ndarray) -> bool:
    """Whether errors are larger than the best ones of the same runs by more than the spread of that over the runs.

    mean(d) > max(std(d), log 1.5) with d = log(errors / best), of at least eight runs, and the mean error is more
    than 1.5 times as large.
    """
    if len(errors) < LEAST_RUNS or errors.mean() <= BEHIND * best.mean():
        return False
    change = _log_ratio(errors, best)
    return bool(change.mean() > max(float(change.std(ddof=1)), math.log(BEHIND)))


def _log_ratio(errors: np.ndarray, best: np.ndarray) -> np.ndarray:
    tiny = np.finfo(float).tiny
    return np.log(errors + tiny) - np.log(best + tiny)
