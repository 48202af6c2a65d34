from __future__ import annotations

import numpy as np
import pytest

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

SVD = {"y": reduction_config({"kind": "svd", "rank": 3})}
PLACES = np.linspace(0.0, 1.0, 40)


def runs(n: int = 30) -> np.ndarray:
    return np.random.default_rng(0).uniform([0.0, 1.0], [1.0, 12.0], (n, 2))


def decaying(x: np.ndarray) -> np.ndarray:
    """A concentration exp(a - k s) over five decades: one mode per parameter in its logarithm, many without."""
    return np.exp(x[:, :1] - x[:, 1:] * PLACES)[..., None]


def test_a_field_over_decades_is_learned_by_its_logarithm():
    x = runs()
    config = kind_config({"kind": "linear"})
    assert Emulator.fit(config, SVD, x, {"y": decaying(x)}, 0).fields["y"].logarithmic
    held_out = cross_validate(config, SVD, x, {"y": decaying(x)}, folds=5, seed=0)
    raw = cross_validate(
        config.model_copy(update={"outputs": "raw"}), SVD, x, {"y": decaying(x)}, folds=5, seed=0
    )
    assert held_out.errors["y"]["relative_l2"].max() < 1e-6 < 1e-2 < np.median(raw.errors["y"]["relative_l2"])


@pytest.mark.parametrize(
    "field",
    [
        lambda x: 293.0 + decaying(x),
        lambda x: decaying(x) - 1e-4,
        lambda x: 0.001 + (x[:, 1:] * PLACES)[..., None],
    ],
    ids=["narrow", "negative", "linear"],
)
def test_other_fields_stay_as_given(field):
    x = runs()
    assert (
        not Emulator.fit(kind_config({"kind": "linear"}), SVD, x, {"y": field(x)}, 0).fields["y"].logarithmic
    )


@pytest.mark.parametrize("what", ["max", "mean"])
def test_the_std_follows_the_field_through_the_exponential(what):
    """Against draws of the latent coordinates, for the field and for numbers read off it."""
    x = runs()
    model, latent = FieldModel.fit(SVD["y"], decaying(x), 0, logarithmic=True)
    z, rng = latent[:2], np.random.default_rng(1)
    sigma = np.full(z.shape, 1e-3)
    draws = [model.mean(z[i] + 1e-3 * rng.normal(size=(20000, z.shape[1]))) for i in range(2)]
    std = model.std(z, sigma)[:, 0, :, 0]
    np.testing.assert_allclose(std, [draw[:, 0, :, 0].std(axis=0) for draw in draws], rtol=0.05)
    key = Functional(what, "y", 0)
    delta = functional.std(key, model, model.mean(z), z, sigma)
    np.testing.assert_allclose(delta[:, 0], [functional.value(key, draw).std() for draw in draws], rtol=0.05)
