"""How far apart networks are that were trained alike: what another training would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import nnls


@dataclass(frozen=True, eq=False)
class NetworkSpread:
    """The usual variance a + b z^2 of calibrated log-odds z over the networks.

    numbers: (2,) a and b, at least 0, by least squares over the validation photos.
    """

    numbers: np.ndarray

    @classmethod
    def fit(cls, log_odds: np.ndarray) -> Self:
        """Learns from log-odds (members, n) of n photos."""
        columns = np.stack([np.ones(log_odds.shape[1]), log_odds.mean(axis=0) ** 2], axis=1)
        return cls(nnls(columns, log_odds.var(axis=0, ddof=1))[0])

    def variance(self, log_odds: np.ndarray) -> np.ndarray:
        """(q,) of log-odds (members, q): half each photo's own, of which few networks say little, half the usual."""
        usual = self.numbers[0] + self.numbers[1] * log_odds.mean(axis=0) ** 2
        return 0.5 * (log_odds.var(axis=0, ddof=1) + usual)
