"""The promotion rule: when the best candidate takes the champion's place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.study.run_sections import Promotion

CHANCE = 0.05
"""Probability below which a difference over the runs is taken for more than chance."""


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, in one sentence for people."""

    promote: bool
    why: str


class PairedComparison(Protocol):
    """The challenger beside the champion on the same runs; see `flows.runs.champion_comparison.Comparison`."""

    @property
    def factor(self) -> float:
        """The champion's error over the challenger's."""
        ...

    @property
    def better(self) -> float:
        """Probability of so large a factor by chance."""
        ...

    @property
    def worse(self) -> float:
        """Probability of so small a factor by chance."""
        ...

    @property
    def outside(self) -> float:
        """Share of the runs outside the champion's domain."""
        ...

    @property
    def sentence(self) -> str:
        """The figures in words."""
        ...


def decide(
    rule: Promotion,
    best: RunsEvaluation,
    champion: tuple[str, float] | None,
    comparison: PairedComparison | None = None,
) -> Decision:
    """Compares the best candidate with the limits and with the present champion.

    champion: its version and score. comparison: of both on the same runs, which decides where there is one: scores of
    other runs say nothing. The challenger takes the place where its errors are smaller by more than chance and by the
    share that the rule wants; or where they are no worse, and the champion's domain leaves runs outside.
    """
    for field, limit in rule.max_error.items():
        error = best.relative_l2[field]
        if not error <= limit:
            return Decision(
                False,
                f"the mean relative L2 error of '{field}' is {error:.3g}, above the limit {limit:g} of "
                "promotion.max_error",
            )
    if best.no_better and not rule.allow_no_better:
        beside = "; ".join(
            f"the mean relative L2 error of '{field}' is {best.relative_l2[field]:.3g}, that of the mean "
            f"{best.mean_relative_l2[field]:.3g}"
            for field in best.no_better
        )
        return no_better_than("the mean of the runs", beside)
    if comparison is None or champion is None:
        return against_champion(best.score, rule.min_improvement, champion)
    if comparison.better < CHANCE and comparison.factor * (1.0 - rule.min_improvement) > 1.0:
        return Decision(True, comparison.sentence)
    if comparison.outside > 0.0 and not comparison.worse < CHANCE:
        return Decision(True, f"{comparison.sentence}: it covers them")
    return Decision(False, f"it does not beat version {champion[0]}: {comparison.sentence}")


def no_better_than(trivial: str, beside: str) -> Decision:
    """The refusal of a model that is no better than a trivial answer; beside: the numbers of both."""
    return Decision(
        False,
        f"it is no better than {trivial}: {beside}. 'allow_no_better' in [promotion] promotes it all the same",
    )


def against_champion(score: float, min_improvement: float, champion: tuple[str, float] | None) -> Decision:
    """Compares a score, of which lower is better, with the present champion's (its version and score)."""
    if champion is None:
        return Decision(True, "there is no champion yet and every limit holds")
    version, present = champion
    if score < present * (1.0 - min_improvement):
        return Decision(True, f"its score {score:.4g} beats version {version}'s {present:.4g}")
    beside = f" by {min_improvement:.0%}" if min_improvement else ""
    return Decision(False, f"its score {score:.4g} does not beat version {version}'s {present:.4g}{beside}")
