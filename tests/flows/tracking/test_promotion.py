"""The promotion rule, case by case."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from fieldwright.flows.equations.report import SolutionEvaluation
from fieldwright.flows.equations.steps import decide_on_solution as decide_on_equation
from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.runs.promotion.promotion_rule import decide_on_runs
from fieldwright.flows.study.equation_sections import ProblemPromotion
from fieldwright.flows.study.run_sections import Promotion
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.versions.challenger import DATA
from fieldwright.flows.tracking.versions.gates import at_least, at_most, binomial_range, coverage_gate
from fieldwright.flows.tracking.versions.promotion import Challenge, Decision, decide_by_score
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate
from fieldwright.surrogates.validation.metrics import beats_mean

BEST = RunsEvaluation("gp", 0.10, {"stress": 0.02}, 1.0)


def against(version: str, score: float, metric: str = "relative_l2", data: str = "d") -> Challenge:
    """A champion with this score."""
    tags = {"metric": metric, "score": repr(score), DATA: data}
    return Challenge(ModelVersion(version, "run", tags), data="d")


def decide(promotion: Promotion, best: RunsEvaluation, contest: Challenge | None) -> Decision:
    return decide_on_runs(promotion, "relative_l2", best, contest or Challenge())


def rule(**keys: object) -> Promotion:
    return Promotion.model_validate(keys)


def test_the_first_model_is_promoted() -> None:
    assert decide(rule(), BEST, None).promote


def test_only_a_better_score_takes_the_place() -> None:
    assert decide(rule(), BEST, against("4", 0.11)).promote
    refused = decide(rule(), BEST, against("4", 0.10))
    assert not refused.promote
    assert "version 4" in refused.why


def test_the_improvement_asked_for_must_be_reached() -> None:
    assert not decide(rule(min_improvement=0.10), BEST, against("4", 0.105)).promote
    assert decide(rule(min_improvement=0.10), BEST, against("4", 0.12)).promote


def test_a_limit_holds_even_without_a_champion() -> None:
    refused = decide(rule(max_error={"stress": 0.01}), BEST, None)
    assert not refused.promote
    assert "'stress' is 0.02" in refused.why


def test_an_error_that_is_not_a_number_is_never_promoted() -> None:
    nan = float("nan")
    assert not decide(
        rule(max_error={"stress": 0.01}), RunsEvaluation("gp", nan, {"stress": nan}, 1.0), None
    ).promote
    assert not decide(rule(), RunsEvaluation("gp", nan, {"stress": nan}, 1.0), against("1", 0.5)).promote


def judged_on(model: np.ndarray, mean: np.ndarray, other: np.ndarray | None = None) -> RunsEvaluation:
    errors = {"stress": {"relative_l2": model, "fluctuation_l2": model / mean}}
    means = {"stress": mean}
    if other is not None:
        errors["pressure"] = {"relative_l2": other, "fluctuation_l2": other / mean}
        means["pressure"] = mean
    return RunsEvaluation.of("gp", "relative_l2", errors, means, 1.0)


def test_what_is_no_better_than_the_mean_of_the_runs_is_refused_unless_the_study_allows_it() -> None:
    mean = np.linspace(0.9, 1.1, 16)
    poor = judged_on(np.full(16, 1.36), mean)
    refused = decide(rule(), poor, None)
    assert not refused.promote
    assert "no better than the mean of the runs" in refused.why
    assert "'stress' is 1.36, that of the mean 1" in refused.why
    assert decide(rule(allow_no_better=True), poor, None).promote
    assert decide(rule(), judged_on(0.3 * mean, mean), None).promote
    one_of_two = decide(rule(), judged_on(0.3 * mean, mean, other=1.2 * mean), None)
    assert not one_of_two.promote
    assert "of 'pressure'" in one_of_two.why
    assert "of 'stress'" not in one_of_two.why


@pytest.mark.parametrize("kind", ["bayes", "gp", "pce", "rbf"])
def test_runs_that_no_parameter_explains_make_no_champion(kind: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(1.0, 3.0, (16, 2))
    smooth = (x[:, :1] * np.linspace(0.0, 1.0, 30) + x[:, 1:] ** 2)[..., None]
    for values, promote in ((smooth, True), (rng.normal(size=smooth.shape), False)):
        reductions = {"f": reduction_config({"kind": "svd"})}
        found = cross_validate(kind_config({"kind": kind}), reductions, x, {"f": values}, folds=4, seed=0)
        decision = decide(
            rule(), RunsEvaluation.of(kind, "fluctuation_l2", found.errors, found.mean_errors, 1.0), None
        )
        assert decision.promote is promote
        assert promote or "no better than the mean of the runs" in decision.why


def test_noise_seldom_beats_the_mean_and_knowledge_does() -> None:
    rng = np.random.default_rng(3)
    passed = 0
    for _ in range(400):
        true = rng.normal(size=(16, 1))
        # What knows nothing answers the mean and some noise about it, as fitted models of noise do.
        means, guess = (true.sum() - true) / 15, 0.3 * rng.normal(size=(16, 1))
        size = np.abs(true[:, 0])
        passed += beats_mean(np.abs(guess + means - true)[:, 0] / size, np.abs(means - true)[:, 0] / size)
    assert passed <= 0.05 * 400
    known = [
        beats_mean(np.abs(rng.normal(0.0, 0.3, 16)), np.abs(rng.normal(0.0, 1.0, 16))) for _ in range(200)
    ]
    assert np.mean(known) > 0.9


@pytest.mark.parametrize(
    ("model", "mean", "better"),
    [
        # A run next to the mean, which the mean answers best, does not condemn a good model.
        ([0.01, 0.01, 0.01, 0.01, 0.01, 0.01], [1.0, 0.5, 1e-4, 0.5, 1.0, 2.0], True),
        # One that explodes at one run is no good, however well it does elsewhere.
        ([0.01, 0.01, 0.01, 0.01, 0.01, 384.0], [1.0, 0.5, 0.2, 0.5, 1.0, 2.0], False),
        # The same in all runs: the mean is right, and so is the model.
        ([1e-7] * 6, [3e-8] * 6, True),
        ([0.1] * 6, [0.0] * 6, False),
        ([float("nan")] + [0.1] * 5, [1.0] * 6, False),
    ],
)
def test_what_counts_as_better_than_the_mean(model: list[float], mean: list[float], better: bool) -> None:
    assert beats_mean(np.array(model), np.array(mean)) is better


@pytest.mark.parametrize(
    ("residual", "errors", "means", "sentence"),
    [
        (1.2, {}, {}, "relative residual is 1.2"),
        (1e-3, {"u": 1.1}, {"u": 0.9}, "1.1 for 'u' (0.9 for the reference's mean)"),
        (1e-3, {"u": 0.01, "p": 0.2}, {"u": 0.9, "p": 0.1}, None),
        (1e-3, {}, {}, None),
    ],
)
def test_a_trivial_solution_is_refused(
    residual: float, errors: dict[str, float], means: dict[str, float], sentence: str | None
) -> None:
    one = SolutionEvaluation("pinn", residual, 2.0, "converged", "", "", errors, None, 1, 1.0, means)
    decision = decide_on_equation(ProblemPromotion.model_validate({}), one, Challenge())
    assert decision.promote is (sentence is None)
    assert sentence is None or sentence in decision.why
    assert decide_on_equation(
        ProblemPromotion.model_validate({"allow_no_better": True}), one, Challenge()
    ).promote


def test_scores_of_other_data_or_another_metric_are_named_as_such() -> None:
    same = decide_by_score(0.1, "relative_l2", 0.0, against("4", 0.2))
    assert (same.promote, same.compared) == (True, "relative_l2 of both on the same data")
    other = decide_by_score(0.1, "relative_l2", 0.0, against("4", 0.2, data="e"))
    assert "of other data: version 4 could not be evaluated" in other.why
    assert other.compared == "relative_l2 of each on data of its own"
    metric = decide_by_score(0.1, "relative_l2", 0.0, against("4", 0.2, metric="fluctuation_l2"))
    assert metric.promote
    assert "was scored by fluctuation_l2" in metric.why
    assert metric.compared.startswith("nothing")


def test_each_gate_that_fails_is_named_with_both_numbers_and_all_stand_in_the_table() -> None:
    gates = (
        at_most("latency of one query", 3.25, 2.0, "promotion.max_latency_ms", "ms"),
        at_most("size of the artifact", 0.5, 1.0, "promotion.max_size_mb", "MB"),
        at_least(
            "share of the present 30 runs inside the domain", 0.8, 0.9, "promotion.min_domain_share", "%"
        ),
    )
    decision = decide(rule(max_error={"stress": 0.03}), BEST, Challenge(gates=gates))
    assert not decision.promote
    assert "latency of one query is 3.25 ms, above the limit 2 ms of promotion.max_latency_ms" in decision.why
    assert "inside the domain is 80%, below the limit 90% of promotion.min_domain_share" in decision.why
    assert "size" not in decision.why
    assert decision.as_dict()["failed"] == [gates[0].name, gates[2].name]
    assert [gate.passed for gate in decision.gates] == [True, False, True, False]
    table = decision.markdown()
    assert "| latency of one query | 3.25 ms | at most 2 ms | FAILED |" in table
    assert "| mean relative L2 error of 'stress' | 0.02 | at most 0.03 | passed |" in table
    assert not at_most("x", float("nan"), 1.0, "k").passed
    assert not at_least("x", float("nan"), 1.0, "k").passed


def test_a_coverage_fails_only_where_so_few_runs_can_tell() -> None:
    exact = binomtest(17, 20).proportion_ci(0.9, method="exact")
    assert binomial_range(17, 20) == pytest.approx((exact.low, exact.high))
    assert binomial_range(20, 20)[1] == 1.0
    assert coverage_gate("coverage of stress", 17 / 20, 20, 0.95).passed
    refused = coverage_gate("coverage of stress", 15 / 20, 20, 0.95)
    assert not refused.passed
    assert "is 75% (54% to 90% by so few), below the limit 95% of promotion.min_coverage" in refused.sentence
    assert not coverage_gate("coverage of stress", 0.85, 200, 0.95).passed


def test_the_coverage_gate_holds_its_false_alarm_rate_and_sees_what_is_far_off() -> None:
    rng = np.random.default_rng(0)
    refused = {
        true: np.mean(
            [not coverage_gate("c", hits / 40, 40, 0.9).passed for hits in rng.binomial(40, true, 2000)]
        )
        for true in (0.9, 0.6)
    }
    assert refused[0.9] <= 0.05
    assert refused[0.6] > 0.95
