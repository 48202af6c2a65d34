"""The promotion rule, case by case."""

from __future__ import annotations

from flows.promotion import decide
from flows.report import Judged
from flows.study_sections import Promotion

BEST = Judged("gp", 0.10, {"stress": 0.02}, 1.0)


def rule(**keys: object) -> Promotion:
    return Promotion.model_validate(keys)


def test_the_first_model_is_promoted() -> None:
    assert decide(rule(), BEST, None).promote


def test_only_a_better_score_takes_the_place() -> None:
    assert decide(rule(), BEST, ("4", 0.11)).promote
    refused = decide(rule(), BEST, ("4", 0.10))
    assert not refused.promote
    assert "version 4" in refused.why


def test_the_improvement_asked_for_must_be_reached() -> None:
    assert not decide(rule(min_improvement=0.10), BEST, ("4", 0.105)).promote
    assert decide(rule(min_improvement=0.10), BEST, ("4", 0.12)).promote


def test_a_limit_holds_even_without_a_champion() -> None:
    refused = decide(rule(max_error={"stress": 0.01}), BEST, None)
    assert not refused.promote
    assert "'stress' is 0.02" in refused.why


def test_an_error_that_is_not_a_number_is_never_promoted() -> None:
    nan = float("nan")
    assert not decide(rule(max_error={"stress": 0.01}), Judged("gp", nan, {"stress": nan}, 1.0), None).promote
    assert not decide(rule(), Judged("gp", nan, {"stress": nan}, 1.0), ("1", 0.5)).promote
