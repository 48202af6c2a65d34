"""Fields relative to a reference and to powers of the parameters: learned, predicted, with bands and quantities."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.fields.physics_hints import FieldHint, PhysicsHints
from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

NAMES = ("flux", "conductivity", "ambient", "angle")
PLACES = np.linspace(0.0, 1.0, 30)
SVD = reduction_config({"kind": "svd", "rank": 4})
HINT = FieldHint("ambient", {"flux": 1.0, "conductivity": -1.0})


def runs(n: int = 40, seed: int = 0) -> np.ndarray:
    low, high = [1e3, 1.0, 270.0, -1.0], [2e4, 60.0, 310.0, 1.0]
    return np.random.default_rng(seed).uniform(low, high, (n, 4))


def field(x: np.ndarray) -> np.ndarray:
    """T = T_a + q/k f(angle, s), with f in two modes."""
    flux, conductivity, ambient, angle = x.T[:, :, None]
    shape = 1.0 + 0.3 * np.sin(angle) * PLACES + 0.1 * angle**2 * PLACES**2
    return (ambient + flux / conductivity * shape)[..., None]


def config(hint: FieldHint | None, kind: str = "bayes", **settings):
    hinted = PhysicsHints(parameters=NAMES, fields={} if hint is None else {"T": hint})
    return kind_config({"kind": kind, **settings}).model_copy(update={"hints": hinted})


def test_scaling_is_undone_by_the_view():
    x = runs()
    scaling = FieldScaling.from_hint(HINT, NAMES, x, "T")
    model, z = FieldModel.fit(SVD, scaling.scaled(x, field(x)), 0, scaling=scaling)
    np.testing.assert_allclose(model.at(x).mean(z)[:, 0], field(x), rtol=1e-12)
    # Divided by the geometric mean of the powers, the scaled field is of the size of a rise in kelvin.
    ratio = x[:, 0] / x[:, 1]
    expected = (field(x)[..., 0] - x[:, 2:3]) / ratio[:, None] * np.exp(np.log(ratio).mean())
    np.testing.assert_allclose(scaling.scaled(x, field(x))[..., 0], expected, rtol=1e-12)


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("what", ["max", "mean"])
def test_stds_are_those_of_draws(what, logarithmic):
    x = runs()
    # Two runs whose largest value has its place for certain: the field rises with the angle.
    x[:2, 3] = [0.8, 0.9]
    scaling = FieldScaling.from_hint(HINT, NAMES, x, "T")
    model, z = FieldModel.fit(SVD, scaling.scaled(x, field(x)), 0, logarithmic, scaling)
    view, sigma, rng = model.at(x[:2]), np.full((2, z.shape[1]), 1e-2), np.random.default_rng(1)
    draws = [
        np.concatenate(
            [
                model.at(x[i : i + 1]).mean(z[i : i + 1] + 1e-2 * rng.normal(size=sigma[:1].shape))
                for _ in range(3000)
            ]
        )
        for i in range(2)
    ]
    spread = [draw.std(axis=0) for draw in draws]
    # The first place does not vary: its std is that of rounding, which draws do not have.
    np.testing.assert_allclose(view.std(z[:2], sigma)[:, :, 1:], np.array(spread)[:, :, 1:], rtol=0.06)
    key = Functional(what, "T", 0)
    delta = functional.std(key, view, view.mean(z[:2]), z[:2], sigma)
    np.testing.assert_allclose(delta[:, 0], [functional.value(key, draw).std() for draw in draws], rtol=0.06)


def test_hints_by_hand_save_runs_in_cross_validation():
    x = runs(24)
    errors = {}
    for name, hint in (("raw", FieldHint(scale_by={})), ("scaled", HINT)):
        held_out = cross_validate(config(hint), {"T": SVD}, x, {"T": field(x)}, folds=4, seed=0)
        errors[name] = held_out.errors["T"]["relative_l2"].mean()
        assert (np.abs(held_out.quantities[Functional("max", "T", 0)].true).ravel() > 0.0).all()
    assert errors["scaled"] < 0.1 * errors["raw"]


def test_the_powers_are_found_by_themselves_where_they_help():
    x = runs()
    rise = field(x) - x[:, 2, None, None]
    emulator = Emulator.fit(config(None), {"T": SVD}, x, {"T": rise * x[:, :1, None]}, 0)
    scaling = emulator.fields["T"].scaling
    assert scaling is not None
    assert scaling.powers.tolist() == [2.0, -1.0, 0.0, 0.0]
    raw = Emulator.fit(config(None, outputs="raw"), {"T": SVD}, x, {"T": rise}, 0)
    none = Emulator.fit(config(FieldHint(scale_by={})), {"T": SVD}, x, {"T": rise}, 0)
    assert raw.fields["T"].scaling is none.fields["T"].scaling is None


def test_a_field_that_no_power_helps_stays_as_given():
    x = runs()
    values = (np.sin(x[:, 3:]) + 5.0 + x[:, 1:2] * PLACES)[..., None]
    assert Emulator.fit(config(None), {"T": SVD}, x, {"T": values}, 0).fields["T"].scaling is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_std_is_smaller_than_the_rounding_of_the_field_before_its_scaling(dtype):
    """A rise of 1e-3 K above 293 K in float32 is known to some 1e-5 K only."""
    x = runs()
    x[:, 0] *= 1e-6
    values = field(x).astype(dtype)
    emulator = Emulator.fit(config(HINT), {"T": SVD}, x, {"T": values}, 0)
    view = emulator.fields["T"].at(x)
    z, sigma = emulator.latent(x)["T"]
    assert (view.std(z, sigma) >= (1e-6 if dtype == np.float32 else 0.0)).all()
    np.testing.assert_allclose(view.mean(z)[:, 0], values, atol=1e-3)


def test_the_state_restores_the_scaling():
    x = runs()
    scaling = FieldScaling.from_hint(HINT, NAMES, x, "T")
    model, z = FieldModel.fit(SVD, scaling.scaled(x, field(x)), 0, scaling=scaling)
    again = FieldModel.restore(SVD, {name: array.copy() for name, array in model.state().items()})
    np.testing.assert_array_equal(again.at(x).mean(z), model.at(x).mean(z))


def test_a_power_of_what_is_not_positive_is_refused():
    hint = FieldHint(scale_by={"angle": 1.0})
    with pytest.raises(
        ModelError, match=r"scales the field 'T' must be positive in all runs\. Got .*for 'angle'"
    ):
        FieldScaling.from_hint(hint, NAMES, runs(), "T")
