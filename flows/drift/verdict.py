"""What a check for drift found: a verdict for each question, with the numbers that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["drift", "no drift", "not known"]


@dataclass(frozen=True)
class DriftTest:
    """One question.

    name: what is asked. outcome: "not known" where there is too little to tell. sentence: in words, with the numbers.
    numbers: all of them, by name.
    """

    name: str
    outcome: Outcome
    sentence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Period:
    """A part of the time that was looked at: its begin (ISO 8601, UTC), its queries and those outside the domain."""

    begin: str
    queries: int
    outside: int


@dataclass(frozen=True)
class DriftReport:
    """The verdict on one version.

    since, until: ISO 8601, UTC. queries, requests: in the log between them. tests: one for each question. periods: of
    the time between. shadow: how the challenger answered the same queries, in words; empty without. advice: what was
    done or should be.
    """

    study: str
    version: str
    since: str
    until: str
    queries: int
    requests: int
    tests: tuple[DriftTest, ...]
    periods: tuple[Period, ...] = ()
    shadow: str = ""
    advice: tuple[str, ...] = ()

    @property
    def drift(self) -> bool:
        """Whether any question is answered so."""
        return any(test.outcome == "drift" for test in self.tests)

    @property
    def verdict(self) -> str:
        """Of all questions together."""
        if self.drift:
            return "drift"
        return "not known" if all(one.outcome == "not known" for one in self.tests) else "no drift"

    @property
    def sentence(self) -> str:
        """The verdict with what led to it."""
        telling = [one.sentence for one in self.tests if one.outcome == self.verdict]
        return f"{self.verdict.capitalize()} of version {self.version} of '{self.study}': " + "; ".join(
            telling
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {"verdict": self.verdict, "sentence": self.sentence, **asdict(self)}
