"""The gates of a promotion: conditions with a number and a limit, each of which the challenger must meet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import beta

CENTRAL = 0.9
"""Share of the sampling range of a coverage: each end is missed by one of twenty."""


@dataclass(frozen=True)
class Gate:
    """One condition.

    name: what is measured. value, limit: in `unit`. at_most: whether the limit is the largest value allowed, else the
    least. key: what sets the limit, in `[promotion]` of the study. low, high: sampling range of the value, None where
    it is exact.
    """

    name: str
    value: float
    limit: float
    passed: bool
    at_most: bool
    key: str
    unit: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def sentence(self) -> str:
        """Both numbers, and which side of the limit the value lies on."""
        side = ("within" if self.passed else "above") if self.at_most else "above" if self.passed else "below"
        return f"the {self.name} is {self.measured}, {side} the limit {_number(self.limit, self.unit)} of {self.key}"

    @property
    def measured(self) -> str:
        """The value with its range."""
        text = _number(self.value, self.unit)
        if self.low is None or self.high is None:
            return text
        return f"{text} ({_number(self.low, self.unit)} to {_number(self.high, self.unit)} by so few)"

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return asdict(self)


def at_most(name: str, value: float, limit: float, key: str, unit: str = "") -> Gate:
    """The value must not lie above the limit; one that is no number fails."""
    return Gate(name, value, limit, bool(value <= limit), True, key, unit)


def at_least(name: str, value: float, limit: float, key: str, unit: str = "") -> Gate:
    """The value must not lie below the limit; one that is no number fails."""
    return Gate(name, value, limit, bool(value >= limit), False, key, unit)


def coverage_gate(name: str, share: float, number: int, least: float) -> Gate:
    """The bands must cover so much of held-out runs as far as their number can tell.

    It fails where the upper end of the range of the true coverage lies below the limit: a model of just this coverage
    is refused in one of twenty cases, however few the runs are. The values of a run are taken to be covered together;
    where they are not, the range is too wide and the gate the milder.

    Parameters
    ----------
    share
        Of the values of these runs that lie in their bands.
    number
        Of runs.
    least
        The limit, between 0 and 1.

    References
    ----------
    Clopper & Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial, Biometrika
    26, 1934.
    """
    low, high = binomial_range(share * number, number)
    return Gate(name, share, least, bool(high >= least), False, "promotion.min_coverage", "%", low, high)


def binomial_range(hits: float, number: int, central: float = CENTRAL) -> tuple[float, float]:
    """The exact range of a probability of which `hits` of a number of trials are known."""
    tail = 0.5 * (1.0 - central)
    low = 0.0 if hits <= 0.0 else float(beta.ppf(tail, hits, number - hits + 1.0))
    high = 1.0 if hits >= number else float(beta.ppf(1.0 - tail, hits + 1.0, number - hits))
    return low, high


def _number(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.0%}"
    return f"{value:.3g} {unit}".strip()
