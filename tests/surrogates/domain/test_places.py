"""Runs that share their parameters lie at one place: of every splitting, one side holds all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.networks.held_out import held_out
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regression.leave_one_out import left_out_errors
from fieldwright.surrogates.regression.radial_basis import RadialBasis
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.trajectory.windows import Windows
from fieldwright.surrogates.validation.calibration import conformal_factor
from fieldwright.surrogates.validation.cross_validation import cross_validate, folds_by_place


@given(st.integers(2, 40), st.integers(1, 5), st.sampled_from([0.0, 1e-13, 1e-8, 1e-5]), st.integers(0, 99))
def test_runs_that_agree_but_for_the_last_digits_lie_at_one_place(n, p, step, seed):
    rng = np.random.default_rng(seed)
    design = np.column_stack([(rng.permutation(n) + 0.5) / n for _ in range(p)]) * 10.0 ** rng.integers(
        -6, 6, p
    )
    again = design + step * np.ptp(design, axis=0) * rng.uniform(-1.0, 1.0, design.shape)
    label = places(np.vstack([design, again]))
    assert label.tolist() == [*range(n), *range(n)]


@pytest.mark.parametrize(
    ("column", "number"),
    [
        (np.linspace(0.0, 1.0, 2000), 2000),
        (np.geomspace(1e-6, 1e6, 200), 200),
        ([1e-12, 1e-9, 1e-6, 1e-3, 1.0], 5),
        ([293.15, 293.2, 293.25, 293.3], 4),
        ([0.3, 0.1 + 0.2, 0.7, 0.7], 2),
        ([0.0, 1e-17, 1.0], 2),
        ([5.0, 5.0, 5.0], 1),
        ([-1.0, 1.0, -1.0], 2),
    ],
)
def test_the_steps_of_a_design_are_told_from_those_of_rounding(column, number):
    assert places(np.array(column)[:, None]).max() + 1 == number


def test_runs_without_parameters_are_places_of_their_own():
    assert places(np.zeros((4, 0))).tolist() == [0, 1, 2, 3]


def replicated(places_: int, each: int, seed: int, jitter: float = 0.0, noise: float = 0.0):
    rng = np.random.default_rng(seed)
    x = np.repeat(rng.random((places_, 2)), each, axis=0)
    x = x + jitter * rng.uniform(-1.0, 1.0, x.shape)
    return x, (truth(x) + noise * rng.normal(size=len(x)))[:, None, None]


def truth(x: np.ndarray) -> np.ndarray:
    return np.sin(5.0 * x[:, 0]) + 4.0 * x[:, 1] ** 2 + x[:, 0] * x[:, 1]


@pytest.mark.slow
@pytest.mark.parametrize("jitter", [0.0, 1e-7])
def test_no_fold_parts_runs_of_a_place(jitter):
    x, y = replicated(7, 3, seed=0, jitter=jitter)
    fold = folds_by_place(x, 5, seed=1).reshape(7, 3)
    assert (fold == fold[:, :1]).all()
    assert set(fold.ravel()) == set(range(5))
    # Fewer places than folds: as many folds as places.
    assert len(set(folds_by_place(x, 16, seed=1))) == 7
    config, reductions = kind_config({"kind": "rbf"}), {"y": reduction_config({"kind": "svd", "rank": 1})}
    validation = cross_validate(config, reductions, x, {"y": y}, folds=16, seed=1)
    np.testing.assert_array_equal(validation.place, np.repeat(np.arange(7), 3))
    np.testing.assert_array_equal(validation.fold, folds_by_place(x, 16, seed=1))


def test_runs_of_one_place_alone_cannot_be_judged():
    with pytest.raises(Exception, match="must differ in their parameters"):
        folds_by_place(np.ones((6, 2)), 3, seed=0)


@pytest.mark.parametrize("leave", ["rbf", "polynomial"])
def test_a_run_left_out_is_not_predicted_from_its_replicate(leave):
    """The left-out error of a twin is that of the place among the others, far above that of the twin beside it."""
    x, y = replicated(15, 2, seed=3)
    once = left_out_errors(x[::2], y[::2, 0])[leave == "polynomial"]
    twice = left_out_errors(x, y[:, 0])[leave == "polynomial"]
    np.testing.assert_allclose(twice, np.repeat(once, 2, axis=0), rtol=1e-6, atol=1e-9)
    again = RadialBasis.fit(x + 1e-9 * (np.arange(30) % 2)[:, None], y[:, 0])[0]
    np.testing.assert_allclose(again(x), y[:, 0], atol=1e-5)


def test_members_of_an_ensemble_hold_out_whole_places():
    held = held_out(np.repeat(np.arange(10), 3), 4, 0.2, np.random.default_rng(0)).reshape(4, 10, 3)
    assert (held == held[:, :, :1]).all()
    assert (held.any(axis=2).sum(axis=1) == 2).all()
    assert held.any(axis=2).sum(axis=0).max() == 1, "a place is held out twice while others never are"


def test_windows_of_replicated_runs_share_a_fold_and_are_kept_apart():
    windows = Windows.of(6, 20, 5)
    place = np.array([0, 1, 2, 0, 1, 2])[windows.run]
    fold = windows.folds(3, seed=0, place=place)
    for one in range(3):
        assert len(set(fold[place == one])) == 1
    held = np.flatnonzero((windows.run == 0) & (windows.start < 5))
    left = windows.without_overlap(np.flatnonzero(windows.run > 0), held, place)
    assert windows.start[left][windows.run[left] == 3].min() >= windows.start[held].max() + 5


@given(st.integers(2, 12), st.integers(1, 5), st.integers(0, 50))
def test_the_pooled_factor_is_the_ordinary_one_of_places_with_equal_runs(n, each, seed):
    scores = np.random.default_rng(seed).random((n, 3))
    pooled = conformal_factor(np.repeat(scores, each, axis=0), 0.8, np.repeat(np.arange(n), each))
    np.testing.assert_array_equal(pooled, conformal_factor(scores, 0.8))


@pytest.mark.parametrize(
    ("kind", "noise"),
    [pytest.param("rbf", 0.0, marks=pytest.mark.slow), ("gp", 0.0), ("pce", 0.3), ("gp", 0.3)],
)
def test_bands_cover_new_places_and_new_replicates_of_replicated_runs(kind, noise):
    config = kind_config({"kind": kind, "inputs": "raw", "outputs": "raw"})
    reductions = {"y": reduction_config({"kind": "svd", "rank": 1})}
    elsewhere, replicate = [], []
    for seed in range(6):
        x, y = replicated(15, 2, seed, noise=noise)
        validation = cross_validate(config, reductions, x, {"y": y}, folds=5, seed=seed)
        score = np.abs(y - validation.mean["y"]) / validation.std["y"]
        factor = conformal_factor(score, 0.9, validation.place).item()
        emulator = Emulator.fit(config, reductions, x, {"y": y}, seed=0)
        rng = np.random.default_rng(1000 + seed)
        for queries, shares in ((rng.random((300, 2)), elsewhere), (x, replicate)):
            z, sigma = emulator.latent(queries)["y"]
            model = emulator.fields["y"].at(queries)
            true = truth(queries) + noise * rng.normal(size=len(queries))
            off = np.abs(model.mean(z).ravel() - true)
            shares.append(np.mean(off <= factor * model.std(z, sigma).ravel()))
    # The coverage of one study of 15 places is of Beta(15, 1), with a std of 0.06; runs beyond the outermost ones and
    # folds of three places cost some more.
    assert np.mean(elsewhere) > 0.8
    assert np.mean(replicate) > 0.8
