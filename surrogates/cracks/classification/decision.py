"""From a probability to yes or no, by what the two mistakes cost."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class Costs(BaseModel):
    """What the two mistakes cost, in any one unit; only their ratio matters for the decision.

    miss: of a crack that is called sound. alarm: of a sound surface that is called cracked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    miss: float = Field(default=1.0, gt=0.0)
    alarm: float = Field(default=1.0, gt=0.0)

    @property
    def threshold(self) -> float:
        """Return alarm / (alarm + miss): the probability from which on an alarm costs less on average than silence.

        Silence costs p miss, an alarm (1 - p) alarm. It is right for calibrated probabilities only. Source:
        Elkan, The foundations of cost-sensitive learning, IJCAI 2001, equation 2.
        """
        return self.alarm / (self.alarm + self.miss)

    def expected(self, probability: np.ndarray, threshold: float | None = None) -> float:
        """The mean cost of a photo with probabilities (n,) that are right, where those from the threshold on raise
        an alarm."""
        alarm = probability >= (self.threshold if threshold is None else threshold)
        return float(np.mean(np.where(alarm, (1.0 - probability) * self.alarm, probability * self.miss)))

    def paid(self, cracked: np.ndarray, alarm: np.ndarray) -> float:
        """The mean cost of a photo for truths (n,) and alarms (n,), both bool."""
        return float(np.mean(self.miss * (cracked & ~alarm) + self.alarm * (~cracked & alarm)))
