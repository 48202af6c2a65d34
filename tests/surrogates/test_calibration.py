from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import ModelError
from surrogates.calibration import Calibration, conformal_factor, observed_coverage, too_few
from surrogates.figures import coverage as coverage_figure
from surrogates.figures import png
from surrogates.kinds import kind_config
from surrogates.quantities import Quantity
from surrogates.reductions import reduction_config
from surrogates.validation import cross_validate


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
    assert plate.train("bayes", n=12).description.notes == ()


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


def test_refuses_a_cross_validation_of_other_runs(plate):
    config = kind_config({"kind": "bayes"})
    held_out = plate.held_out(config, 12)
    with pytest.raises(ModelError, match=r"must be of the same fields and runs"):
        Calibration.fit(plate.fields(plate.parameters(13, 0)), held_out, 0.9)


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
    assert png(coverage_figure(levels, {"temperature": observed})).startswith(b"\x89PNG")


def test_a_run_does_not_help_to_set_the_band_it_is_judged_by():
    scores = np.array([1.0, 1.0, 1.0, 1.0, 100.0])[:, None]
    observed = observed_coverage(scores, np.zeros((5, 1)), np.ones((5, 1)), np.arange(5), np.array([0.99]))
    assert observed[0] == pytest.approx(0.8)
