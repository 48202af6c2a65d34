"""The contract of `surrogates.trajectory.sequence.SequenceRegressor`, asked of every kind that rolls out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fieldwright.data.errors import StudyError
from fieldwright.surrogates.regressors import kind_config, load_kinds, regressor_for
from fieldwright.surrogates.trajectory.sequence import SequenceConfig

KINDS = sorted(kind for kind, config in load_kinds().configs.items() if issubclass(config, SequenceConfig))
# Few and short trainings: what a kind reaches at its best is measured in the benchmarks.
QUICK = {kind: {"members": 2, "hidden": 8, "iterations": 60, "patience": 60} for kind in ("lstm", "gru")}
RELATIVE_ERROR = {"dmd": 1e-3, "lstm": 0.1, "gru": 0.1}
TIMES = 15


def config_of(kind: str):
    return kind_config({"kind": kind, **QUICK.get(kind, {})})


def unfitted(kind: str) -> Any:
    return regressor_for(config_of(kind))


@pytest.fixture(scope="module", params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def fitted(kind, decay, draw):
    x = draw(30, 0)
    return unfitted(kind).fit(x, decay(x, TIMES), seed=0)


@pytest.fixture(scope="module")
def forecaster(kind, decay, draw):
    x = draw(30, 0)
    return unfitted(kind).fit(x, decay(x, TIMES), seed=0, history=4)


def test_follows_trajectories_of_new_parameters(kind, fitted, decay, draw):
    x = draw(20, 1)
    true = decay(x, TIMES)
    mean, std = fitted.predict(x)
    assert mean.shape == std.shape == true.shape
    assert mean.dtype == std.dtype == np.float64
    assert (std > 0.0).all()
    assert np.linalg.norm(mean - true) < RELATIVE_ERROR[kind] * np.linalg.norm(true)


def test_goes_on_from_a_measured_history(kind, forecaster, decay, draw):
    x = draw(20, 2)
    # A start that the parameters do not tell: only the history knows it.
    true = decay(np.stack([x[:, 0], 1.5 * np.roll(x[:, 1], 1)], axis=1), TIMES)
    mean, _ = forecaster.predict(x, true[:, :4])
    np.testing.assert_array_equal(mean[:, :4], true[:, :4])
    after = np.linalg.norm(mean[:, 4:] - true[:, 4:]) / np.linalg.norm(true[:, 4:])
    assert after < 1.5 * RELATIVE_ERROR[kind]


def test_rolls_on_beyond_the_times_of_training(forecaster, decay, draw):
    x = draw(3, 3)
    history = decay(x, 4)
    longer = forecaster.roll(x, history, TIMES + 5)
    assert longer.shape == (3, TIMES + 5, 2)
    np.testing.assert_allclose(longer[:, :TIMES], forecaster.roll(x, history, TIMES), rtol=1e-12)
    assert np.isfinite(longer).all()


def test_restores_bit_for_bit(kind, fitted, draw):
    state = fitted.state()
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in state.values())
    again = type(fitted).restore(config_of(kind), {name: array.copy() for name, array in state.items()})
    x = draw(6, 4)
    np.testing.assert_array_equal(again.predict(x), fitted.predict(x))


def test_predict_changes_nothing_and_batches_do_not_matter(fitted, draw):
    x = draw(5, 5)
    before = {name: array.copy() for name, array in fitted.state().items()}
    mean, std = fitted.predict(x)
    alone = [fitted.predict(row[None]) for row in x]
    np.testing.assert_allclose(mean, np.concatenate([one for one, _ in alone]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(std, np.concatenate([one for _, one in alone]), rtol=1e-6)
    for name, array in fitted.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_same_seed_same_numbers_and_no_global_random_state(kind, decay, draw):
    import torch

    x = draw(8, 6)
    before = torch.get_rng_state()
    once, again = (unfitted(kind).fit(x, decay(x, 6), seed=3) for _ in range(2))
    np.testing.assert_array_equal(once.predict(x), again.predict(x))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_survives_very_few_runs(kind, n, decay, draw):
    x = draw(n, 7)
    mean, std = unfitted(kind).fit(x, decay(x, 6), seed=0).predict(draw(4, 8))
    assert np.isfinite(mean).all()
    assert (std > 0.0).all()


def test_forecasts_runs_without_any_parameter(kind, decay, draw):
    z = decay(draw(20, 9), TIMES)
    none = np.zeros((20, 0))
    model = unfitted(kind).fit(none, z, seed=0, history=4)
    mean, std = model.predict(none[:2], z[:2, :4])
    assert mean.shape == std.shape == (2, TIMES, 2)
    assert np.isfinite(mean).all()


def test_refuses_another_form_of_transients(kind):
    with pytest.raises(StudyError, match="transient"):
        kind_config({"kind": kind, "transient": "trajectory"})
