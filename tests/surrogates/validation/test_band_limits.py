"""What so few runs allow a band to cover, and that a band wider than all runs is said to be so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.achievable_coverage import achievable_coverage, uncertainty
from fieldwright.surrogates.validation.band_limits import added, limited
from fieldwright.surrogates.validation.calibration import conformal_factor
from fieldwright.surrogates.validation.cross_validation import cross_validate


@pytest.mark.parametrize(("n", "coverage"), [(9, 0.9), (16, 0.9), (40, 0.8), (5, 0.9)])
def test_the_stated_coverage_is_that_of_exchangeable_scores(n, coverage):
    rng = np.random.default_rng(n)
    # Of uniform scores the factor itself is the share of further runs that it covers.
    covered = conformal_factor(rng.random((n, 20_000)), coverage)
    stated = achievable_coverage(n, coverage)
    assert stated.expected == pytest.approx(covered.mean(), abs=4e-3)
    assert stated.low == pytest.approx(np.quantile(covered, 0.05), abs=0.01)
    assert stated.high == pytest.approx(np.quantile(covered, 0.95), abs=0.01)
    seen = rng.binomial(30, covered) / 30
    assert uncertainty(n, coverage, 30) == pytest.approx(seen.std(), rel=0.05)


def test_nine_runs_are_what_the_distribution_says():
    stated = achievable_coverage(9, 0.9)
    assert (stated.places, stated.expected) == (9, 0.9)
    assert stated.low == pytest.approx(0.05 ** (1 / 9))
    assert stated.high == pytest.approx(beta(9, 1).ppf(0.95))


def band(half: float, shape: tuple[int, ...], middle: float = 0.5) -> Band:
    mean = np.full(shape, middle)
    return Band(mean, np.full(shape, half), mean - half, mean + half)


LOW, HIGH, ALL = np.zeros((4, 1)), np.ones((4, 1)), np.array([True, True])


def test_a_band_within_the_range_of_all_runs_is_as_it_was():
    narrow = band(0.4, (2, 4, 1))
    same, wide = limited(narrow, LOW, HIGH, ALL)
    assert same is narrow
    assert not wide.any()
    assert added((None, "far"), {"T": wide}, {}) == (None, "far")


@pytest.mark.parametrize("half", [0.6, 3.0, 1e5, 1e13])
def test_a_wider_band_is_told_and_ends_at_twice_the_range(half):
    cut, wide = limited(band(half, (2, 4, 1), middle=0.7), LOW, HIGH, ALL)
    assert wide.all()
    assert (cut.upper - cut.lower <= 2.0 + 1e-5).all()
    assert ((cut.lower <= cut.mean) & (cut.mean <= cut.upper)).all()
    why = added((None, "far"), {"T": wide}, {"max(T)": wide[:, 0, 0]})
    assert why[0] is not None
    assert why[0].startswith("the band of 'T' is wider than the range of all runs at 100% of its values")
    assert "the band of max(T) is wider than the range of all runs:" in why[0]
    assert why[1] is not None
    assert why[1].startswith("far; the band of 'T'")


def test_outside_the_domain_new_values_may_lie_beyond_all_runs():
    there = band(50.0, (2, 4, 1))
    cut, wide = limited(there, LOW, HIGH, np.array([False, True]))
    np.testing.assert_array_equal(cut.upper[0], there.upper[0])
    assert not wide[0].any()
    assert wide[1].all()


def test_where_runs_hardly_differ_the_range_of_the_whole_field_counts():
    low, high = np.zeros((4, 1)), np.array([[0.0], [1e-12], [1.0], [1.0]])
    _, wide = limited(band(0.04, (1, 4, 1)), low, high, np.array([True]))
    assert not wide.any()
    constant = np.full((4, 1), 300.0)
    _, wide = limited(band(1e-6, (1, 4, 1), 300.0), constant, constant, np.array([True]))
    assert not wide.any()


def test_of_a_model_that_did_not_keep_the_range_bands_stay_as_they_are():
    there = band(1e5, (2, 4, 1))
    same, wide = limited(there, np.full((4, 1), -np.inf), np.full((4, 1), np.inf), ALL)
    assert same is there
    assert not wide.any()


@pytest.mark.parametrize("kind", ["rbf", "gp"])
def test_a_surrogate_of_noise_says_that_its_bands_are_as_wide_as_all_runs(plate, kind):
    x = plate.parameters(10, seed=3)
    fields = plate.fields(x)
    rng = np.random.default_rng(0)
    noise = {
        name: rng.normal(size=values.shape[:1] + (1,) * (values.ndim - 1)) + 0.0 * values
        for name, values in fields.items()
    }
    from fieldwright.surrogates.regressors import kind_config
    from fieldwright.surrogates.validation.cross_validation import cross_validate

    config = kind_config({"kind": kind})
    validation = cross_validate(config, plate.reductions, x, noise, folds=5, seed=0)
    surrogate = plate.train_on(config, x, noise, validation)
    answer = surrogate.predict(x.mean(axis=0, keepdims=True))
    assert answer.why[0] is not None
    assert "is wider than the range of all runs" in answer.why[0]
    for name, one in answer.fields.items():
        assert (one.upper - one.lower <= 2.0 * np.ptp(noise[name], axis=0).max() * (1 + 1e-5)).all()


def test_a_mean_that_is_zero_up_to_rounding_raises_no_doubt(plate):
    # Antisymmetric about the middle of the plate: the mean of every run is zero but for rounding errors.
    x = plate.parameters(30, 0)
    shape = np.sin(2.0 * np.pi * plate.points[:, 0]) * (1.0 + plate.points[:, 1])
    shape = shape - shape[np.lexsort((plate.points[:, 1], -plate.points[:, 0]))]
    weights = {"temperature": np.ones(len(shape))}
    targets = {"temperature": x[:, :1, None] * x[:, 1:, None] * shape[:, None]}
    assert np.abs(targets["temperature"].mean(axis=1)).max() < 1e-12 * np.abs(targets["temperature"]).max()
    config, reductions = kind_config({"kind": "bayes"}), {"temperature": plate.reductions["temperature"]}
    held_out = cross_validate(config, reductions, x, targets, folds=5, seed=0, weights=weights)
    surrogate = plate.train_on(config, x, targets, held_out)
    mean = Quantity("mean", "temperature")
    answer = surrogate.predict(x[:4], fields=(), quantities=[mean, Quantity("max", "temperature")])
    assert answer.inside.all()
    assert answer.why == (None,) * 4
    assert np.abs(answer.quantities[mean.label].upper).max() < 1e-3
