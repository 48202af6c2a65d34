"""The promotion rule: when the best candidate takes the champion's place."""

from __future__ import annotations

from dataclasses import dataclass

from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.study.run_sections import Promotion


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, in one sentence for people."""

    promote: bool
    why: str


def decide(rule: Promotion, best: RunsEvaluation, champion: tuple[str, float] | None) -> Decision:
    """Compares the best candidate with the limits and with the present champion (its version and score)."""
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
    return against_champion(best.score, rule.min_improvement, champion)


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
