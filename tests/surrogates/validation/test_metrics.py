from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score

from fieldwright.surrogates.validation.metrics import fluctuation_l2, r2, relative_l2


def test_relative_l2_of_known_vectors():
    true = np.array([[3.0, 4.0], [0.0, 2.0]])
    predicted = np.array([[3.0, 4.5], [0.0, 2.0]])
    np.testing.assert_allclose(relative_l2(true, predicted), [0.1, 0.0])


def test_an_offset_does_not_flatter_the_fluctuation_error():
    rng = np.random.default_rng(0)
    true = 293.0 + rng.normal(size=(5, 20))
    reference = true.mean(axis=0)
    always_the_mean = np.broadcast_to(reference, true.shape)
    assert relative_l2(true, always_the_mean).max() < 0.01
    np.testing.assert_allclose(fluctuation_l2(true, always_the_mean, reference), 1.0)


def test_a_run_of_zeros_is_measured_against_the_typical_run():
    true, predicted = np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[0.1, 0.0], [2.0, 0.0]])
    np.testing.assert_allclose(relative_l2(true, predicted), [0.1 / np.sqrt(2.0), 0.0])


def test_r2_is_one_minus_sse_over_sst_as_scikit_learn_has_it():
    rng = np.random.default_rng(1)
    true = rng.normal(size=(30, 1))
    predicted = true + 0.3 * rng.normal(size=(30, 1))
    assert r2(true, predicted) == pytest.approx(r2_score(true[:, 0], predicted[:, 0]))
    assert r2(true, true) == 1.0
    assert r2(true, np.broadcast_to(true.mean(axis=0), true.shape)) == pytest.approx(0.0)
    assert r2(true, -true) < 0.0
