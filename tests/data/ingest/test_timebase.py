"""Runs of unequal times come to one base by a stated rule, or are refused with the reason."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import RunRejected, StoreError
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.ingestion import ingest_sources
from fieldwright.data.ingest.parameters.table import table_from_rows
from fieldwright.data.ingest.timebase import TimeRule, check_times, common_times, resample_in_time
from fieldwright.data.mesh.mesh import Mesh

EXACT, OVERLAP, LAST = TimeRule("exact"), TimeRule("overlap"), TimeRule("last")
rising = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=12).map(lambda steps: np.cumsum(steps))


def test_times_that_differ_by_rounding_are_the_same():
    check_times(np.array([0.999996, 1.999992, 2.999988, 3.999984]), np.array([1.0, 2, 3, 4]), EXACT)


@pytest.mark.parametrize(
    ("times", "got"),
    [
        ([1.0, 2, 3], r"3 times \(1 to 3\)"),
        ([1.0, 2, 3, 4.5], "Time 4 of a run must be 4 as in the first one. Got 4.5"),
        ([1.5, 3, 4.5, 6], "Time 4 of a run must be 4 as in the first one. Got 6"),
    ],
)
def test_other_times_are_refused_by_the_exact_rule(times, got):
    with pytest.raises(RunRejected, match=got) as refused:
        check_times(np.array(times), np.array([1.0, 2, 3, 4]), EXACT)
    assert refused.value.reason == "missing time steps"


def test_a_steady_run_among_transient_ones_is_refused():
    with pytest.raises(RunRejected, match="must have the 3 times"):
        check_times(None, np.array([1.0, 2, 3]), EXACT)


def test_a_run_that_stopped_early_is_refused_by_the_overlap_rule():
    with pytest.raises(RunRejected, match=r"must cover 90% of the time from 0 to 10. Got times from 0 to 5"):
        check_times(np.linspace(0, 5, 6), np.linspace(0, 10, 11), OVERLAP)
    check_times(np.linspace(0, 9.5, 60), np.linspace(0, 10, 11), OVERLAP)


def test_the_last_rule_takes_runs_of_any_length():
    check_times(np.array([6.0]), np.array([1.0, 2]), LAST)
    assert common_times([np.array([1.0, 2]), None], LAST) is None
    np.testing.assert_array_equal(
        resample_in_time(np.arange(6.0).reshape(3, 2, 1), None, None, LAST), [[[4], [5]]]
    )


def test_the_overlap_is_what_all_runs_cover_in_the_coarsest_steps():
    base = common_times([np.linspace(0, 10, 21), np.linspace(1, 11, 11), np.linspace(0, 9, 91)], OVERLAP)
    np.testing.assert_array_equal(base, np.arange(1.0, 10))


def test_runs_without_overlap_are_an_error():
    with pytest.raises(StoreError, match="times from 5 to 2 in common"):
        common_times([np.linspace(0, 2, 5), np.linspace(5, 9, 5)], OVERLAP)


@given(rising, st.floats(-3, 3), st.floats(-3, 3))
def test_what_is_linear_in_time_is_resampled_exactly(times, slope, offset):
    base = np.linspace(times[0], times[-1], 7)
    values = (slope * times + offset)[:, None, None] * np.array([1.0, -2.0])[None, :, None]
    expected = (slope * base + offset)[:, None, None] * np.array([1.0, -2.0])[None, :, None]
    np.testing.assert_allclose(resample_in_time(values, times, base, OVERLAP), expected, rtol=0, atol=1e-9)


@given(rising)
def test_resampling_to_the_own_times_changes_nothing(times):
    values = np.random.default_rng(0).standard_normal((len(times), 3, 2)).astype(np.float32)
    resampled = resample_in_time(values, times, times, OVERLAP)
    np.testing.assert_array_equal(resampled, values)
    assert resampled.dtype == np.float32


def decay(times: np.ndarray, rate: float) -> Run:
    """u(t, x) = x (1 - rate t): linear in time, so that interpolation is exact."""
    x = np.arange(4.0)
    return Run(
        Mesh(np.stack([x, 0 * x, 0 * x], axis=1)),
        {"u": Field((x * (1 - rate * times[:, None]))[..., None], "point")},
        times,
    )


@pytest.mark.parametrize("rule", [EXACT, OVERLAP, LAST], ids=lambda rule: rule.rule)
def test_transient_runs_come_out_of_the_store_on_one_base(store, rule):
    grids = {"r1": np.linspace(1, 10, 10), "r2": np.linspace(1, 10, 10) * (1 + 1e-7)}
    if rule != EXACT:
        grids["r3"] = np.linspace(0.5, 10.5, 41)
    for i, (name, times) in enumerate(grids.items()):
        store.add(decay(times, 0.01 * i), name, {"rate": 0.01 * i})
    dataset = store.snapshots(time=rule)
    if rule == LAST:
        assert "time" not in dataset.dims
        np.testing.assert_allclose(dataset["u"].sel(run="r3"), np.arange(4) * (1 - 0.02 * 10.5))
        return
    np.testing.assert_allclose(dataset["time"], np.linspace(1, 10, 10), rtol=1e-6)
    for i, name in enumerate(grids):
        expected = np.arange(4) * (1 - 0.01 * i * dataset["time"].values[:, None])
        np.testing.assert_allclose(dataset["u"].sel(run=name), expected, rtol=1e-6)


def test_ingestion_sets_the_rule_that_snapshots_follow(solver, store):
    for i, steps in enumerate([3, 3, 2]):
        for step in range(1, steps + 1):
            fields = solver.fields(a=i + 1.0, b=float(step))
            solver.write(solver.folder / f"run_{i}" / f"t_{step}.vtu", {"T": fields["T"]})
    sources = [replace(s, files=tuple(sorted(s.path.glob("t_*.vtu")))) for s in _folders(solver)]
    table = table_from_rows({f"run_{i}": {"a": i + 1.0} for i in range(3)}, {"a": None})
    rules = replace(solver.rules, fields={"T": "K"}, step=0.5)
    report = ingest_sources(store, sources, table, rules)
    assert [(name, reason) for name, reason, _ in report.rejected] == [("run_2", "missing time steps")]
    np.testing.assert_array_equal(store.snapshots()["time"], [0.5, 1, 1.5])
    report = ingest_sources(store, sources, table, replace(rules, time=LAST))
    assert "run_2" in report.accepted
    last = store.snapshots()["T"]
    assert last.dims == ("run", "point")
    np.testing.assert_array_equal(last.sel(run="run_2"), solver.fields(3.0, 2.0)["T"])


def _folders(solver):
    from fieldwright.data.ingest.ingestion import find_runs

    return find_runs(solver.folder, "run_*")
