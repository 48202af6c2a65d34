"""What more trials would be worth, from the course of the best score over those that were drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    # Its statistics take longer to import than `status` otherwise takes.
    from fieldwright.surrogates.search.trial import Trial

LEAST_DRAWN = 12
"""Drawn trials below which their course says nothing: one lucky half would decide."""


@dataclass(frozen=True)
class Outlook:
    """What the drawn trials of a search say of further ones.

    drawn: how many there were. seconds: what they took. gain: share of the error that as many again would save; None
    where too few were drawn to tell. exhausted: whether there are no other settings to draw.
    """

    drawn: int
    seconds: float
    gain: float | None
    exhausted: bool = False

    @classmethod
    def of(cls, trials: Sequence[Trial], best: Trial, *, exhausted: bool) -> Outlook:
        """The outlook after `trials`, the best of which that is no stack is `best`."""
        drawn = [trial for trial in trials if trial.drawn and trial.state in ("complete", "pruned")]
        others = [trial for trial in trials if not trial.drawn and trial.config.kind != "stack"]
        start = min(trial.score_beside(best) for trial in others)
        scores = np.array([trial.score_beside(best) for trial in drawn])
        seconds = sum(trial.seconds for trial in trials if trial.drawn)
        return cls(len(drawn), seconds, None if exhausted else gain_of_doubling(scores, start), exhausted)


def gain_of_doubling(scores: np.ndarray, start: float) -> float | None:
    """Share of the error that twice as many trials as scores (m,) would save; None for fewer than twelve.

    The last doubling saved 1 - exp(log b_m - E[log b_h]) with b_k the best of k trials and of `start`, and h = m / 2.
    The mean is that over all halves of the scores, whose least is the i-th smallest with the probability
    C(m - i, h - 1) / C(m, h). The next doubling saves as much where the best possible error is zero and scores are
    distributed like a power near it, and less where it is larger.
    """
    m = len(scores)
    if m < LEAST_DRAWN:
        return None
    h = m // 2
    ordered = np.minimum(np.sort(scores), start)
    probability, left = np.zeros(m), 1.0
    for i in range(m - h + 1):
        # Of the h scores of a half, the first i are none; the next one is among them with h / (m - i).
        probability[i] = left * h / (m - i)
        left -= probability[i]
    least = ordered[0]
    if least <= 0.0:
        return 0.0
    return float(1.0 - np.exp(probability @ np.log(least / ordered)))
