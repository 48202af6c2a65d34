"""What every reduction must do, whatever its kind."""

import numpy as np
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import Reductions, load_reductions, reduction_for
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct

load_reductions()
QUICK = {"svd": {}, "kernel_pca": {}, "autoencoder": {"epochs": 20}, "vae": {"epochs": 20}}


def config(kind, **settings):
    return Reductions.configs[kind](rank=3, **QUICK.get(kind, {}), **settings)


@pytest.fixture(scope="module")
def snapshots():
    """A moving front, (24, 60) float32."""
    x, t = np.linspace(0, 1, 60), np.linspace(0.2, 0.8, 24)[:, None]
    return np.tanh((x - t) * 10).astype(np.float32)


@pytest.fixture(scope="module", params=sorted(Reductions.classes))
def fitted(request, snapshots):
    return reduction_for(config(request.param)).fit(snapshots, seed=5)


def test_every_kind_is_checked():
    assert sorted(QUICK) == sorted(Reductions.classes)


def test_shapes_and_types(fitted, snapshots):
    z = fitted.encode(snapshots[:5])
    assert z.shape == (5, 3)
    assert z.dtype == np.float64
    assert fitted.decode(z).shape == (5, 60)
    assert np.isfinite(fitted.decode(z)).all()


def test_it_reduces(fitted, snapshots):
    rest = fitted.decode(fitted.encode(snapshots)) - snapshots
    assert np.linalg.norm(rest) < 0.4 * np.linalg.norm(snapshots - snapshots.mean(axis=0))


def test_restored_from_its_arrays_it_answers_the_same_bits(fitted, snapshots):
    state = {name: np.array(array) for name, array in fitted.state().items()}
    assert all(array.dtype.kind in "fi" for array in state.values())
    again = type(fitted).restore(fitted.config, state)
    z = fitted.encode(snapshots)
    np.testing.assert_array_equal(again.encode(snapshots), z)
    np.testing.assert_array_equal(again.decode(z[:4]), fitted.decode(z[:4]))
    for name, array in again.state().items():
        np.testing.assert_array_equal(array, state[name])


def test_encode_and_decode_change_nothing(fitted, snapshots):
    before = {name: np.array(array) for name, array in fitted.state().items()}
    given = snapshots.copy()
    z = fitted.encode(given)
    kept = z.copy()
    fitted.decode(z)
    np.testing.assert_array_equal(given, snapshots)
    np.testing.assert_array_equal(z, kept)
    for name, array in fitted.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_the_same_seed_gives_the_same_reduction(fitted, snapshots):
    np.random.seed(1)  # noqa: NPY002  (the global state must not matter)
    again = reduction_for(fitted.config).fit(snapshots, seed=5)
    for name, array in again.state().items():
        np.testing.assert_array_equal(array, fitted.state()[name])


@pytest.mark.parametrize("kind", sorted(Reductions.classes))
def test_weights_are_honoured(kind, snapshots):
    w = np.where(np.arange(60) < 30, 1.0, 1e-12)
    w_fit = reduction_for(config(kind)).fit(snapshots, w)
    noisy = snapshots.copy()
    noisy[:, 30:] += np.random.default_rng(0).normal(size=(24, 30)).astype(np.float32)
    z, moved = w_fit.encode(snapshots), w_fit.encode(noisy)
    np.testing.assert_allclose(moved, z, atol=1e-3 * np.abs(z).max())


@pytest.mark.parametrize("kind", sorted(Reductions.classes))
def test_points_outside_the_domain_answer_nan(kind, snapshots):
    holed = snapshots.copy()
    holed[:, 7] = np.nan
    inner = InnerProduct.of_field(60, inside=np.arange(60) != 7)
    fitted = reduction_for(config(kind)).fit(holed, inner)
    back = fitted.decode(fitted.encode(holed))
    assert np.isnan(back[:, 7]).all()
    assert np.isfinite(np.delete(back, 7, axis=1)).all()


@pytest.mark.parametrize("kind", sorted(set(Reductions.classes) - {"svd"}))
def test_snapshots_that_do_not_differ_are_refused_by_name(kind):
    with pytest.raises(ModelError, match="needs snapshots that differ"):
        reduction_for(config(kind)).fit(np.ones((6, 10)))


@pytest.mark.parametrize("kind", sorted(Reductions.classes))
def test_too_high_a_rank_is_refused(kind, snapshots):
    settings = Reductions.configs[kind](**{**QUICK[kind], "rank": 100})
    with pytest.raises(ModelError, match="rank"):
        reduction_for(settings).fit(snapshots)
