"""One period of a run that repeats, at even phases; and the mean and fluctuation of a run over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.cycles.period import (
    LEAST_SAMPLES,
    STEADY,
    Cycle,
    find_cycle,
    not_repeating,
    time_coefficients,
)
from fieldwright.data.ingest.timebase import TimeRule
from fieldwright.data.mesh.measures import cell_weights, point_weights

MEAN, RMS, PERIOD, STROUHAL = "_mean", "_rms", "period", "strouhal"
"""What is added to the name of a field, and the names of the scalars."""
FAINT = 1e-4
"""Share of the energy below which a harmonic carries nothing."""


def one_period(run: Run, rule: TimeRule, parameters: Mapping[str, float]) -> tuple[Run, tuple[float, float]]:
    """The run as one period at even phases from 0 to 1, with the mean and fluctuation of each field and its period.

    All written times of the whole periods since the start-up are fitted by u(t) = sum_h c_h exp(2 pi i h t / T), with
    as many harmonics as these times can tell. Phase 0 is the end of the run: `common_phase` shifts it. The field
    "u_mean" is c_0, "u_rms" the root of the mean square about it. "strouhal" is length / (speed * period) where the
    rule has both. Second come the first and last time of the whole periods.

    Raises RunRejected ("does not repeat").
    """
    run = _after_start(run, rule)
    times, snapshots = np.asarray(run.times), _joined(run)
    if _is_steady(run):
        raise not_repeating("a steady state", "Take rule = 'last', or leave the run out")
    cycle = find_cycle(times, time_coefficients(*snapshots), rule.largest_change)
    cycle = _least_period(cycle, times, *snapshots, rule.phases)
    in_periods, angle, harmonics = _waves_of(cycle, times, rule.phases)
    fit = np.linalg.pinv(_waves(angle, harmonics))
    phases = np.linspace(0.0, 1.0, rule.phases + 1)
    at_phases = _waves(2.0 * np.pi * phases, harmonics) @ fit
    at_times = _waves(angle, harmonics) @ fit
    fields: dict[str, Field] = {}
    lost, fluctuation = 0.0, 0.0
    for name, field in run.fields.items():
        values = field.values[in_periods].astype(np.float64).reshape(in_periods.sum(), -1)
        mean = fit[0] @ values
        period = at_phases @ values
        scale = float(np.sum((values - mean) ** 2)) or 1.0
        lost += float(np.sum((at_times @ values - values) ** 2)) / scale
        fluctuation += 1.0
        fields[name] = _like(field, period)
        fields[name + MEAN] = _like(field, mean[None])
        fields[name + RMS] = _like(field, np.sqrt(np.mean((period[:-1] - mean) ** 2, axis=0))[None])
    left = float(np.sqrt(lost / fluctuation))
    if left > rule.largest_change:
        raise not_repeating(
            f"{left:.0%} of the fluctuation that {harmonics} harmonics of a period of {cycle.period:.4g} leave",
            "Run it until it has settled, write more times per period, or take rule = 'mean'",
        )
    fields[PERIOD] = Field(np.full((1, 1, 1), cycle.period), "run", ("",), "s")
    speed, length = (_number(one, parameters) for one in (rule.speed, rule.length))
    if speed is not None and length is not None:
        fields[STROUHAL] = Field(np.full((1, 1, 1), length / (speed * cycle.period)), "run")
    notes = (*run.notes, _note(cycle, times, harmonics, left))
    return replace(run, fields=fields, times=phases, notes=notes), (cycle.start, float(times[-1]))


def mean_over_time(run: Run, rule: TimeRule) -> tuple[Run, tuple[float, float]]:
    """The run as the mean of each field over the time and its fluctuation, "u_rms".

    Each value counts as long as it lasts. A note says how far the means over both halves of the time are apart.
    Second come the first and last time that count.
    """
    run = _after_start(run, rule)
    times = np.asarray(run.times)
    share = np.zeros(len(times))
    share[:-1] += np.diff(times) / 2.0
    share[1:] += np.diff(times) / 2.0
    share /= share.sum()
    halves = np.array(
        [np.where(times <= np.median(times), share, 0.0), np.where(times > np.median(times), share, 0.0)]
    )
    halves /= halves.sum(axis=1, keepdims=True)
    fields, notes = {}, []
    for name, field in run.fields.items():
        values = field.values.astype(np.float64).reshape(len(times), -1)
        mean = share @ values
        rms = np.sqrt(share @ (values - mean) ** 2)
        first, second = halves @ values
        size = float(np.linalg.norm(mean)) or 1.0
        notes.append(
            f"'{name}' is its mean from {times[0]:g} to {times[-1]:g}; the means of both halves differ by "
            f"{np.linalg.norm(second - first) / size:.2%}"
        )
        fields[name], fields[name + RMS] = _like(field, mean[None]), _like(field, rms[None])
    span = float(times[0]), float(times[-1])
    return replace(run, fields=fields, times=None, notes=(*run.notes, *notes)), span


def _after_start(run: Run, rule: TimeRule) -> Run:
    times = np.zeros(0) if run.times is None else np.asarray(run.times)
    inside = times >= (-np.inf if rule.start is None else rule.start)
    if inside.sum() < 2 * LEAST_SAMPLES:
        since = "" if rule.start is None else f" from {rule.start:g} on"
        raise RunRejected(
            "missing time steps",
            f"A run must have at least {2 * LEAST_SAMPLES} times{since} for the rule '{rule.rule}'",
            f"{int(inside.sum())}",
            "Have the solver write more of them, or correct [time] in the study file",
        )
    fields = {name: replace(field, values=field.values[inside]) for name, field in run.fields.items()}
    return replace(run, fields=fields, times=times[inside])


def _joined(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """All fields of a run side by side (t, m), each of fluctuation one, and the weights (m,) of the values."""
    parts, weights = [], []
    for field in run.fields.values():
        shares = point_weights(run.mesh) if field.on == "point" else cell_weights(run.mesh)
        weight = np.repeat(shares / shares.sum(), len(field.components))
        values = field.values.astype(np.float64).reshape(len(field.values), -1)
        fluctuation = float(np.sqrt(np.mean((values - values.mean(axis=0)) ** 2 @ weight)))
        parts.append(values / (fluctuation or 1.0))
        weights.append(weight)
    return np.concatenate(parts, axis=1), np.concatenate(weights)


def _is_steady(run: Run) -> bool:
    """Whether no field changes over the second half of the time by more than a share of its size."""
    for field in run.fields.values():
        late = field.values[len(field.values) // 2 :].astype(np.float64)
        if np.sqrt(np.mean((late - late.mean(axis=0)) ** 2)) > STEADY * np.sqrt(np.mean(late**2)):
            return False
    return True


def _waves_of(cycle: Cycle, times: np.ndarray, phases: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Which times (t,) are of whole periods, their angle, and how many harmonics they can tell."""
    in_periods = times > cycle.start - 1e-9 * cycle.period
    harmonics = min((int(in_periods.sum() / cycle.count) - 1) // 2, (phases - 1) // 2)
    return in_periods, 2.0 * np.pi * (times[in_periods] - times[-1]) / cycle.period, harmonics


def _least_period(
    cycle: Cycle, times: np.ndarray, snapshots: np.ndarray, weights: np.ndarray, phases: int
) -> Cycle:
    """The cycle, of a part of its period where that repeats as well, as few times per period can hide.

    snapshots: (t, m). weights: (m,). Raises RunRejected where the part is written too seldom.
    """
    in_periods, angle, harmonics = _waves_of(cycle, times, phases)
    waves = np.linalg.pinv(_waves(angle, harmonics)) @ (snapshots[in_periods] * np.sqrt(weights))
    energy = np.sum(waves[1:].reshape(2, harmonics, -1) ** 2, axis=(0, 2))
    carried = 1 + np.flatnonzero(energy > max(FAINT, cycle.change**2) * energy.sum())
    part = int(np.gcd.reduce(carried)) if len(carried) else 1
    period, step = cycle.period / part, float(np.median(np.diff(times)))
    if period < LEAST_SAMPLES * step:
        raise not_repeating(
            f"a period of {period:.3g} s, written every {step:.3g} s", "Write at least 8 times per period"
        )
    return replace(cycle, period=period, error=cycle.error / part, count=cycle.count * part)


def _waves(angle: np.ndarray, harmonics: int) -> np.ndarray:
    """(t, 1 + 2 h): 1, cos and sin of the multiples of the angle (t,)."""
    multiples = angle[:, None] * np.arange(1, harmonics + 1)
    return np.concatenate([np.ones((len(angle), 1)), np.cos(multiples), np.sin(multiples)], axis=1)


def _like(field: Field, values: np.ndarray) -> Field:
    """Values (t, m) as a field of the same places and type."""
    shaped = values.reshape(len(values), *field.values.shape[1:])
    return replace(field, values=shaped.astype(field.values.dtype))


def _number(value: float | str | None, parameters: Mapping[str, float]) -> float | None:
    return parameters[value] if isinstance(value, str) else value


def _note(cycle: Cycle, times: np.ndarray, harmonics: int, left: float) -> str:
    return (
        f"repeats every {cycle.period:.5g} s (+- {cycle.error:.1g}), {cycle.count} whole periods from "
        f"{cycle.start:.4g} of {times[0]:g} to {times[-1]:g}; {harmonics} harmonics leave {left:.2%} of the "
        "fluctuation"
    )
