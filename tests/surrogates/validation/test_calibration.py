from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.calibration import (
    Calibration,
    Factors,
    conformal_factor,
    observed_coverage,
    too_few,
)
from fieldwright.surrogates.validation.cross_validation import cross_validate


def test_takes_the_finite_sample_rank():
    scores = np.random.default_rng(0).permutation(np.arange(1.0, 20.0))[:, None]
    # ceil(20 * 0.9) = 18, ceil(20 * 0.95) = 19: of 19 scores 1..19.
    assert conformal_factor(scores, 0.9)[0] == 18.0
    assert conformal_factor(scores, 0.95)[0] == 19.0


@given(st.integers(10, 200), st.floats(0.5, 0.95))
def test_covers_a_fresh_score_with_the_stated_probability(n, coverage):
    # Exact for exchangeable scores: the next of n + 1 falls at or below the k-th smallest with probability
    # k/(n+1).
    k = np.count_nonzero(
        np.arange(1.0, n + 1) <= conformal_factor(np.arange(1.0, n + 1)[:, None], coverage)[0]
    )
    if too_few(n, coverage) is None:
        assert coverage - 1e-6 <= k / (n + 1) <= coverage + 1.0 / (n + 1) + 1e-6


@pytest.mark.parametrize(
    ("n", "coverage", "said"), [(8, 0.9, True), (9, 0.9, False), (18, 0.95, True), (19, 0.95, False)]
)
def test_says_when_there_are_too_few_runs(n, coverage, said):
    note = too_few(n, coverage)
    assert (note is not None) is said
    if note is not None:
        assert f"{n} runs are too few" in note
        assert conformal_factor(np.arange(float(n))[:, None], coverage)[0] == n - 1


def test_the_note_reaches_the_description(plate):
    assert plate.train("bayes", n=8).description.notes[0].startswith("8 runs are too few")
    (note,) = plate.train("bayes", n=12).description.notes
    assert note.startswith("Bands of 90% that are calibrated by 12 runs cover 78% to 100% of new runs")


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "rbf"},
        {"kind": "bayes", "degree": 4, "decay": 0.5},
        pytest.param({"kind": "gp"}, marks=pytest.mark.slow),
        pytest.param({"kind": "mlp"}, marks=pytest.mark.slow),
    ],
    ids=lambda settings: settings["kind"],
)
def test_bands_cover_the_truth_of_new_runs(plate, settings):
    """Nominal 90 %, averaged over 8 trainings with noisy data, for fields and for the maximum."""
    rng, config = np.random.default_rng(0), kind_config(settings)
    covered, covered_maximum = [], []

    def runs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        x = plate.parameters(n, seed)
        return x, plate.fields(x)["temperature"] + 0.05 * rng.normal(size=(n, 36, 1))

    reductions = {"temperature": reduction_config({"kind": "svd", "rank": 4})}
    for seed in range(8):
        x, values = runs(30, seed)
        targets = {"temperature": values}
        held_out = cross_validate(config, reductions, x, targets, folds=5, seed=seed)
        trained = plate.train_on(config, x, targets, held_out, seed=seed, reductions=reductions)
        x, true = runs(100, 1000 + seed)
        prediction = trained.predict(x, quantities=[Quantity("max", "temperature")])
        band, maximum = prediction.fields["temperature"], prediction.quantities["max(temperature)"]
        covered.append(np.mean((band.lower <= true) & (true <= band.upper)))
        top = true.max(axis=(1, 2))
        covered_maximum.append(np.mean((maximum.lower <= top) & (top <= maximum.upper)))
    assert 0.85 < np.mean(covered) < 0.95
    assert 0.83 < np.mean(covered_maximum) < 0.97


def test_the_simultaneous_factor_is_that_of_each_runs_largest_score():
    # Run i has the scores i and 20 - i: its largest is max(i, 20 - i), and of 19 such the 18th is 18.
    i = np.arange(1.0, 20.0)
    true = np.stack([i, i - 20.0], axis=1)[:, None, :, None]
    factors = Factors.fit(true, np.zeros_like(true), np.ones_like(true), 0.9)
    assert factors.simultaneous == 19.0
    np.testing.assert_array_equal(factors.pointwise, np.full((1, 2, 1), 18.0))
    halved = Factors.fit(true, np.zeros_like(true), np.full_like(true, 2.0), 0.9)
    assert halved.simultaneous == 9.5


@given(st.integers(5, 40), st.integers(1, 6), st.integers(0, 99))
def test_bands_of_a_whole_field_are_no_narrower_than_those_of_its_values(n, values, seed):
    true = np.random.default_rng(seed).standard_t(3, (n, values))
    factors = Factors.fit(true, np.zeros_like(true), np.ones_like(true), 0.8)
    assert (factors.pointwise <= factors.simultaneous).all()


@pytest.mark.slow
def test_simultaneous_bands_hold_whole_fields_of_new_runs(plate):
    """Nominal 90 % of 100 new runs, averaged over 12 trainings; noise makes the values of a run differ."""
    rng, config = np.random.default_rng(0), kind_config({"kind": "bayes", "degree": 4, "decay": 0.5})
    whole, by_value = [], []

    def runs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        x = plate.parameters(n, seed)
        return x, plate.fields(x)["temperature"] + 0.05 * rng.normal(size=(n, 36, 1))

    for seed in range(12):
        x, values = runs(40, seed)
        targets = {"temperature": values}
        reductions = {"temperature": reduction_config({"kind": "svd", "rank": 4})}
        held_out = cross_validate(config, reductions, x, targets, folds=10, seed=seed)
        trained = plate.train_on(config, x, targets, held_out, reductions=reductions)
        x, true = runs(100, 1000 + seed)
        asked = [Quantity("max", "temperature")]
        band = trained.predict(x, simultaneous=True).fields["temperature"]
        inside = ((band.lower <= true) & (true <= band.upper)).all(axis=(1, 2))
        whole.append(inside.mean())
        narrow = trained.predict(x, quantities=asked)
        low, high = narrow.fields["temperature"].lower, narrow.fields["temperature"].upper
        by_value.append(((low <= true) & (true <= high)).all(axis=(1, 2)).mean())
        number = trained.predict(x, fields=(), quantities=asked, simultaneous=True).quantities[asked[0].label]
        # A quantity without times has one value: both bands are the same.
        np.testing.assert_array_equal(number.upper, narrow.quantities[asked[0].label].upper)
    assert 0.86 < np.mean(whole) < 0.95
    assert np.mean(by_value) < 0.5


def test_a_point_on_a_node_has_the_simultaneous_band_of_the_node(plate, surrogate):
    x, node = plate.parameters(4, 9), 14
    at = tuple(plate.points[node, :2].tolist())
    quantity = Quantity("point", "velocity", "x", at)
    prediction = surrogate.predict(x, quantities=[quantity], simultaneous=True)
    field = prediction.fields["velocity"].upper[:, :, node, 0]
    np.testing.assert_allclose(prediction.quantities[quantity.label].upper, field, rtol=1e-9)


def test_refuses_a_cross_validation_of_other_runs(plate):
    config = kind_config({"kind": "bayes"})
    held_out = plate.held_out(config, 12)
    with pytest.raises(ModelError, match=r"must be of the same fields and runs"):
        Calibration.fit(plate.fields(plate.parameters(13, 0)), held_out, 0.9)


def test_half_the_square_of_what_was_lost_there_and_back_widens_the_bands_of_its_field(plate):
    held_out = plate.held_out(kind_config({"kind": "bayes"}), 12)
    targets = plate.fields(plate.parameters(12, 0))
    lost = np.random.default_rng(3).uniform(0.0, 2.0, targets["temperature"].shape)
    without = Calibration.fit(targets, held_out, 0.9)
    with_loss = Calibration.fit(targets, held_out, 0.9, losses={"temperature": lost})
    error = targets["temperature"] - held_out.mean["temperature"]
    # Of 12 runs, bands of 90 % hold the largest score.
    scores = np.sqrt(error**2 + lost**2 / 2.0) / held_out.std["temperature"]
    factors = with_loss.fields["temperature"]
    np.testing.assert_allclose(factors.pointwise[0], scores.max(axis=0), rtol=1e-9)
    assert factors.simultaneous == pytest.approx(scores.max(), rel=1e-9)
    np.testing.assert_array_equal(
        with_loss.fields["velocity"].pointwise, without.fields["velocity"].pointwise
    )
    for key, one in without.quantities.items():
        np.testing.assert_array_equal(with_loss.quantities[key].pointwise, one.pointwise)


@pytest.mark.parametrize("coverage", [0.0, 1.0, 90.0])
def test_refuses_a_coverage_that_is_no_probability(plate, coverage):
    with pytest.raises(ModelError, match=r"between 0 and 1.*Give 0.9"):
        Calibration.fit({}, plate.held_out(kind_config({"kind": "bayes"}), 12), coverage)


def test_observed_coverage_of_gaussian_errors_is_the_nominal_one():
    rng = np.random.default_rng(0)
    mean, spread = rng.normal(size=(200, 50)), rng.uniform(0.5, 2.0, 50)
    true = mean + spread * rng.normal(size=(200, 50))
    levels, fold = np.linspace(0.1, 0.9, 5), np.arange(200) % 10
    # The stated std is three times too small everywhere; the factors make up for it.
    observed = observed_coverage(true, mean, np.tile(spread / 3.0, (200, 1)), fold, levels)
    np.testing.assert_allclose(observed, levels, atol=0.02)


def test_a_run_does_not_help_to_set_the_band_it_is_judged_by():
    scores = np.array([1.0, 1.0, 1.0, 1.0, 100.0])[:, None]
    observed = observed_coverage(scores, np.zeros((5, 1)), np.ones((5, 1)), np.arange(5), np.array([0.99]))
    assert observed[0] == pytest.approx(0.8)
