"""The contract of `surrogates.regressors.Regressor`, asked of every kind there is, those of tomorrow too."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import StudyError
from fieldwright.surrogates.regressors import Differentiable, kind_config, load_kinds, regressor_for
from fieldwright.surrogates.trajectory.sequence import SequenceConfig

# Those that roll out have a contract of their own, in trajectory/test_sequence_contract.py.
KINDS = sorted(
    kind for kind, config in load_kinds().configs.items() if not issubclass(config, SequenceConfig)
)
# Weaker than what the kind reaches, stronger than what a model without the curvature of the function could
# reach.
RELATIVE_ERROR = {"linear": 0.95}


def draw(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.7, 1.7, (n, 2))


def config_of(kind: str):
    return kind_config({"kind": kind})


@pytest.fixture(scope="module", params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def fitted(kind, smooth):
    x = draw(60, 0)
    return regressor_for(config_of(kind)).fit(x, smooth(x), seed=0)


def test_answers_mean_and_positive_std_of_every_output(fitted):
    for n in (1, 7):
        mean, std = fitted.predict(draw(n, 1))
        assert mean.shape == std.shape == (n, 3)
        assert mean.dtype == std.dtype == np.float64
        assert np.isfinite(mean).all()
        assert np.isfinite(std).all()
        assert (std > 0.0).all()


def test_learns_a_smooth_function(kind, fitted, smooth):
    x = draw(200, 2)
    true = smooth(x)
    mean, _ = fitted.predict(x)
    assert np.linalg.norm(mean - true) < RELATIVE_ERROR.get(kind, 0.02) * np.linalg.norm(true)


def test_std_tells_the_size_of_the_error(fitted, smooth):
    x = draw(400, 3)
    mean, std = fitted.predict(x)
    error = np.abs(mean - smooth(x))
    # A polynomial is known to rounding by some kinds: no std could tell the size of that.
    score = (error / std)[error > 1e-12]
    assert 0.02 < np.median(score) < 4.0


def test_the_jacobian_is_that_of_the_mean(kind, fitted):
    assert isinstance(fitted, Differentiable), f"'{kind}' leaves its gradients to central differences"
    x, step = draw(5, 20), 0.01
    jacobian = fitted.jacobian(x)
    assert jacobian.shape == (5, 3, 2)
    for j in range(2):
        # Of fourth order in a wide step: the weights of an interpolant are large and leave few digits.
        steps = step * np.outer([1, 2], np.eye(2)[j])
        one, two = (fitted.predict(x + h)[0] - fitted.predict(x - h)[0] for h in steps)
        np.testing.assert_allclose(jacobian[:, :, j], (8.0 * one - two) / (12.0 * step), atol=1e-5)


def test_predict_changes_nothing(fitted):
    x = draw(5, 4)
    kept, before = x.copy(), {name: array.copy() for name, array in fitted.state().items()}
    first = fitted.predict(x)
    second = fitted.predict(x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(first, second)
    for name, array in fitted.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_query_is_answered_alike_alone_and_in_a_batch(fitted):
    x = draw(9, 5)
    mean, std = fitted.predict(x)
    alone = [fitted.predict(row[None]) for row in x]
    np.testing.assert_allclose(mean, np.vstack([one for one, _ in alone]), rtol=1e-7, atol=1e-9)
    # A variance is a small difference of large numbers, so it keeps fewer digits.
    np.testing.assert_allclose(std, np.vstack([one for _, one in alone]), rtol=1e-3)


def test_restores_bit_for_bit(kind, fitted):
    state = fitted.state()
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in state.values())
    again = type(fitted).restore(config_of(kind), {name: array.copy() for name, array in state.items()})
    x = draw(6, 6)
    np.testing.assert_array_equal(again.predict(x), fitted.predict(x))


def test_same_seed_same_numbers(kind, smooth):
    x = draw(25, 7)
    once, again = (regressor_for(config_of(kind)).fit(x, smooth(x), seed=3) for _ in range(2))
    np.testing.assert_array_equal(once.predict(x), again.predict(x))


def test_leaves_global_random_state_alone(kind, smooth):
    import torch

    x = draw(12, 8)
    before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    regressor_for(config_of(kind)).fit(x, smooth(x), seed=1)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_single_output_and_single_parameter(kind):
    x = np.linspace(-1.7, 1.7, 20)[:, None]
    mean, std = regressor_for(config_of(kind)).fit(x, 0.8 * x, seed=0).predict(x[3:5])
    assert mean.shape == std.shape == (2, 1)
    np.testing.assert_allclose(mean, 0.8 * x[3:5], atol=0.1)


def test_a_constant_output_stays_constant(kind, smooth):
    x = draw(20, 9)
    z = np.hstack([np.zeros((20, 1)), smooth(x)[:, :1]])
    mean, std = regressor_for(config_of(kind)).fit(x, z, seed=0).predict(draw(10, 10))
    np.testing.assert_allclose(mean[:, 0], 0.0, atol=1e-2)
    assert np.isfinite(std).all()
    assert (std > 0.0).all()


@pytest.mark.parametrize("n", [2, 3, 5])
def test_survives_very_few_runs(kind, n, smooth):
    x = draw(n, 11)
    mean, std = regressor_for(config_of(kind)).fit(x, smooth(x), seed=0).predict(draw(4, 12))
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()
    assert (std > 0.0).all()


def test_survives_repeated_runs_and_a_parameter_that_never_varied(kind, smooth):
    x = np.repeat(draw(10, 13), 2, axis=0)
    z = smooth(x)
    x = np.hstack([x, np.zeros((20, 1))])
    mean, std = regressor_for(config_of(kind)).fit(x, z, seed=0).predict(x[:4])
    assert np.isfinite(mean).all()
    assert (std > 0.0).all()


def test_refuses_an_unknown_setting_in_one_sentence(kind):
    with pytest.raises(StudyError, match=rf"candidate '{kind}' must be one of .*Got 'colour'"):
        kind_config({"kind": kind, "colour": "red"})


def test_refuses_an_unknown_kind():
    with pytest.raises(StudyError, match=r"must be one of .*bayes.*Got 'oracle'"):
        kind_config({"kind": "oracle"})


def test_config_survives_json(kind):
    config = kind_config({"kind": kind})
    assert type(config).model_validate_json(config.model_dump_json()) == config
