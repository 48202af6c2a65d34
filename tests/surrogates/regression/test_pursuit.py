"""Matching pursuit against refitting by least squares, and what its leave-one-out errors are good for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.surrogates.regression.leave_one_out import least_left_out, left_out_errors
from fieldwright.surrogates.regression.pursuit import pursue


def design(seed: int, n: int = 30, terms: int = 12) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return np.hstack([np.ones((n, 1)), rng.normal(size=(n, terms))]), rng


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), noise=st.sampled_from([0.0, 0.1, 1.0]))
def test_the_chosen_columns_are_fitted_by_least_squares(seed, noise):
    phi, rng = design(seed)
    z = phi[:, [2, 5]] @ rng.normal(size=(2, 3)) + noise * rng.normal(size=(30, 3))
    found = pursue(phi, z)
    columns = phi[:, found.columns]
    weights = np.linalg.lstsq(columns, z, rcond=None)[0]
    np.testing.assert_allclose(found.weights, weights, atol=1e-9)
    orthonormal = columns @ found.factor
    np.testing.assert_allclose(orthonormal.T @ orthonormal, np.eye(len(found.columns)), atol=1e-9)


def test_left_out_errors_equal_refitting_without_each_run():
    phi, rng = design(1)
    z = phi[:, [3]] + 0.3 * rng.normal(size=(30, 1))
    found = pursue(phi, z)
    columns = phi[:, found.columns]
    k = len(found.columns)
    correction = 30 / (30 - k) * (1.0 + np.trace(np.linalg.inv(columns.T @ columns)))
    for i in range(30):
        rest = np.delete(np.arange(30), i)
        by_hand = z[i] - columns[i] @ np.linalg.lstsq(columns[rest], z[rest], rcond=None)[0]
        np.testing.assert_allclose(found.left_out[i], np.sqrt(correction) * by_hand, rtol=1e-8)


def test_one_choice_serves_all_outputs_and_finds_those_columns_that_made_them():
    phi, rng = design(2, n=40, terms=80)
    z = phi[:, [7, 30, 55]] @ rng.normal(size=(3, 4)) + 1e-3 * rng.normal(size=(40, 4))
    assert set(pursue(phi, z).columns[:4].tolist()) == {0, 7, 30, 55}


def test_dependent_columns_are_never_chosen_twice():
    phi, _ = design(3)
    doubled = np.hstack([phi, phi, 2.0 * phi[:, 1:2] - phi[:, 2:3]])
    found = pursue(doubled, phi[:, 1:3] ** 2)
    assert np.linalg.matrix_rank(doubled[:, found.columns]) == len(found.columns)


@pytest.mark.parametrize(
    ("answer", "better"),
    [(lambda x: x[:, :1] * x[:, 1:2] - x[:, 2:3] ** 2, 1), (lambda x: np.abs(x[:, :1] - 0.3), 0)],
    ids=["products", "kink"],
)
def test_products_are_the_polynomials_and_kinks_the_interpolants(answer, better):
    x = np.random.default_rng(4).uniform(0.0, 1.0, (60, 3))
    x = x if better else x[:, :1]
    errors = left_out_errors(x, answer(x))
    sizes = [np.linalg.norm(one) for one in errors]
    assert int(np.argmin(sizes)) == better
    np.testing.assert_array_equal(least_left_out(x, answer(x)), errors[better])
