from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import assign_folds, cross_validate

BAYES = kind_config({"kind": "bayes"})


@given(st.integers(2, 10), st.integers(10, 60), st.integers(0, 5))
def test_folds_hold_out_each_run_once_in_equal_parts(folds, n, seed):
    fold = assign_folds(n, folds, seed)
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.sum() == n
    assert sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal(fold, assign_folds(n, folds, seed))


@given(st.lists(st.sampled_from("abcdef"), min_size=12, max_size=40), st.integers(0, 3))
def test_runs_of_one_group_stay_together(labels, seed):
    groups = np.array(labels)
    if len(set(labels)) < 2:
        return
    fold = assign_folds(len(labels), 2, seed, groups)
    assert all(len(set(fold[groups == label])) == 1 for label in set(labels))


@pytest.mark.parametrize("folds", [1, 11])
def test_refuses_more_folds_than_runs(folds):
    with pytest.raises(ModelError, match=r"'folds' must be in 2..10 \(the number of runs\). Got"):
        assign_folds(10, folds, 0)


def test_predicts_each_run_as_a_model_that_never_saw_it(plate):
    """Refitting by hand on the other runs gives the same numbers, whatever the held-out targets are."""
    x = plate.parameters(20, 1)
    targets = plate.fields(x)
    held_out = cross_validate(BAYES, plate.reductions, x, targets, folds=4, seed=2)
    kept, gone = held_out.fold != 1, held_out.fold == 1
    by_hand = Emulator.fit(
        BAYES, plate.reductions, x[kept], {name: values[kept] for name, values in targets.items()}, 2
    )
    for name, (z, sigma) in by_hand.latent(x[gone]).items():
        shape = targets[name][gone].shape
        # Equal but for rounding: the folds learn from coordinates.
        np.testing.assert_allclose(
            held_out.mean[name][gone], by_hand.fields[name].mean(z).reshape(shape), rtol=1e-10
        )
        np.testing.assert_allclose(
            held_out.std[name][gone], by_hand.fields[name].std(z, sigma).reshape(shape), rtol=1e-6
        )
    spoiled = {name: np.where(gone.reshape(-1, *[1] * (v.ndim - 1)), 1e6, v) for name, v in targets.items()}
    again = cross_validate(BAYES, plate.reductions, x, spoiled, folds=4, seed=2)
    # Rounding alone tells of them, and theirs is as much larger as they are.
    np.testing.assert_allclose(held_out.mean["temperature"][gone], again.mean["temperature"][gone], rtol=1e-8)


def test_errors_and_summary_agree_with_the_predictions(plate):
    x = plate.parameters(20, 1)
    targets = plate.fields(x)
    seen = []
    held_out = cross_validate(
        BAYES, plate.reductions, x, targets, folds=4, seed=2, progress=lambda *done: seen.append(done)
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    true, mean = targets["velocity"], held_out.mean["velocity"]
    errors = [np.linalg.norm(m - t) / np.linalg.norm(t) for m, t in zip(mean, true, strict=True)]
    np.testing.assert_allclose(held_out.errors["velocity"]["relative_l2"], errors)
    summary = held_out.summary()
    assert summary["velocity.relative_l2.median"] == pytest.approx(np.median(errors))
    assert summary["velocity.relative_l2.max"] == pytest.approx(max(errors))
    assert summary["temperature.fluctuation_l2.mean"] > summary["temperature.relative_l2.mean"]
    assert summary["temperature.r2"] > 0.99
    assert all(isinstance(value, float) for value in summary.values())
    number = next(n for key, n in held_out.quantities.items() if key.key == "max/magnitude/velocity")
    np.testing.assert_allclose(number.true, np.linalg.norm(true, axis=-1).max(axis=-1))
    np.testing.assert_allclose(number.mean, np.linalg.norm(mean, axis=-1).max(axis=-1))


def test_a_rank_that_only_all_runs_can_carry_is_lowered_in_the_folds(plate):
    x = plate.parameters(10, 1)
    targets = {"temperature": plate.fields(x)["temperature"]}
    reductions = {"temperature": reduction_config({"kind": "svd", "rank": 10})}
    held_out = cross_validate(BAYES, reductions, x, targets, folds=5, seed=0)
    assert np.isfinite(held_out.mean["temperature"]).all()
    with pytest.raises(ModelError, match=r"must be in 1..8"):
        cross_validate(
            BAYES, {"temperature": reduction_config({"kind": "svd", "rank": 11})}, x, targets, folds=5, seed=0
        )


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda x, t: (x[:1], {k: v[:1] for k, v in t.items()}), "at least two runs"),
        (lambda x, t: (x, {k: v[:-1] for k, v in t.items()}), "a row for each run"),
        (lambda x, t: (np.where(x > 1.0, np.nan, x), t), "NaN or infinity in 'parameters'"),
        (lambda x, t: (x, {k: v * np.inf for k, v in t.items()}), "NaN or infinity in 'temperature'"),
        (lambda x, t: (x, {"temperature": t["temperature"]}), "Every target field must have a reduction"),
    ],
)
def test_refuses_what_cannot_be_learned_from(plate, spoil, said):
    x = plate.parameters(10, 0)
    x, targets = spoil(x, plate.fields(x))
    with pytest.raises(ModelError, match=said):
        cross_validate(BAYES, plate.reductions, x, targets, folds=2, seed=0)
