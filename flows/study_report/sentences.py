"""What the numbers of a pipeline mean, in sentences: none says more than its numbers carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fieldwright.data.output.written_numbers import engineering_exponent, number_text, scaled_unit
from fieldwright.surrogates.design.power_law import LearningCurve

DIGITS = 3
SURE = 2.0
"""Standard errors of a difference beyond which it is more than chance."""
CLEAR = 2.0
"""Ratio of two errors of which the larger one alone matters."""


def percent(share: float) -> str:
    """A share as a percentage of two digits: 0.43 %, 12 %, 0.0082 %."""
    return f"{number_text(100.0 * share, 2)} %"


def acceptance_sentence(samples: str, accepted: int, rejected: int, reasons: Mapping[str, int]) -> str:
    """How many were accepted, and why the others were not."""
    text = f"{accepted} {samples} were accepted"
    if not rejected:
        return f"{text}, and none was rejected."
    whys = ", ".join(f"{count} for '{reason}'" for reason, count in reasons.items())
    return f"{text} and {rejected} rejected: {whys}."


def comparison_sentence(evaluations: Sequence[Any], best: str, metric: str) -> str:
    """How far the best candidate is ahead of the next, and whether that is more than chance."""
    by_name = {one.candidate: one for one in evaluations}
    first = by_name[best]
    text = f"{best} has a {metric} of {_with_error(first)}"
    others = [one for one in evaluations if one.candidate != best and math.isfinite(one.score)]
    if not others:
        return f"{text}; there is no other candidate to compare it with."
    second = min(others, key=lambda one: one.score)
    text += f"; the next, {second.candidate}, {_with_error(second)}"
    if second.score < first.score:
        return (
            f"{text}. {second.candidate} has the lower score, but what else was asked of a candidate decided."
        )
    errors = [getattr(one, "standard_error", None) or math.nan for one in (first, second)]
    reach = SURE * math.hypot(*errors)
    if math.isnan(reach):
        return f"{text}. How far chance plays a part is not known."
    if second.score - first.score > reach:
        return f"{text}. The difference is more than two of its standard errors: it is hardly chance."
    return f"{text}. The difference is within two of its standard errors: it is not certain which is better."


def _with_error(one: Any) -> str:
    error = getattr(one, "standard_error", None)
    beside = "" if error is None else f" ± {number_text(error, 2)}"
    return f"{number_text(one.score, DIGITS)}{beside}"


def no_better_sentences(evaluations: Sequence[Any]) -> list[str]:
    """The candidates that predict a field no better than the mean of the runs."""
    return [
        f"{one.candidate} predicts {' and '.join(one.no_better)} no better than the mean of the training runs does."
        for one in evaluations
        if getattr(one, "no_better", None) and not isinstance(one.no_better, str)
    ]


def not_worth_it_sentences(evaluations: Sequence[Any], samples: str, count: int) -> list[str]:
    """The candidates that another one beats by far, and by more than chance, in less time; in the order given.

    samples, count: what all have learned from, such as 20 runs. A network on few runs is the usual case.
    """
    sentences = []
    for one in evaluations:
        better = [
            other
            for other in evaluations
            if one.score > CLEAR * other.score
            and other.fit_seconds < one.fit_seconds
            and one.score - other.score > SURE * math.hypot(*(_standard_error(each) for each in (one, other)))
        ]
        if not better:
            continue
        other = min(better, key=lambda each: each.score)
        sentences.append(
            f"{one.candidate} has {_times(one.score / other.score)} the score of {other.candidate} on these {count} "
            f"{samples}, and took {_times(one.fit_seconds / other.fit_seconds)} as long: it is not worth its time "
            "unless there are many more."
        )
    return sentences


def _standard_error(one: Any) -> float:
    """Infinite where it is not known, so that nothing is more than chance."""
    return getattr(one, "standard_error", None) or math.inf


def error_sentence(name: str, errors: Mapping[str, float], samples: str = "runs") -> str:
    """The usual and the worst error of held-out runs of one field."""
    median, worst = errors["relative_l2.median"], errors["relative_l2.max"]
    text = (
        f"{name}: half of the {samples} are predicted with a relative L2 error of at most {percent(median)}"
    )
    return f"{text}, the worst with {percent(worst)}."


def spectrum_sentence(name: str, rank: int, projection_error: float, model_error: float | None) -> str:
    """What the modes leave out of runs held out, and whether they or the regression limit the model.

    projection_error, model_error: in shares of the deviation from the mean of the runs.
    """
    modes = "1 mode describes" if rank == 1 else f"{rank} modes describe"
    text = f"{modes} {name}; of the deviation from the mean they miss {percent(projection_error)} in runs held out."
    if model_error is None or not model_error >= projection_error or projection_error <= 0.0:
        return text
    text += f" The model misses {percent(model_error)}"
    if model_error <= CLEAR * projection_error:
        return f"{text}, hardly more: more modes may help."
    return f"{text}, {_times(model_error / projection_error)} as much: more modes would hardly help."


def _times(ratio: float) -> str:
    """A ratio in words, of two digits: 2.7 times."""
    return f"{'more than a thousand' if ratio > 1e3 else number_text(ratio, 2)} times"


def coverage_sentence(
    name: str, observed: float, nominal: float, low: float | None = None, high: float | None = None
) -> str:
    """What the bands cover of runs held out, beside what so few runs can promise."""
    text = f"{name}: bands of {nominal:.0%} cover {observed:.1%} of the values of runs held out"
    if low is None or high is None:
        return f"{text}."
    if observed < low:
        return (
            f"{text}: less than the {low:.0%} to {high:.0%} that so many runs allow. Take them as too narrow."
        )
    if observed > high:
        return f"{text}: more than the {low:.0%} to {high:.0%} that so many runs allow. They are wider than need be."
    return f"{text}, within the {low:.0%} to {high:.0%} that so many runs allow."


def width_sentence(label: str, mean: float, lower: float, upper: float, unit: str) -> str:
    """The band of a quantity in the middle of the domain."""
    half = 0.5 * (upper - lower)
    value, band = with_unit(mean, unit, 4), with_unit(half, unit, 2)
    text = f"In the middle of the domain {label} is {value}, with a band of ± {band}"
    return f"{text} ({percent(half / abs(mean))})." if mean != 0.0 else f"{text}."


def with_unit(value: float, unit: str, digits: int) -> str:
    """A number in engineering notation with its unit, such as "130 MPa"."""
    exponent = engineering_exponent(abs(value))
    return f"{number_text(value / 10.0**exponent, digits)} {scaled_unit(unit, exponent)}".rstrip()


def learning_sentence(name: str, curve: LearningCurve, runs: int) -> str:
    """How many more runs would halve the error, or why that cannot be said."""
    now = float(curve.law(np.array([runs]))[0])
    forecast = curve.forecast(0.5 * now)
    if forecast.why_not:
        return f"How many more runs would halve the error of {name} {forecast.why_not}."
    more, low, high = (max(0, math.ceil(one) - runs) for one in (forecast.runs, forecast.low, forecast.high))
    return f"{more} more runs would halve the error of {name} (80 % of resampled laws: {low} to {high})."


def sensitivity_sentence(quantity: str, first: Mapping[str, float], total: Mapping[str, float]) -> str:
    """Which parameter a quantity depends on most, and how far parameters act together."""
    name = max(first, key=lambda one: first[one])
    together = max(0.0, 1.0 - sum(first.values()))
    text = f"{quantity} depends most on {name}: alone it explains {first[name]:.0%} of the variance"
    if together >= 0.05:
        text += f", and {together:.0%} is due to parameters that act together"
    without = [one for one, share in total.items() if share < 0.01]
    if without:
        text += f"; {' and '.join(without)} hardly matter{'s' if len(without) == 1 else ''}"
    return f"{text}."
