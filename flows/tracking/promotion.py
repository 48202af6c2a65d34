"""The promotion rule: when the best candidate takes the champion's place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.study.run_sections import Promotion

CHANCE = 0.05
"""Probability below which a difference over the runs is taken for more than chance."""


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, in one sentence for people."""

    promote: bool
    why: str


@dataclass(frozen=True)
class Comparison:
    """How the challenger does beside the champion, `version`, on the present runs.

    runs: how many were compared. new: how many of them the champion has not learned from, which it predicts as it is;
    for the others stand the errors of both when they were held out. factor: the champion's mean relative L2 error
    over runs and fields, over the challenger's. better, worse: probabilities of so large a difference, or so small a
    one, by chance: the permutation test of pairs. outside: share of the present runs outside the domain of the
    champion; those of the challenger are all inside.
    """

    version: str
    runs: int
    new: int
    factor: float
    better: float
    worse: float
    outside: float

    @property
    def sentence(self) -> str:
        """The figures in words."""
        new = f", {self.new} of them new to it" if self.new else ""
        text = (
            f"on the same {self.runs} runs{new}, version {self.version} has {self.factor:.3g} times its error"
        )
        text += f" (chance {min(self.better, self.worse):.2g})"
        return text + (f", and {self.outside:.0%} of them lie outside its domain" if self.outside else "")

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain JSON types."""
        return asdict(self)


def decide(
    rule: Promotion,
    best: RunsEvaluation,
    champion: tuple[str, float] | None,
    comparison: Comparison | None = None,
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
