"""Folds from the Gram matrix are the folds fitted from the snapshots."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.pod.folds import Folds
from fieldwright.surrogates.reductions.pod.spectrum import Criterion, gram_error
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction


@given(seed=st.integers(0, 10**6), held_out=st.integers(1, 5), rank=st.integers(1, 6), centre=st.booleans())
@settings(deadline=None, max_examples=40)
def test_a_fold_is_the_pod_of_its_training_runs(seed, held_out, rank, centre):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(15, 40)) * 2.0 ** -np.arange(15)[:, None] + 100.0 * centre
    w = rng.uniform(0.5, 2.0, 40)
    order = rng.permutation(15)
    train, test = order[held_out:], order[:held_out]
    whole = SVDReduction(SVDConfig(rank=15 - centre, centre=centre)).fit(x, w)
    fold = Folds(whole.gram_).fold(train, test, Criterion(rank=rank), centre)
    own = SVDReduction(SVDConfig(rank=rank, centre=centre)).fit(x[train], w)
    error = np.abs(fold.singular_values / own.singular_values_ - 1.0)
    assert (error < 10 * gram_error(own.singular_values_) + 1e-14).all()
    scale = own.singular_values_[0]
    sign = np.sign((fold.train * own.encode(x[train])).sum(axis=0))
    np.testing.assert_allclose(fold.train * sign, own.encode(x[train]), atol=1e-7 * scale)
    np.testing.assert_allclose(fold.test * sign, own.encode(x[test]), atol=1e-7 * scale)
    guess = rng.normal(size=fold.test.shape)
    exact = ((x[test] - own.decode(guess * sign)) ** 2 * w).sum(axis=1)
    np.testing.assert_allclose(fold.squared_errors(guess), exact, rtol=1e-6, atol=1e-9 * scale**2)
    if centre:
        combined = fold.combination(guess) @ x[train]
        np.testing.assert_allclose(combined, own.decode(guess * sign), rtol=1e-6, atol=1e-5)


def test_training_runs_that_do_not_differ_have_latent_coordinates_zero():
    x = np.vstack([np.ones((4, 6)), np.arange(6.0)])
    gram = SVDReduction(SVDConfig(rank=1)).fit(x).gram_
    fold = Folds(gram).fold(np.arange(4), np.array([4]), Criterion(rank=1))
    np.testing.assert_allclose(fold.train, 0.0, atol=1e-12)
    np.testing.assert_allclose(fold.left_out, ((np.arange(6.0) - 1) ** 2).sum())


def test_without_a_gram_matrix_it_says_what_to_do():
    svd = SVDReduction(SVDConfig(rank=1, method="covariance")).fit(np.eye(3))
    with pytest.raises(ModelError, match="Fit with method='snapshots'"):
        Folds(svd.gram_)
