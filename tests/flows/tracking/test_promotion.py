"""The promotion rule, case by case."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.flows.equations.report import SolutionEvaluation
from fieldwright.flows.equations.steps import decide_on_solution as decide_on_equation
from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.study.equation_sections import ProblemPromotion
from fieldwright.flows.study.run_sections import Promotion
from fieldwright.flows.tracking.promotion import decide
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate
from fieldwright.surrogates.validation.metrics import beats_mean

BEST = RunsEvaluation("gp", 0.10, {"stress": 0.02}, 1.0)


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
    assert not decide(
        rule(max_error={"stress": 0.01}), RunsEvaluation("gp", nan, {"stress": nan}, 1.0), None
    ).promote
    assert not decide(rule(), RunsEvaluation("gp", nan, {"stress": nan}, 1.0), ("1", 0.5)).promote


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
    decision = decide_on_equation(ProblemPromotion.model_validate({}), one, None)
    assert decision.promote is (sentence is None)
    assert sentence is None or sentence in decision.why
    assert decide_on_equation(ProblemPromotion.model_validate({"allow_no_better": True}), one, None).promote
