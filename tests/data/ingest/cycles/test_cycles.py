"""Flows that repeat: period, start-up, one period at even phases and common phase, of waves known exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.cycles.common_phase import common_phases, first_wave
from fieldwright.data.ingest.cycles.one_period import mean_over_time, one_period
from fieldwright.data.ingest.cycles.period import find_cycle, time_coefficients
from fieldwright.data.ingest.timebase import TimeRule, shifted
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.frozen_matrix import freeze
from fieldwright.data.store.snapshot_store import SnapshotStore

PLACES = np.linspace(0.0, 4.0, 60)
MESH = Mesh(np.stack([PLACES, 0.0 * PLACES, 0.0 * PLACES], axis=1), {})
RULE = TimeRule("periodic", length=2.0, speed="speed")


def mean_field(strength: float) -> np.ndarray:
    return 3.0 + strength * PLACES


def wave(phase: np.ndarray, strength: float) -> np.ndarray:
    """(t, n) a wave that travels, with its second harmonic."""
    angle = 2.0 * np.pi * phase[:, None] - 2.5 * PLACES
    return strength * (np.cos(angle) * np.exp(-0.1 * PLACES) + 0.3 * np.sin(2.0 * angle + 0.4))


def run_of(
    times: np.ndarray, period: float, phase: float = 0.0, strength: float = 1.0, settling: float = 0.0
) -> Run:
    """A run whose wave is at this phase at its end; settling: seconds in which its start-up decays."""
    growth = 1.0 - np.exp(-(times - times[0]) / settling) if settling else np.ones(len(times))
    values = mean_field(strength) + growth[:, None] * wave((times - times[-1]) / period + phase, strength)
    return Run(MESH, {"u": Field(values[..., None], "point", unit="m/s")}, times)


def changed(run: Run, values: np.ndarray) -> Run:
    return replace(run, fields={"u": replace(run.fields["u"], values=values)})


@pytest.mark.parametrize("period", [0.83, 1.0, 2.71])
@pytest.mark.parametrize("uneven", [False, True])
def test_the_period_is_found_whatever_the_steps(period, uneven):
    times = np.linspace(10.0, 10.0 + 4.6 * period, 121)
    if uneven:
        times = times + 0.3 * (times[1] - times[0]) * np.sin(3.0 * np.arange(len(times)))
    run = run_of(times, period, phase=0.3)
    values = run.fields["u"].values[..., 0]
    cycle = find_cycle(times, time_coefficients(values, np.ones(values.shape[1])), 0.1)
    assert cycle.period == pytest.approx(period, rel=1e-3)
    assert abs(cycle.period - period) <= 3.0 * cycle.error + 1e-4 * period
    assert cycle.count == 4


def test_the_period_is_that_of_the_whole_state_and_no_part_of_it():
    """A wave of which the odd harmonics are faint returns nearly after half a period: that is no period."""
    times = np.linspace(0.0, 6.0, 241)
    angle = 2.0 * np.pi * times[:, None] - PLACES
    values = np.cos(2.0 * angle) + 0.4 * np.sin(angle)
    cycle = find_cycle(times, time_coefficients(values, np.ones(60)), 0.1)
    assert cycle.period == pytest.approx(1.0, rel=1e-3)


def test_one_period_is_at_even_phases_with_mean_fluctuation_and_strouhal_number():
    times = np.linspace(0.0, 7.3, 200)
    run, _ = one_period(run_of(times, 2.0, phase=0.2, strength=1.5), RULE, {"speed": 4.0})
    phases = np.linspace(0.0, 1.0, 33)
    assert run.times is not None
    np.testing.assert_allclose(run.times, phases)
    # Phase 0 is the end of the run.
    exact = mean_field(1.5) + wave(phases + 0.2, 1.5)
    np.testing.assert_allclose(run.fields["u"].values[..., 0], exact, atol=2e-3)
    np.testing.assert_allclose(run.fields["u_mean"].values[0, :, 0], mean_field(1.5), atol=1e-3)
    amplitudes = 1.5**2 * (np.exp(-0.2 * PLACES) + 0.3**2) / 2.0
    np.testing.assert_allclose(run.fields["u_rms"].values[0, :, 0], np.sqrt(amplitudes), atol=1e-3)
    assert run.fields["period"].values.item() == pytest.approx(2.0, rel=1e-4)
    assert run.fields["period"].unit == "s"
    assert run.fields["strouhal"].values.item() == pytest.approx(2.0 / (4.0 * 2.0), rel=1e-4)
    assert "repeats every 2" in run.notes[-1]
    assert run.fields["u_mean"].unit == "m/s"


def test_a_start_up_is_cut_off():
    times = np.linspace(0.0, 30.0, 901)
    run, _ = one_period(run_of(times, 2.0, settling=2.5), RULE, {"speed": 1.0})
    values = run.fields["u"].values[..., 0]
    exact = mean_field(1.0) + wave(np.linspace(0.0, 1.0, 33), 1.0)
    assert np.abs(values - exact).max() < 0.02
    assert "whole periods from" in run.notes[-1]
    # With the start given by hand it is the same.
    late, _ = one_period(run_of(times, 2.0, settling=2.5), replace(RULE, start=20.0), {"speed": 1.0})
    np.testing.assert_allclose(late.fields["u"].values, run.fields["u"].values, atol=0.02)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda run: changed(run, np.ones_like(run.fields["u"].values)), "a steady state"),
        (
            lambda run: changed(run, run.fields["u"].values * (1.0 + run.times[:, None, None])),
            "run it until it has settled",
        ),
        (
            lambda run: changed(
                run, run.fields["u"].values + np.cos(4.443 * run.times)[:, None, None] * PLACES[:, None]
            ),
            "take rule = 'mean'",
        ),
        (
            lambda run: changed(run, np.random.default_rng(0).standard_normal(run.fields["u"].values.shape)),
            "take rule = 'mean'",
        ),
        (
            lambda run: replace(changed(run, run.fields["u"].values[:20]), times=run.times[:20]),
            "at least two periods",
        ),
    ],
    ids=["steady", "growing", "two frequencies", "noise", "less than two periods"],
)
def test_what_does_not_repeat_is_refused_with_the_reason(make, said):
    run = make(run_of(np.linspace(0.0, 7.0, 141), 1.0))
    with pytest.raises(RunRejected, match="(?i)" + said) as raised:
        one_period(run, RULE, {"speed": 1.0})
    assert raised.value.reason == "does not repeat"


def test_too_few_times_are_said():
    with pytest.raises(RunRejected, match=r"at least 10 times from 6\.9 on"):
        one_period(run_of(np.linspace(0.0, 7.0, 141), 1.0), replace(RULE, start=6.9), {})
    with pytest.raises(RunRejected, match="at least 8 times per period"):
        one_period(run_of(np.linspace(0.0, 12.0, 54), 1.0), RULE, {"speed": 1.0})


def test_a_shift_in_phase_is_exact_for_what_the_phases_can_tell():
    phases = np.linspace(0.0, 1.0, 17)
    values = wave(phases, 1.0)[..., None]
    np.testing.assert_allclose(shifted(values, -0.137)[..., 0], wave(phases + 0.137, 1.0), atol=1e-12)
    np.testing.assert_allclose(shifted(shifted(values, 0.3), -0.3), values, atol=1e-12)


def test_runs_are_brought_into_common_phase_and_keep_it(tmp_path):
    """Waves whose number of crests differs over the sweep: neighbours agree, and each begins in a given phase."""
    rng, phases = np.random.default_rng(4), np.linspace(0.0, 1.0, 33)
    begins = rng.uniform(0.0, 1.0, 9).tolist()
    crests = np.linspace(1.5, 4.0, 9)

    def period_of(k: int, phase: float) -> np.ndarray:
        # In common phase all have their crest at the first place at phase 0.
        return np.cos(2.0 * np.pi * (phases[:, None] + phase) - crests[k] * PLACES)[..., None]

    order = rng.permutation(9)
    waves = {str(k): first_wave([period_of(k, begins[k])]) for k in order}
    found = common_phases(waves, {})
    first = str(order[0])
    assert found[first] == 0.0
    for a, b in zip(range(8), range(1, 9), strict=True):
        # The best shift between neighbours is a matter of their overlap alone.
        overlap = np.vdot(
            waves[str(a)] * np.exp(2j * np.pi * found[str(a)]),
            waves[str(b)] * np.exp(2j * np.pi * found[str(b)]),
        )
        assert abs(np.angle(overlap)) < 1e-9
    some = {str(k): waves[str(k)] for k in order[:5]}
    early = common_phases(some, {})
    late = common_phases(waves, early)
    assert {name: late[name] for name in early} == early

    # The same in a store: what is read is in common phase, frozen or not, and nothing of it changes what is stored.
    store = SnapshotStore(tmp_path / "store")
    store.time_rule = TimeRule("periodic", phases=32)
    for k in order:
        fields = {"u": Field(period_of(k, begins[k]), "point"), "u_mean": Field(np.ones((1, 60, 1)), "point")}
        store.add(Run(MESH, fields, phases), f"run_{k}", {"crests": float(crests[k])})
    snapshots = store.snapshots()
    assert snapshots["u"].dims == ("run", "time", "point")
    assert snapshots["u_mean"].dims == ("run", "point")
    assert snapshots["time"].attrs["standard_name"] == "phase"
    values = snapshots["u"].values
    ordered = np.argsort(snapshots["crests"].values)
    changes = np.linalg.norm(np.diff(values[ordered], axis=0), axis=(1, 2)) / np.linalg.norm(values[0])
    at_own_phase = np.array([period_of(k, begins[k])[..., 0] for k in range(9)])
    untouched = np.linalg.norm(np.diff(at_own_phase, axis=0), axis=(1, 2)) / np.linalg.norm(values[0])
    assert changes.max() < 0.4 < untouched.max()
    np.testing.assert_allclose(freeze(store, "u")[:], values.reshape(9 * 33, 60), atol=1e-12)
    assert freeze(store, "u_mean")[:].shape == (9, 60)


def test_a_mean_counts_values_as_long_as_they_last():
    times = np.concatenate([np.linspace(0.0, 2.0, 401), np.linspace(2.0, 4.0, 101)[1:]])
    run, span = mean_over_time(run_of(times, 1.0, strength=2.0), TimeRule("mean"))
    assert run.times is None
    assert span == (0.0, 4.0)
    np.testing.assert_allclose(run.fields["u"].values[0, :, 0], mean_field(2.0), atol=1e-3)
    amplitudes = 2.0**2 * (np.exp(-0.2 * PLACES) + 0.3**2) / 2.0
    np.testing.assert_allclose(run.fields["u_rms"].values[0, :, 0] ** 2, amplitudes, rtol=2e-3)
    assert "the means of both halves differ by" in run.notes[-1]
