"""Learning curves: laws that are known are found, their uncertainty covers, and too little is said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.data.store.field_values import field_values
from fieldwright.surrogates.design.figures import learning_figure, suggestion_figure
from fieldwright.surrogates.design.halves import curves_of_halves
from fieldwright.surrogates.design.learning import learning_curves, sizes_for
from fieldwright.surrogates.design.power_law import LearningCurve, PowerLaw, fit_power_law
from fieldwright.surrogates.fields.coordinates.training_views import training_views_of
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate
from fieldwright.surrogates.validation.metrics import relative_l2

SIZES = np.array([8, 12, 18, 27, 40, 60])


@settings(max_examples=30, deadline=None)
@given(size=st.floats(0.1, 10.0), rate=st.floats(0.3, 4.0))
def test_a_power_law_is_found(size, rate):
    law = fit_power_law(SIZES, size * SIZES**-rate)
    assert law.rate == pytest.approx(rate, rel=1e-3)
    assert law.runs_for(law(np.array([100.0]))[0]) == pytest.approx(100.0, rel=1e-6)


def test_a_floor_is_found_and_never_passed():
    law = fit_power_law(SIZES, 0.01 + 3.0 * SIZES**-1.5)
    assert law.floor == pytest.approx(0.01, rel=0.02)
    assert law.runs_for(0.009) == np.inf
    assert law.runs_for(0.02) == pytest.approx((3.0 / 0.01) ** (1 / 1.5), rel=0.05)


@pytest.mark.slow
def test_the_interval_holds_the_truth_most_of_the_time():
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        errors = (2.0 * SIZES**-1.0)[:, None] * rng.lognormal(-0.02, 0.2, (6, 10))
        forecast = LearningCurve.of(SIZES, errors, seed).forecast(0.01)
        assert not forecast.why_not
        assert forecast.low <= forecast.runs <= forecast.high or forecast.runs == pytest.approx(200, rel=0.5)
        held += forecast.low <= 200.0 <= forecast.high
    assert held >= 12, "80 % intervals from ten trainings each"


@pytest.mark.parametrize(
    ("errors", "wanted", "said"),
    [
        (np.full(6, 0.3), 0.1, "does not fall far enough"),
        (0.05 + SIZES**-2.0, 0.01, "does not fall far enough"),
        (2.0 * SIZES**-0.5, 0.01, "beyond 20 times the 60 runs"),
    ],
)
def test_what_cannot_be_told_is_said(errors, wanted, said):
    forecast = LearningCurve.of(SIZES, np.tile(errors[:, None], (1, 10)), 0).forecast(wanted)
    assert np.isnan(forecast.runs)
    assert str(forecast).startswith("cannot be estimated from so few runs")
    assert said in str(forecast)


@pytest.mark.slow
def test_scattered_errors_tell_no_number():
    rng = np.random.default_rng(0)
    errors = (SIZES**-0.4)[:, None] * rng.lognormal(0.0, 1.5, (6, 4))
    assert LearningCurve.of(SIZES, errors, 0).forecast(0.05).why_not


def test_errors_of_trainings_are_those_of_runs_not_seen(plate):
    x = plate.parameters(30, 0)
    targets = {"temperature": plate.fields(x)["temperature"]}
    reductions = {"temperature": reduction_config({"kind": "svd", "energy": 0.99999})}
    calls = []
    curve = learning_curves(
        kind_config({"kind": "rbf"}),
        reductions,
        x,
        targets,
        repeats=3,
        seed=0,
        progress=lambda done, total: calls.append((done, total)),
    )["temperature"]
    assert curve.sizes.tolist() == sizes_for(30).tolist() == [5, 7, 10, 13, 18, 25]
    assert curve.errors.shape == (6, 3)
    assert calls[0] == (0, 18)
    assert calls[-1] == (18, 18)
    assert 0.0 < curve.errors[-1].mean() < 0.2 * curve.errors[0].mean()
    assert len(learning_figure({"temperature": curve}, {"temperature": 1e-4}).axes) == 1


@pytest.mark.slow
def test_halves_and_quarters_give_the_errors_of_trainings_on_them(plate):
    x = plate.parameters(40, 0)
    targets = {"temperature": plate.fields(x)["temperature"]}
    reductions = {"temperature": reduction_config({"kind": "svd", "energy": 0.99999})}
    config = kind_config({"kind": "rbf"})
    values = {name: field_values(one) for name, one in targets.items()}
    views = training_views_of(x, values, {}, reductions, {config.transient}, None)
    validation = cross_validate(config, reductions, x, targets, folds=8, seed=0, views=views)
    curve = curves_of_halves(config, reductions, x, views, validation, 1)["temperature"]
    assert curve.sizes.tolist() == [10, 20, 35]
    order = np.random.default_rng(1).permutation(40)
    for repeat, (own, other) in enumerate(((order[:20], order[20:]), (order[20:], order[:20]))):
        for k, count in enumerate((10, 20)):
            # In the order of the runs, as a fold has them.
            training, held_out = np.sort(own[:count]), np.sort(other)
            train = {"temperature": targets["temperature"][training]}
            emulator = Emulator.fit(config, reductions, x[training], train, 1)
            ((z, _),) = emulator.latent(x[held_out]).values()
            predicted = emulator.fields["temperature"].at(x[held_out]).mean(z)
            true = targets["temperature"][held_out]
            error = relative_l2(true, predicted.reshape(true.shape)).mean()
            assert curve.errors[k, repeat] == pytest.approx(error, rel=0.02)
        exact = validation.errors["temperature"]["relative_l2"][other].mean()
        assert curve.errors[2, repeat] == pytest.approx(exact, rel=1e-12)
    assert curve.errors[2].mean() < curve.errors[1].mean() < curve.errors[0].mean()
    assert curves_of_halves(config, reductions, x[:19], views, validation, 1) == {}


def test_too_few_runs_for_a_curve():
    assert len(sizes_for(9)) == 3
    with pytest.raises(ModelError, match=r"takes 9 accepted runs\. Got 6 runs"):
        sizes_for(6)


def test_the_picture_shows_each_pair_of_parameters_that_vary():
    runs, more = np.random.default_rng(0).random((2, 5, 4))
    runs[:, 3] = more[:, 3] = 1.0
    figure = suggestion_figure(["a", "b", "c", "d"], ["m", "", "s", "K"], runs, more)
    shown = [(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes if ax.get_visible()]
    assert shown == [("a [m]", "b"), ("a [m]", "c [s]"), ("b", "c [s]")]


def test_a_law_without_a_fall_is_level():
    assert fit_power_law(SIZES, np.array([1.0, 1.1, 1.0, 1.2, 1.1, 1.3])) == PowerLaw(
        0.0, pytest.approx(1.11, abs=0.02), 0.0
    )
