"""Transients in every form through the whole surrogate: cross-validation, bands, times, forecasts, bad input."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.trajectory.history import History
from fieldwright.surrogates.trajectory.windows import Windows
from fieldwright.surrogates.validation.cross_validation import cross_validate

POINTS, STEP = 12, 0.1
PLACES = np.stack([np.linspace(0.0, 1.0, POINTS), np.zeros(POINTS), np.zeros(POINTS)], axis=1)
SVD = reduction_config({"kind": "svd", "rank": 4})


def heated(x: np.ndarray, times: int) -> np.ndarray:
    """The rod's temperature (n, times, points, 1) [K]: modes sin(m pi s) that saturate at the rate x_0 m^2."""
    t, s = STEP * np.arange(times)[None, :, None], PLACES[:, 0]
    rate, flux = x[:, 0, None, None], x[:, 1, None, None]
    rise = sum(np.sin(m * np.pi * s) * (1.0 - np.exp(-rate * m**2 * t)) / m**3 for m in (1, 2, 3))
    return (flux * rise)[..., None]


def waves(times: int, phase: float = 0.0) -> np.ndarray:
    """A travelling wave with its first overtone (1, times, points, 1), of period 2: what a wake leaves behind."""
    angle = np.pi * STEP * np.arange(times)[:, None] + phase - 2.0 * PLACES[:, 0]
    return (np.sin(angle) + 0.3 * np.cos(2.0 * angle))[None, ..., None]


def rods(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform([0.5, 1.0], [1.5, 3.0], (n, 2))


def trained(settings: dict, x, values, *, history=0, windows=None, folds=4) -> Surrogate:
    config, reductions = kind_config(settings), {"T": SVD}
    held_out = cross_validate(
        config, reductions, x, {"T": values}, folds=folds, seed=0, history=history, windows=windows
    )
    times = tuple((STEP * np.arange(values.shape[1])).tolist())
    return Surrogate.train(
        config,
        reductions,
        x,
        {"T": values},
        parameters=[ParameterInfo(name=name) for name in ("rate", "flux")[: x.shape[1]]],
        fields=[FieldInfo(name="T", unit="K", times=times, n_points=POINTS)],
        points={"T": PLACES},
        cross_validation=held_out,
        history=history,
        seed=0,
        name="rod",
    )


@pytest.fixture(scope="module")
def forecaster() -> Surrogate:
    x = rods(24, 0)
    return trained({"kind": "dmd"}, x, heated(x, 20), history=5)


@pytest.fixture(scope="module")
def wave() -> Surrogate:
    """One single run, without parameters."""
    windows = Windows.of(1, 120, 25)
    values = windows.cut(waves(120))
    return trained(
        {"kind": "dmd", "delays": 2}, np.zeros((len(values), 0)), values, history=10, windows=windows
    )


FORMS = (
    {"kind": "rbf"},
    {"kind": "pce", "transient": "parameter"},
    {"kind": "dmd", "delays": 2},
    {"kind": "lstm", "members": 2, "hidden": 8, "iterations": 80, "patience": 80},
)


@pytest.mark.parametrize("settings", FORMS, ids=lambda s: s["kind"])
def test_every_form_is_judged_alike_and_answers_in_the_same_shapes(settings, tmp_path):
    x = rods(24, 0)
    values = heated(x, 10)
    model = trained(settings, x, values)
    new = rods(30, 1)
    true = heated(new, 10)
    band = model.predict(new, quantities=[Quantity("max", "T")])
    assert band.fields["T"].mean.shape == true.shape
    assert band.quantities["max(T)"].mean.shape == (30, 10)
    assert np.linalg.norm(band.fields["T"].mean - true) < 0.1 * np.linalg.norm(true)
    inside = (band.fields["T"].lower <= true) & (true <= band.fields["T"].upper)
    assert inside[:, 1:, 1:-1].mean() > 0.75
    model.save(tmp_path / "rod")
    again = Surrogate.load(tmp_path / "rod").predict(new)
    np.testing.assert_array_equal(again.fields["T"].upper, band.fields["T"].upper)


def test_bands_of_a_roll_out_grow_with_its_error():
    x = rods(24, 0)
    band = trained({"kind": "dmd", "delays": 2}, x, heated(x, 20)).predict(rods(20, 2)).fields["T"]
    width = (band.upper - band.lower).mean(axis=(0, 2, 3))
    assert width[10] > 3.0 * width[1]


def test_asks_between_the_trained_times(forecaster):
    x = rods(24, 0)
    model = trained({"kind": "rbf"}, x, heated(x, 20))
    new = rods(10, 3)
    between = STEP * (np.arange(19) + 0.5)
    fine = heated(np.column_stack([new[:, 0] / 2.0, new[:, 1]]), 40)[:, 1:38:2]
    answer = model.predict(new, times=between.tolist()).fields["T"]
    known = model.predict(new)
    assert np.linalg.norm(answer.mean - fine) < 0.02 * np.linalg.norm(fine)
    assert (answer.upper >= answer.mean).all()
    at_known = model.predict(new, times=[0.7]).fields["T"]
    np.testing.assert_allclose(at_known.mean[:, 0], known.fields["T"].mean[:, 7], atol=1e-12)
    np.testing.assert_allclose(at_known.upper[:, 0], known.fields["T"].upper[:, 7], atol=1e-12)


@pytest.mark.parametrize("times", [[-0.2], [0.5, 2.0], [np.nan]])
def test_refuses_a_time_beyond_the_trained_range(forecaster, times):
    x = rods(1, 4)
    with pytest.raises(QueryError, match=r"must lie in the trained range 0 to 1\.9"):
        forecaster.predict(x, times=times, history=History(STEP * np.arange(5), {"T": heated(x, 5)}))


def test_a_history_tells_what_the_parameters_do_not(forecaster):
    x = rods(15, 5)
    # A rod of twice the rise: of what is asked the parameters know nothing.
    true = 2.0 * heated(x, 20)
    answer = forecaster.predict(x, history=History(3.0 + STEP * np.arange(5), {"T": true[:, :5]})).fields["T"]
    error = np.linalg.norm(answer.mean[:, 5:] - true[:, 5:]) / np.linalg.norm(true[:, 5:])
    ignorant = np.linalg.norm(heated(x, 20)[:, 5:] - true[:, 5:]) / np.linalg.norm(true[:, 5:])
    assert error < 0.7 * ignorant
    np.testing.assert_allclose(answer.mean[:, :5], true[:, :5], atol=1e-3)


def test_errors_of_a_forecast_count_the_times_after_its_history():
    x = rods(16, 0)
    config, values = kind_config({"kind": "dmd", "delays": 2}), heated(x, 12)
    judged = cross_validate(config, {"T": SVD}, x, {"T": values}, folds=4, seed=0, history=4)
    after = np.linalg.norm((judged.mean["T"] - values)[:, 4:].reshape(16, -1), axis=1)
    expected = after / np.linalg.norm(values[:, 4:].reshape(16, -1), axis=1)
    np.testing.assert_allclose(judged.errors["T"]["relative_l2"], expected, rtol=1e-6)


def test_a_single_run_forecasts_its_own_continuation(wave):
    start = 0.37
    true = waves(25, start)
    history = History(7.0 + STEP * np.arange(10), {"T": true[:, :10]})
    answer = wave.predict(np.zeros((1, 0)), history=history)
    assert np.linalg.norm(answer.fields["T"].mean - true) < 1e-3 * np.linalg.norm(true)
    assert answer.inside.all()


def test_windows_held_out_share_no_time_with_those_learned_from():
    windows = Windows.of(1, 120, 25)
    fold = windows.folds(4, seed=0)
    for index in range(4):
        held = np.flatnonzero(fold == index)
        kept = windows.without_overlap(np.flatnonzero(fold != index), held)
        seen = {t for at in windows.start[kept] for t in range(at, at + 25)}
        asked = {t for at in windows.start[held] for t in range(at, at + 25)}
        assert not seen & asked


def test_windows_of_enough_runs_are_held_out_run_by_run():
    windows = Windows.of(6, 40, 30)
    fold = windows.folds(3, seed=1)
    assert all(len(set(fold[windows.run == run])) == 1 for run in range(6))
    assert len(set(fold)) == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t, v: (t[:3], v[:, :3]), r"must have 5 times.*Got 3 times. Measure longer"),
        (lambda t, v: (np.append(t, 0.5), v), r"must have 5 times.*Got 6 times. Give the last 5"),
        (lambda t, v: (2.0 * t, v), r"by the step of the training, 0\.1. Got 0 and then 0\.2"),
        (lambda t, v: (np.array([0, 0.1, 0.3, 0.4, 0.5]), v), r"Got 0\.1 and then 0\.3"),
        (
            lambda t, v: (t, np.where(np.arange(5)[:, None, None] == 2, np.nan, v)),
            r"no gaps. Got NaN .* time 0\.2",
        ),
        (lambda t, v: (t, v[:, :, :7]), r"must have the shape \(1, 5, 12, 1\)"),
    ],
)
def test_refuses_a_history_too_short_uneven_or_with_gaps(forecaster, change, sentence):
    x = rods(1, 6)
    times, values = change(STEP * np.arange(5), heated(x, 5))
    with pytest.raises(QueryError, match=sentence):
        forecaster.predict(x, history=History(times, {"T": values}))


def test_refuses_no_history_where_one_is_needed_and_one_where_none_is(forecaster):
    x = rods(12, 7)
    with pytest.raises(QueryError, match=re.escape("'history' must contain the first 5 times of 'T'")):
        forecaster.predict(x)
    other = trained({"kind": "rbf"}, x, heated(x, 8), history=3)
    with pytest.raises(QueryError, match="'rbf', answers from its parameters alone"):
        other.predict(x, history=History(STEP * np.arange(3), {"T": heated(x, 3)}))


@pytest.mark.parametrize(
    ("settings", "n", "parameters", "times", "history", "sentence"),
    [
        (
            {"kind": "dmd", "delays": 2},
            1,
            2,
            10,
            0,
            "at least two runs.*a single transient run by 'history' and 'horizon'",
        ),
        ({"kind": "gp"}, 8, 0, 10, 3, "must be learned by a kind that rolls out.*Got 'gp'"),
        ({"kind": "dmd", "delays": 2}, 8, 0, 10, 0, "only be forecast, from a measured history"),
        (
            {"kind": "dmd", "delays": 2},
            8,
            2,
            10,
            10,
            "history must be shorter than the 10 times of the field 'T'",
        ),
        ({"kind": "dmd", "delays": 2}, 8, 2, 1, 0, "must learn transient fields"),
        (
            {"kind": "lstm", "bidirectional": True},
            8,
            2,
            10,
            0,
            "bidirectional network must have a measured history",
        ),
        ({"kind": "dmd", "delays": 12}, 8, 2, 10, 0, r"'delays' of 'dmd' must be in 1\.\.9"),
    ],
)
def test_refuses_what_cannot_be_learned(settings, n, parameters, times, history, sentence):
    x = rods(n, 8)
    with pytest.raises(ModelError, match=sentence):
        cross_validate(
            kind_config(settings),
            {"T": SVD},
            x[:, :parameters],
            {"T": heated(x, times)},
            folds=2,
            seed=0,
            history=history,
        )


def test_refuses_uneven_times_for_a_roll_out():
    x = rods(8, 9)
    config, values = kind_config({"kind": "dmd", "delays": 2}), heated(x, 4)
    held_out = cross_validate(config, {"T": SVD}, x, {"T": values}, folds=2, seed=0)
    with pytest.raises(ModelError, match=r"evenly spaced times. Got steps of 0\.1 to 0\.5 in 'T'"):
        Surrogate.train(
            config,
            {"T": SVD},
            x,
            {"T": values},
            parameters=[ParameterInfo(name="rate"), ParameterInfo(name="flux")],
            fields=[FieldInfo(name="T", times=(0.0, 0.1, 0.2, 0.7), n_points=POINTS)],
            points={"T": PLACES},
            cross_validation=held_out,
            seed=0,
            name="rod",
        )


def test_refuses_windows_longer_than_a_run_can_spare():
    with pytest.raises(ModelError, match="together must be 2 to 30"):
        Windows.of(1, 30, 31)
    windows = Windows.of(1, 30, 20)
    with pytest.raises(ModelError, match="there must be others that share no time with them"):
        windows.without_overlap(np.arange(5), np.arange(5, 11))
