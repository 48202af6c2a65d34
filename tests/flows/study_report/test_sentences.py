"""Each sentence says what its numbers carry, and that it is uncertain where it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from fieldwright.flows.study_report import sentences as say
from fieldwright.surrogates.design.power_law import LearningCurve


@dataclass(frozen=True)
class One:
    candidate: str
    score: float
    standard_error: float | None = None
    no_better: tuple[str, ...] = ()
    fit_seconds: float = 1.0


@pytest.mark.parametrize(
    ("evaluations", "best", "words"),
    [
        (
            [One("gp", 0.01, 0.001), One("rbf", 0.05, 0.002)],
            "gp",
            ["0.01 ± 0.001", "rbf, 0.05", "hardly chance"],
        ),
        ([One("gp", 0.01, 0.01), One("rbf", 0.02, 0.01)], "gp", ["not certain which is better"]),
        # Exactly the two standard errors of the difference, 2 (3² + 4²)^1/2 = 10: no more than that.
        ([One("gp", 10.0, 3.0), One("rbf", 20.0, 4.0)], "gp", ["not certain"]),
        ([One("gp", 10.0, 3.0), One("rbf", 20.1, 4.0)], "gp", ["hardly chance"]),
        ([One("gp", 0.01), One("rbf", 0.05)], "gp", ["How far chance plays a part is not known"]),
        ([One("gp", 0.01, 0.1), One("rbf", 0.05)], "gp", ["not known"]),
        ([One("gp", 0.01)], "gp", ["no other candidate"]),
        ([One("gp", 0.01), One("mlp", float("nan"))], "gp", ["no other candidate"]),
        ([One("gp", 0.05, 0.1), One("rbf", 0.01, 0.1)], "gp", ["rbf has the lower score"]),
        ([One("a", 3.0, 0.1), One("b", 1.0, 0.1), One("c", 2.0, 0.1)], "b", ["the next, c, 2"]),
    ],
)
def test_a_candidate_is_ahead_by_more_than_chance_or_not_certainly(evaluations, best, words):
    sentence = say.comparison_sentence(evaluations, best, "error")
    assert all(one in sentence for one in words), sentence
    assert ("hardly chance" in sentence) + ("not " in sentence) + ("no other" in sentence) + (
        "lower score" in sentence
    ) == 1


def test_candidates_no_better_than_the_mean_are_named_with_their_fields():
    assert say.no_better_sentences([One("gp", 1.0), One("mlp", 1.0, None, ("T", "u"))]) == [
        "mlp predicts T and u no better than the mean of the training runs does."
    ]


def test_a_candidate_that_is_far_behind_in_more_time_is_said_to_be():
    gp, mlp = One("gp", 0.22, 0.02, (), 2.0), One("mlp", 0.6, 0.04, (), 9.0)
    assert say.not_worth_it_sentences([mlp, gp, One("rbf", 0.23, 0.02, (), 0.1)], "runs", 20) == [
        "mlp has 2.7 times the score of gp on these 20 runs, and took 4.5 times as long: it is not worth its time "
        "unless there are many more."
    ]
    # Quicker than the better one, within two standard errors, of unknown spread, not twice as far, without score.
    for other in (
        One("mlp", 0.6, 0.04, (), 1.9),
        One("mlp", 0.6, 0.19, (), 9.0),
        One("mlp", 0.6, None, (), 9.0),
        One("mlp", 0.44, 0.01, (), 9.0),
        One("mlp", float("nan"), 0.04, (), 9.0),
    ):
        assert say.not_worth_it_sentences([gp, other], "runs", 20) == []


@pytest.mark.parametrize(
    ("accepted", "rejected", "reasons", "text"),
    [
        (64, 0, {}, "64 runs were accepted, and none was rejected."),
        (
            20,
            3,
            {"not finite": 2, "truncated": 1},
            "20 runs were accepted and 3 rejected: 2 for 'not finite', 1 for",
        ),
    ],
)
def test_rejected_runs_are_counted_by_reason(accepted, rejected, reasons, text):
    assert say.acceptance_sentence("runs", accepted, rejected, reasons).startswith(text)


@pytest.mark.parametrize(
    ("rank", "projection", "model", "words", "absent"),
    [
        (7, 0.01, 0.05, ["7 modes", "they miss 1 %", "misses 5 %, 5 times", "would hardly help"], "may help"),
        (1, 0.01, 0.015, ["1 mode describes", "hardly more: more modes may help"], "would hardly"),
        (3, 0.01, 0.02, ["more modes may help"], "would hardly"),
        (3, 0.01, 0.0201, ["would hardly help"], "may help"),
        (3, 1e-9, 0.5, ["more than a thousand times", "would hardly help"], "may help"),
        (3, 0.01, 0.001, ["they miss 1 %"], "help"),
        (3, 0.01, None, ["they miss 1 %"], "help"),
        (3, 0.0, 0.5, ["they miss 0 %"], "help"),
    ],
)
def test_more_modes_are_advised_only_where_they_limit_the_model(rank, projection, model, words, absent):
    sentence = say.spectrum_sentence("T", rank, projection, model)
    assert all(one in sentence for one in words), sentence
    assert absent not in sentence


@pytest.mark.parametrize(
    ("observed", "low", "high", "words"),
    [
        (0.9, 0.84, 0.96, "within the 84% to 96%"),
        (0.84, 0.84, 0.96, "within"),
        (0.8399, 0.84, 0.96, "Take them as too narrow"),
        (0.99, 0.84, 0.96, "wider than need be"),
        (0.5, None, None, "cover 50.0% of the values of runs held out."),
    ],
)
def test_coverage_is_held_against_what_so_many_runs_allow(observed, low, high, words):
    assert words in say.coverage_sentence("T", observed, 0.9, low, high)


@pytest.mark.parametrize(
    ("mean", "lower", "upper", "unit", "text"),
    [
        (1.3e8, 1.29e8, 1.31e8, "Pa", "max(s) is 130 MPa, with a band of ± 1 MPa (0.77 %)."),
        (2e-4, 1e-4, 3e-4, "m", "max(s) is 200 µm, with a band of ± 100 µm (50 %)."),
        (0.0, -1.0, 1.0, "K", "max(s) is 0 K, with a band of ± 1 K."),
        (-5.0, -6.0, -4.0, "", "max(s) is -5, with a band of ± 1 (20 %)."),
    ],
)
def test_a_band_is_told_by_half_its_width(mean, lower, upper, unit, text):
    assert say.width_sentence("max(s)", mean, lower, upper, unit) == f"In the middle of the domain {text}"


def law(rate: float, scatter: float, sizes=(8, 12, 18, 27, 40)) -> LearningCurve:
    sizes = np.array(sizes)
    rng = np.random.default_rng(0)
    return LearningCurve.of(sizes, sizes[:, None] ** -rate * np.exp(scatter * rng.normal(size=(5, 12))), 0)


def test_runs_that_halve_the_error_follow_the_law():
    # e = n^-1.5: half of the error at 40 runs is that at 40 * 2^(2/3) = 63.5.
    sentence = say.learning_sentence("von_mises", law(1.5, 1e-9), 40)
    assert sentence == "24 more runs would halve the error of von_mises (80 % of resampled laws: 24 to 24)."
    # e = n^-2: at 40 * 2^(1/2) = 56.6.
    assert say.learning_sentence("T", law(2.0, 1e-9), 40).startswith(
        "17 more runs would halve the error of T"
    )


@pytest.mark.parametrize("curve", [law(0.0, 0.3), law(0.3, 1.0)])
def test_a_number_of_runs_is_not_told_where_the_trainings_do_not_carry_it(curve):
    sentence = say.learning_sentence("T", curve, 40)
    assert sentence.startswith("How many more runs would halve the error of T cannot be estimated")
    assert "more runs would halve the error of T (" not in sentence


@pytest.mark.parametrize(
    ("first", "total", "text"),
    [
        (
            {"a": 0.7, "b": 0.3},
            {"a": 0.7, "b": 0.3},
            "depends most on a: alone it explains 70% of the variance.",
        ),
        (
            {"a": 0.2, "b": 0.5},
            {"a": 0.5, "b": 0.8},
            "b: alone it explains 50% of the variance, and 30% is due to",
        ),
        ({"a": 0.99, "b": 0.0}, {"a": 1.0, "b": 0.005}, "; b hardly matters."),
        ({"a": 0.99, "b": 0.0, "c": 0.0}, {"a": 1, "b": 0.0, "c": 0.0}, "; b and c hardly matter."),
        ({"a": 0.99, "b": 0.01}, {"a": 1.0, "b": 0.01}, "99% of the variance."),
    ],
)
def test_the_strongest_parameter_is_named(first, total, text):
    assert text in say.sensitivity_sentence("max(T)", first, total)


def test_errors_are_percentages_of_two_digits():
    assert say.error_sentence("T", {"relative_l2.median": 0.004321, "relative_l2.max": 0.2}) == (
        "T: half of the runs are predicted with a relative L2 error of at most 0.43 %, the worst with 20 %."
    )
