"""The POD as mathematics: orthonormality, Eckart-Young, and the fields that break naive code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import reduction_for
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction


@st.composite
def cases(draw):
    """Snapshots (n, m) of rank k, full or deficient, and positive weights (m,)."""
    n, m = draw(st.integers(2, 12)), draw(st.integers(1, 40))
    k = draw(st.integers(1, min(n, m)))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    x = rng.normal(size=(n, k)) @ rng.normal(size=(k, m)) + rng.normal(size=m)
    return x, rng.uniform(0.1, 10.0, m)


@given(cases())
@settings(deadline=None, max_examples=60)
def test_basis_is_orthonormal_in_the_weighted_inner_product(case):
    x, w = case
    u = SVDReduction(SVDConfig(energy=1.0)).fit(x, w).basis_
    np.testing.assert_allclose((u * w) @ u.T, np.eye(len(u)), atol=1e-10)


@given(cases(), st.integers(1, 12))
@settings(deadline=None, max_examples=60)
def test_truncation_error_is_the_sum_of_the_singular_values_left_out(case, rank):
    x, w = case
    svd = SVDReduction(SVDConfig(rank=min(rank, *x.shape))).fit(x, w)
    rest = svd.decode(svd.encode(x)) - x
    s = np.linalg.svd((x - x.mean(axis=0)) * np.sqrt(w), compute_uv=False)
    left_out = (s[len(svd.singular_values_) :] ** 2).sum()
    np.testing.assert_allclose((rest**2 * w).sum(), left_out, rtol=1e-9, atol=1e-12 * (s**2).sum())


@given(cases())
@settings(deadline=None, max_examples=60)
def test_encode_undoes_decode(case):
    x, w = case
    svd = SVDReduction(SVDConfig(energy=1.0)).fit(x, w)
    z = np.random.default_rng(0).normal(size=(5, len(svd.basis_)))
    np.testing.assert_allclose(svd.encode(svd.decode(z)), z, atol=1e-9)


def test_variances_are_those_of_the_covariance():
    x = np.random.default_rng(1).normal(size=(50, 6)) @ np.diag([5, 3, 2, 1, 0.5, 0.1])
    s = SVDReduction(SVDConfig(rank=6)).fit(x).singular_values_
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    np.testing.assert_allclose(s**2 / 50, eigenvalues, rtol=1e-10)


@pytest.mark.parametrize("value", [0.0, 293.15, -1e-30])
def test_constant_field_has_one_mode_of_no_energy(value):
    x = np.full((5, 7), value)
    svd = SVDReduction(SVDConfig(energy=0.99)).fit(x)
    assert svd.basis_.shape == (1, 7)
    assert svd.singular_values_.tolist() == [0.0]
    np.testing.assert_allclose(svd.basis_ @ svd.basis_.T, 1.0)
    np.testing.assert_allclose(svd.decode(svd.encode(x)), x, rtol=1e-14)


def test_single_run_is_its_own_mean():
    x = np.arange(1.0, 5.0)[None]
    svd = SVDReduction(SVDConfig(energy=0.99)).fit(x)
    np.testing.assert_allclose(svd.decode(svd.encode(x)), x)
    uncentred = SVDReduction(SVDConfig(rank=1, centre=False)).fit(x)
    np.testing.assert_allclose(uncentred.singular_values_, np.linalg.norm(x))


def test_energy_keeps_the_fewest_modes():
    x = np.diag([4.0, 2.0, 1.0])
    svd = SVDReduction(SVDConfig(energy=20 / 21, centre=False)).fit(x)
    np.testing.assert_allclose(svd.singular_values_, [4.0, 2.0])
    np.testing.assert_allclose(svd.energy_, [16 / 21, 20 / 21])


def test_too_high_a_rank_says_what_to_do():
    with pytest.raises(ModelError) as error:
        SVDReduction(SVDConfig(rank=50)).fit(np.zeros((20, 100)))
    assert str(error.value) == (
        "The 'rank' of SVD must be in 1..20 (the number of snapshots). Got 50. "
        "Lower it, or give 'energy' instead."
    )


def test_not_a_number_is_refused():
    with pytest.raises(ModelError, match="Snapshots must be finite"):
        SVDReduction(SVDConfig(rank=1)).fit(np.array([[1.0, np.nan], [0.0, 1.0]]))


def test_restored_from_its_arrays_it_answers_the_same_bits():
    x = np.random.default_rng(3).normal(size=(8, 200))
    svd = reduction_for(SVDConfig(rank=4)).fit(x, np.linspace(1, 2, 200))
    again = SVDReduction.restore(svd.config, {name: value.copy() for name, value in svd.state().items()})
    z = np.random.default_rng(4).normal(size=(3, 4))
    assert np.array_equal(again.decode(z), svd.decode(z))
    assert np.array_equal(again.encode(x), svd.encode(x))
