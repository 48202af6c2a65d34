"""The cloud of training runs in the latent space: distances, surprise, samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.latent import LatentCloud


@given(seed=st.integers(0, 10**6), n=st.integers(4, 40), r=st.integers(1, 3))
@settings(deadline=None, max_examples=40)
def test_distance_is_that_of_the_covariance(seed, n, r):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, r)) @ rng.normal(size=(r, r)) + rng.normal(size=r)
    q = rng.normal(size=(5, r))
    off = q - z.mean(axis=0)
    inverse = np.linalg.inv(np.atleast_2d(np.cov(z.T)))
    expected = np.sqrt(np.einsum("ij,jk,ik->i", off, inverse, off))
    np.testing.assert_allclose(LatentCloud(z).distance(q), expected, rtol=1e-6)


def test_distance_does_not_depend_on_the_axes():
    rng = np.random.default_rng(0)
    z, turn = rng.normal(size=(30, 3)), rng.normal(size=(3, 3))
    np.testing.assert_allclose(
        LatentCloud(z @ turn).distance(z @ turn), LatentCloud(z).distance(z), rtol=1e-9
    )


def test_surprise_is_uniform_over_new_runs():
    rng = np.random.default_rng(1)
    seen = [LatentCloud(rng.normal(size=(8, 2))).surprise(rng.normal(size=(1, 2)))[0] for _ in range(2000)]
    # Kolmogorov-Smirnov: the 0.1 % quantile of the largest gap is 1.95 / sqrt(2000).
    gap = np.abs(np.sort(seen) - np.arange(1, 2001) / 2000).max()
    assert gap < 1.95 / np.sqrt(2000)


def test_with_fewer_runs_than_coordinates_surprise_says_nothing():
    assert np.isnan(LatentCloud(np.eye(3)).surprise(np.ones((2, 3)))).all()


def test_leaving_a_direction_without_spread_is_far_off():
    z = np.random.default_rng(0).normal(size=(20, 2)) * [1.0, 0.0]
    near, far = LatentCloud(z).distance(np.array([[0.5, 0.0], [0.0, 0.1]]))
    assert near < 3
    assert far > 1e6


def test_samples_have_the_mean_and_covariance_of_the_runs():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3)) + 5.0
    new = LatentCloud(z).sample(200_000, seed=0)
    np.testing.assert_allclose(new.mean(axis=0), z.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(np.cov(new.T), np.cov(z.T), atol=0.05)


def test_the_way_between_two_runs_is_straight():
    cloud = LatentCloud(np.eye(2))
    np.testing.assert_allclose(cloud.between(np.zeros(2), np.array([2.0, 4.0]), 3), [[0, 0], [1, 2], [2, 4]])


def test_restored_it_answers_the_same():
    z = np.random.default_rng(0).normal(size=(9, 2))
    cloud = LatentCloud(z)
    assert np.array_equal(LatentCloud.restore(cloud.state()).distance(z), cloud.distance(z))


def test_one_run_is_no_cloud():
    with pytest.raises(ModelError, match="at least 2 training runs"):
        LatentCloud(np.ones((1, 2)))
