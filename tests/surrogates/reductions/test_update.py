"""New runs let into the basis: exact where nothing was left out, and never worse than the bound it gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction


@given(seed=st.integers(0, 10**6), old=st.integers(2, 10), new=st.integers(1, 8), centre=st.booleans())
@settings(deadline=None, max_examples=40)
def test_update_is_exact_where_nothing_was_left_out(seed, old, new, centre):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(old + new, 50)) + rng.normal(size=50)
    x[old:] += 3.0
    w = rng.uniform(0.5, 2.0, 50)
    config = SVDConfig(energy=1.0, centre=centre, update_loss=1e-12)
    svd = SVDReduction(config).fit(x[:old], w).update(x)
    full = SVDReduction(config).fit(x, w)
    assert svd.numbers_["update_loss"] < 1e-14
    np.testing.assert_allclose(svd.singular_values_, full.singular_values_, rtol=1e-8)
    np.testing.assert_allclose(svd.mean_, full.mean_, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(svd.total_energy_, full.total_energy_, rtol=1e-10)
    np.testing.assert_allclose(svd.basis_.T @ svd.basis_, full.basis_.T @ full.basis_, atol=1e-6)
    assert svd.n_snapshots_ == old + new


@given(
    seed=st.integers(0, 10**6),
    how_many=st.sampled_from([{"rank": 1}, {"rank": 3}, {"rank": 6}, {"energy": 0.7}, {"energy": 0.9}]),
    batches=st.integers(1, 4),
)
@settings(deadline=None, max_examples=40)
def test_the_energy_lost_is_never_more_than_the_bound(seed, how_many, batches):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(10 + 5 * batches, 80)) @ np.diag(0.9 ** np.arange(80))
    svd = SVDReduction(SVDConfig(update_loss=10.0, **how_many)).fit(x[:10])
    for i in range(batches):
        svd.update(x[: 15 + 5 * i])
    full = SVDReduction(SVDConfig(rank=len(svd.basis_))).fit(x)
    held = ((x - x.mean(axis=0)) @ svd.basis_.T) ** 2
    lost = ((full.singular_values_**2).sum() - held.sum()) / full.total_energy_
    assert -1e-12 < lost <= svd.numbers_["update_loss"] + 1e-12
    np.testing.assert_allclose(svd.total_energy_, full.total_energy_, rtol=1e-10)


def test_update_does_not_read_the_old_runs():
    x = np.random.default_rng(0).normal(size=(12, 3)) @ np.random.default_rng(1).normal(size=(3, 40))
    svd = SVDReduction(SVDConfig(rank=3)).fit(x[:8])
    blind = x.copy()
    blind[:8] = np.nan
    svd.update(blind)
    np.testing.assert_allclose(
        svd.singular_values_, SVDReduction(SVDConfig(rank=3)).fit(x).singular_values_, rtol=1e-10
    )


def test_past_the_bound_it_fits_anew():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 60))
    svd = SVDReduction(SVDConfig(rank=3, update_loss=1e-3)).fit(x[:20]).update(x)
    full = SVDReduction(SVDConfig(rank=3)).fit(x)
    np.testing.assert_array_equal(svd.basis_, full.basis_)
    np.testing.assert_array_equal(svd.singular_values_, full.singular_values_)
    assert svd.lost_energy_ == full.lost_energy_


def test_a_restored_pod_can_be_updated():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 4)) @ rng.normal(size=(4, 30))
    svd = SVDReduction(SVDConfig(rank=4)).fit(x[:9])
    again = SVDReduction.restore(svd.config, svd.state()).update(x)
    np.testing.assert_array_equal(again.basis_, svd.update(x).basis_)


def test_an_update_without_new_runs_is_refused():
    x = np.random.default_rng(0).normal(size=(5, 10))
    with pytest.raises(ModelError, match="Give the grown matrix, old rows first"):
        SVDReduction(SVDConfig(rank=2)).fit(x).update(x)
