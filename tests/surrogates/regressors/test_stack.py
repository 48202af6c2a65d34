"""The stacked ensemble and its weights."""

import numpy as np

from fieldwright.surrogates.regressors import kind_config, regressor_for
from fieldwright.surrogates.regressors.stack import simplex_weights


def test_weights_minimise_the_error_on_the_simplex() -> None:
    rng = np.random.default_rng(0)
    for scale in (1.0, 1e-9, 0.0):
        errors = scale * rng.standard_normal((40, 3)) @ rng.standard_normal((3, 3))
        weights = simplex_weights(errors)
        assert weights.min() >= 0.0
        np.testing.assert_allclose(weights.sum(), 1.0)
        least = np.linalg.norm(errors @ weights)
        for other in rng.dirichlet(np.ones(3), 2000):
            assert least <= np.linalg.norm(errors @ other) * (1.0 + 1e-9)


def test_opposite_errors_cancel() -> None:
    error = np.random.default_rng(1).standard_normal(30)
    np.testing.assert_allclose(
        simplex_weights(np.stack([error, -3.0 * error], axis=1)), [0.75, 0.25], rtol=1e-6
    )


def test_members_good_to_many_digits_are_still_told_apart() -> None:
    errors = np.random.default_rng(3).standard_normal((50, 3)) * [1.0, 1e-9, 1e-10]
    weights = simplex_weights(errors)
    assert weights[2] > 0.95
    assert weights[0] < 1e-8


def test_each_coordinate_goes_to_who_predicts_it() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-1.0, 1.0, (60, 1))
    z = np.hstack([x**5 - 0.6 * x, np.abs(x) - 0.5])
    members = ({"kind": "linear"}, {"kind": "pce"}, {"kind": "rbf"})
    stack = regressor_for(kind_config({"kind": "stack", "members": members})).fit(x, z, seed=0)
    polynomial, kink = stack.weights_
    assert polynomial.argmax() == 1
    assert kink[0] < 0.05
    mean, std = stack.predict(x)
    assert np.abs(mean - z).max() < 0.05
    assert (std > 0.0).all()
