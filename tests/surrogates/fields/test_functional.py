from __future__ import annotations

import numpy as np
import pytest

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.functional import Functional, Selection
from fieldwright.surrogates.reductions import reduction_config

RANK = 3


@pytest.fixture(scope="module")
def model() -> FieldModel:
    """A transient vector field of rank 3 round an offset: (30 runs, 2 times, 15 points, 2 components)."""
    rng = np.random.default_rng(0)
    values = 5.0 + np.einsum("nr,rtpc->ntpc", rng.normal(size=(30, RANK)), rng.normal(size=(RANK, 2, 15, 2)))
    fitted, _ = FieldModel.fit(reduction_config({"kind": "svd", "rank": RANK}), values, seed=0)
    return fitted


def spread_of_draws(model: FieldModel, key: Functional, z, sigma, selection=None) -> np.ndarray:
    """The std of the functional over draws of the latent coordinates: what the delta method should give."""
    rng = np.random.default_rng(1)
    return np.stack(
        [
            functional.value(
                key, model.mean(z[i] + sigma[i] * rng.normal(size=(20000, RANK))), selection
            ).std(axis=0)
            for i in range(len(z))
        ]
    )


@pytest.mark.parametrize("what", ["max", "min", "mean", "point"])
@pytest.mark.parametrize("component", [0, 1, None])
def test_the_delta_method_agrees_with_drawing_from_the_latent_distribution(model, what, component):
    key = Functional(what, "u", component)
    selection = Selection(np.array([2, 7, 9]), np.array([0.2, 0.5, 0.3])) if what == "point" else None
    z = np.random.default_rng(2).normal(size=(4, RANK))
    # So small that the place of an extreme does not jump between two that are nearly equal.
    sigma = np.full((4, RANK), 1e-4)
    delta = functional.std(key, model, model.mean(z), z, sigma, selection)
    assert delta.shape == (4, 2)
    np.testing.assert_allclose(delta, spread_of_draws(model, key, z, sigma, selection), rtol=0.05)


def test_values_of_a_known_field():
    field = np.array([[[[3.0, 4.0], [0.0, -2.0]]]])
    assert functional.value(Functional("max", "u", 0), field) == 3.0
    assert functional.value(Functional("min", "u", 1), field) == -2.0
    assert functional.value(Functional("max", "u", None), field) == 5.0
    assert functional.value(Functional("mean", "u", None), field) == 3.5
    assert (
        functional.value(
            Functional("point", "u", 1), field, Selection(np.array([0, 1]), np.array([0.5, 0.5]))
        )
        == 1.0
    )


def test_the_std_of_an_extreme_is_the_fields_own_at_its_place(model):
    z, sigma = np.zeros((1, RANK)), np.full((1, RANK), 0.3)
    mean, std = model.mean(z), model.std(z, sigma)
    at = mean[0, 1, :, 0].argmax()
    assert functional.std(Functional("max", "u", 0), model, mean, z, sigma)[0, 1] == pytest.approx(
        std[0, 1, at, 0]
    )


def test_a_vector_that_is_zero_has_a_finite_std(model):
    z, sigma = np.zeros((1, RANK)), np.full((1, RANK), 0.1)
    mean = np.zeros((1, 2, 15, 2))
    assert np.isfinite(functional.std(Functional("max", "u", None), model, mean, z, sigma)).all()
