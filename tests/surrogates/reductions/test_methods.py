"""The three ways to the singular values agree with LAPACK and with each other."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.spectrum import eigen, gram_error
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction

METHODS = ("snapshots", "covariance", "krylov")


@pytest.mark.parametrize("method", METHODS)
@given(
    n=st.integers(1, 15),
    m=st.integers(1, 30),
    rank=st.integers(1, 15),
    centre=st.booleans(),
    seed=st.integers(0, 10**6),
)
@settings(deadline=None, max_examples=40)
def test_every_method_gives_the_singular_values_of_lapack(method, n, m, rank, centre, seed):
    rng = np.random.default_rng(seed)
    k = rng.integers(1, min(n, m) + 1)
    x = rng.normal(size=(n, k)) @ rng.normal(size=(k, m)) + 3.0
    w = rng.uniform(0.1, 10.0, m)
    config = SVDConfig(rank=min(rank, n, m), centre=centre, method=method)
    svd = SVDReduction(config).fit(x, w)
    exact = np.linalg.svd((x - x.mean(axis=0) * centre) * np.sqrt(w), compute_uv=False)
    found = svd.singular_values_
    scale = np.linalg.norm(x * np.sqrt(w))
    np.testing.assert_allclose(found, exact[: len(found)], rtol=1e-9, atol=1e-12 * scale)
    if len(found) < config.rank:
        assert exact[len(found)] < 1e-12 * scale
    np.testing.assert_allclose((svd.basis_ * w) @ svd.basis_.T, np.eye(len(found)), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_below_the_square_root_of_precision_the_snapshots_are_read_once_more(method, graded, caplog):
    s = 10.0 ** -np.linspace(0, 12, 30)
    x = graded(s, 30, 200)
    with caplog.at_level(logging.INFO, logger="fieldwright.surrogates.reductions"):
        svd = SVDReduction(SVDConfig(rank=30, centre=False, method=method)).fit(x)
    assert "read once more" in caplog.text
    np.testing.assert_allclose(svd.singular_values_, s, rtol=0, atol=1e-14)
    np.testing.assert_allclose(svd.basis_ @ svd.basis_.T, np.eye(30), atol=1e-12)
    assert svd.numbers_["singular_value_error"] < 1e-3


def test_where_one_reading_is_enough_there_is_one(graded, caplog):
    x = graded(10.0 ** -np.linspace(0, 3, 10), 30, 200)
    with caplog.at_level(logging.INFO, logger="fieldwright.surrogates.reductions"):
        svd = SVDReduction(SVDConfig(rank=10, centre=False, method="snapshots")).fit(x)
    assert "read once more" not in caplog.text
    assert svd.numbers_["readings"] == 2


def test_the_error_said_of_a_gram_matrix_is_the_error_it_has(graded):
    s = 10.0 ** -np.linspace(0, 6, 30)
    errors = []
    for seed in range(5):
        x = graded(s, 30, 500, seed)
        found, _ = eigen(x @ x.T)
        errors.append(np.abs(found / s - 1.0))
    worst = np.max(errors, axis=0)
    assert (worst < 10.0 * gram_error(s) + 1e-15).all()
    assert worst[-1] > 1e-3 * gram_error(s)[-1]


def test_krylov_finds_leading_values_under_a_flat_tail(graded):
    s = np.concatenate([0.6 ** np.arange(15), np.full(185, 1e-4)])
    x = graded(s, 300, 400)
    svd = SVDReduction(SVDConfig(rank=12, centre=False, method="krylov")).fit(x, seed=3)
    np.testing.assert_allclose(svd.singular_values_, s[:12], rtol=1e-7)
    assert svd.numbers_["readings"] < 12


def test_krylov_finds_how_many_modes_an_energy_takes(graded):
    s = 0.8 ** np.arange(60)
    x = graded(s, 150, 200)
    svd = SVDReduction(SVDConfig(energy=1 - 1e-8, centre=False, method="krylov", memory_mb=16)).fit(x)
    kept = int(np.argmax(np.cumsum(s**2) >= (1 - 1e-8) * (s**2).sum())) + 1
    assert len(svd.singular_values_) == kept > 32


@pytest.mark.parametrize("method", METHODS)
def test_projection_error_asked_for_is_the_one_reached(method, graded):
    s = 0.5 ** np.arange(20)
    svd = SVDReduction(SVDConfig(error=1e-3, centre=False, method=method)).fit(x := graded(s, 25, 80))
    errors = svd.projection_errors(x)
    assert errors[-1] <= 1e-3 < errors[-2]
    assert errors[0] == 1.0
    np.testing.assert_allclose(errors[5], np.sqrt((s[5:] ** 2).sum() / (s**2).sum()), rtol=1e-10)


def test_shape_and_memory_choose_the_method(caplog):
    rng = np.random.default_rng(0)
    shapes = {(30, 900): "snapshots", (900, 30): "covariance", (900, 901): "krylov"}
    for shape, method in shapes.items():
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="fieldwright.surrogates.reductions"):
            SVDReduction(SVDConfig(rank=2, memory_mb=16)).fit(
                rng.normal(size=(shape[0], 2)) @ rng.normal(size=(2, shape[1]))
            )
        assert f"by the method '{method}'" in caplog.text


def test_a_mass_matrix_on_too_many_snapshots_says_what_to_do():
    from scipy import sparse

    inner = InnerProduct.of_field(1000, mass=sparse.eye_array(1000))
    with pytest.raises(ModelError, match="Raise 'memory_mb', or give cell volumes"):
        SVDReduction(SVDConfig(rank=2, memory_mb=16)).fit(np.ones((1000, 1000)), inner)


def test_rank_deficient_snapshots_give_the_modes_there_are(caplog):
    x = np.outer(np.arange(6.0), np.ones(40)) + np.outer(np.ones(6), np.arange(40.0))
    svd = SVDReduction(SVDConfig(rank=4)).fit(x)
    assert svd.basis_.shape == (1, 40)
    assert "the snapshots have rank 1: 4 modes were asked for" in caplog.text
