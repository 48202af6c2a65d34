"""The promotion rule: when the best candidate takes the champion's place."""

from __future__ import annotations

from dataclasses import dataclass

from flows.report import Judged
from flows.study_sections import Promotion


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, in one sentence for people."""

    promote: bool
    why: str


def decide(rule: Promotion, best: Judged, champion: tuple[str, float] | None) -> Decision:
    """Holds the best candidate against the limits and against the present champion (its version and score)."""
    for field, limit in rule.max_error.items():
        error = best.relative_l2[field]
        if not error <= limit:
            return Decision(
                False,
                f"the mean relative L2 error of '{field}' is {error:.3g}, above the limit {limit:g} of "
                "promotion.max_error",
            )
    if champion is None:
        return Decision(True, "there is no champion yet and every limit holds")
    version, score = champion
    wanted = score * (1.0 - rule.min_improvement)
    if best.score < wanted:
        return Decision(True, f"its score {best.score:.4g} beats version {version}'s {score:.4g}")
    beside = f" by {rule.min_improvement:.0%}" if rule.min_improvement else ""
    return Decision(
        False, f"its score {best.score:.4g} does not beat version {version}'s {score:.4g}{beside}"
    )
