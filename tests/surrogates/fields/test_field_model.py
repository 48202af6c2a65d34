from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pytest

from fieldwright.surrogates.fields import field_model
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.reductions import ReductionConfig, Reductions, reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.trajectory.unrolled import regressor_of


class Squares:
    """A nonlinear reduction whose decoding is known: x = (z, z^2)."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def fit(self, snapshots, weights=None, seed=0) -> Self:
        return self

    def encode(self, snapshots: np.ndarray) -> np.ndarray:
        return snapshots[:, :1]

    def decode(self, latent: np.ndarray) -> np.ndarray:
        return np.hstack([latent, latent**2])

    def state(self) -> dict[str, np.ndarray]:
        return {}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        return cls(config)


class SquaresConfig(ReductionConfig):
    kind: str = "squares"


def test_the_variance_of_a_linear_reduction_is_exact():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 30, 1)) * np.linspace(1.0, 3.0, 30)[:, None]
    model, scaled = FieldModel.fit(reduction_config({"kind": "svd", "rank": 6}), values, seed=0)
    assert model.affine
    np.testing.assert_allclose(scaled.std(axis=0), 1.0)
    decoded = model.reduction.decode(model.scaler.unscaled(scaled))
    np.testing.assert_allclose(model.mean(scaled)[:, 0, :, 0], decoded, atol=1e-12)
    lost = np.mean((values[..., 0] - decoded) ** 2, axis=0)
    np.testing.assert_allclose(model.std(scaled[:1], np.zeros((1, 6)))[0, 0, :, 0] ** 2, lost, rtol=1e-6)
    sigma = np.full((1, 6), 0.2)
    basis = model.reduction.basis_ * model.scaler.scale[:, None]
    np.testing.assert_allclose(
        model.std(scaled[:1], sigma)[0, 0, :, 0] ** 2, (basis**2 * 0.04).sum(axis=0) + lost, rtol=1e-9
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_large_model_answers_as_a_small_one_without_copies_of_its_modes(monkeypatch, dtype):
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(20, 70_000, 1)) * np.linspace(1.0, 3.0, 70_000)[:, None] + 5.0).astype(dtype)
    small, scaled = FieldModel.fit(reduction_config({"kind": "svd", "rank": 4}), values, seed=0)
    small.reduction.basis_ = small.reduction.basis_.astype(dtype)
    large = FieldModel.restore(small.reduction.config, small.state())
    sigma = rng.uniform(0.1, 1.0, scaled.shape)
    mean, std = small.mean(scaled), small.std(scaled, sigma)
    monkeypatch.setattr(field_model, "LARGE", 1000)
    precision = np.finfo(dtype).eps
    np.testing.assert_allclose(large.mean(scaled), mean, atol=20 * precision * np.abs(mean).max())
    np.testing.assert_allclose(large.std(scaled, sigma), std, rtol=20 * precision * np.abs(mean).max())
    assert large.modes.dtype == dtype
    assert large._squared_modes is None
    factors, rows = large.factored_modes
    assert np.shares_memory(rows, large.reduction.basis_)
    np.testing.assert_allclose(factors[:, None] * rows, large.modes, rtol=precision)
    some = large.at_points(300, 1000)
    np.testing.assert_allclose(some.std(scaled, sigma), large.std(scaled, sigma)[:, :, 300:1000], rtol=1e-12)
    for row in (0, 13):
        np.testing.assert_array_equal(large.mean(scaled[row : row + 1])[0], large.mean(scaled)[row])
        alone = large.std(scaled[row : row + 1], sigma[row : row + 1])
        np.testing.assert_array_equal(alone[0], large.std(scaled, sigma)[row])


def test_a_nonlinear_reduction_is_linearised_where_it_is_asked(monkeypatch):
    monkeypatch.setitem(Reductions.classes, "squares", Squares)
    z = np.linspace(-2.0, 2.0, 21)[:, None]
    values = np.hstack([z, z**2])[..., None]
    model, scaled = FieldModel.fit(SquaresConfig(), values, seed=0)
    assert not model.affine
    np.testing.assert_allclose(model.mean(scaled)[:, 0], values, atol=1e-12)
    sigma = np.full((21, 1), 0.1)
    spread = 0.1 * model.scaler.scale
    expected = np.hstack([np.full((21, 1), spread), np.abs(2.0 * z) * spread])
    np.testing.assert_allclose(model.std(scaled, sigma)[:, 0, :, 0], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_field_keeps_a_std_of_the_size_of_its_round_off(dtype):
    values = np.full((10, 8, 1), 293.15, dtype=dtype)
    model, scaled = FieldModel.fit(reduction_config({"kind": "svd"}), values, seed=0)
    std = model.std(scaled, np.ones_like(scaled) * 1e-12)
    assert (std > 0.0).all()
    assert std.max() < 1e-3
    np.testing.assert_allclose(model.mean(scaled)[:, 0], values, atol=1e-3)


def test_a_field_of_rounding_alone_does_not_choose_the_kernel_of_another():
    rng = np.random.default_rng(1)
    x, place = rng.uniform(-1.0, 1.0, size=(16, 2)), np.linspace(0.0, 1.0, 30)
    varying = np.exp(np.sin(3.0 * x[:, :1]) * place)[..., None]
    constant = 5.0 + 1e-15 * rng.normal(size=(16, 30, 1))
    svd = reduction_config({"kind": "svd", "rank": 3})
    models, latent = zip(*(FieldModel.fit(svd, one, seed=0) for one in (varying, constant)), strict=True)
    assert [model.varies for model in models] == [True, False]
    rbf = kind_config({"kind": "rbf"})
    alone = regressor_of(rbf, models[:1], 0).fit(x, latent[0], 0)
    beside = regressor_of(rbf, models, 0).fit(x, np.hstack(latent), 0)
    assert beside.basis_.kernel == alone.basis_.kernel
    np.testing.assert_allclose(beside.predict(x)[0][:, :3], alone.predict(x)[0], rtol=0.0, atol=1e-9)
