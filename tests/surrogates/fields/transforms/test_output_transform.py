from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.store.field_values import ArrayValues
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.coordinates.training_views import training_views_of
from fieldwright.surrogates.fields.coordinates.whole_emulator import whole_emulator
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.fields.transforms import output_transform
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


@pytest.mark.slow
def test_modes_of_noise_are_left_out_of_a_field_whose_modes_would_be_many_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, places = runs(40), np.linspace(0.0, 1.0, 300)
    noise = 1e-3 * np.random.default_rng(1).normal(size=(40, 300))
    values = {"y": (x[:, :1] * np.sin(places) + x[:, 1:] * np.cos(2.0 * places) + noise)[..., None]}
    reductions, config = {"y": reduction_config({"kind": "svd"})}, kind_config({"kind": "rbf"})
    ranks, errors = [], []
    for most in (39 * 300, 38 * 300):
        monkeypatch.setattr(output_transform, "MOST_VALUES", most)
        validation = cross_validate(config, reductions, x, values, folds=4, seed=0)
        views = training_views_of(x, {"y": ArrayValues(values["y"])}, {}, reductions, {"trajectory"}, None)
        emulator = whole_emulator(config, reductions, x, values, views, {}, 0)
        ranks.append(emulator.fields["y"].rank)
        errors.append(np.median(validation.errors["y"]["relative_l2"]))
    assert ranks == [39, 2]
    assert errors[1] < 1.05 * errors[0]
