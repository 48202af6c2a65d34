"""Inputs that a study derives by hand: what they do to a model, and that queries give the parameters alone."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.model_inputs import ModelInputs
from fieldwright.surrogates.fields.physics_hints import DerivedInput, PhysicsHints
from fieldwright.surrogates.fields.transforms.input_transform import LOGARITHM, InputTransform
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

NAMES = ("speed", "length", "viscosity")


def hints(**derived: DerivedInput) -> PhysicsHints:
    return PhysicsHints(parameters=NAMES, derived=derived)


REYNOLDS = DerivedInput("speed * length / viscosity")


def runs(n: int = 40) -> np.ndarray:
    return np.random.default_rng(0).uniform([1.0, 0.1, 3e-3], [5.0, 0.5, 9e-3], (n, 3))


def test_inputs_are_the_parameters_and_then_the_derived():
    x = runs()
    reynolds = x[:, 0] * x[:, 1] / x[:, 2]
    beside = ModelInputs.fit(hints(reynolds=REYNOLDS, head=DerivedInput("speed ** 2 / 19.62")), x)
    np.testing.assert_allclose(beside(x), np.column_stack([x, reynolds, x[:, 0] ** 2 / 19.62]))
    instead = ModelInputs.fit(hints(reynolds=DerivedInput(REYNOLDS.formula, replace=True)), x)
    np.testing.assert_allclose(instead(x), reynolds[:, None])


def test_far_queries_stay_finite():
    x = runs()
    inputs = ModelInputs.fit(hints(reynolds=REYNOLDS, root=DerivedInput("speed ** 0.5")), x)
    far = inputs(np.array([[1.0, 1.0, 0.0], [-1.0, 1.0, 1.0], [1e300, 1e300, 1e-300]]))
    assert np.isfinite(far).all()
    assert far[0, 3] == far[2, 3] == inputs.high[0]


def test_a_run_without_a_value_is_named():
    x = runs()
    x[6, 2] = 0.0
    with pytest.raises(
        ModelError, match=r"'reynolds' must have a finite value in every run\. Got inf in run 7"
    ):
        ModelInputs.fit(hints(reynolds=REYNOLDS), x)


def test_a_scale_asked_for_reaches_the_derived_input_and_survives_the_state():
    x, hinted = runs(), hints(reynolds=DerivedInput(REYNOLDS.formula, replace=True, scale="log"))
    chosen = InputTransform.choose(x, x[:, :1], 0, "raw", hinted)
    assert chosen.scale.tolist() == [LOGARITHM]
    np.testing.assert_allclose(chosen(x)[:, 0], np.log(x[:, 0] * x[:, 1] / x[:, 2]))
    again = InputTransform.restore({name: array.copy() for name, array in chosen.state().items()}, hinted)
    np.testing.assert_array_equal(again(x), chosen(x))


@pytest.mark.parametrize("replace", [False, True])
def test_a_drag_that_goes_by_reynolds_number_is_learned_from_few_runs(plate, replace):
    x = runs()
    reynolds = x[:, 0] * x[:, 1] / x[:, 2]
    drag = (np.sin(reynolds / 300.0)[:, None] * np.linspace(1.0, 2.0, 9) + 3.0)[..., None]
    hinted = hints(reynolds=DerivedInput(REYNOLDS.formula, replace=replace))
    config = kind_config({"kind": "pce"})
    reductions = {"drag": plate.reductions["temperature"]}
    found = [
        cross_validate(one, reductions, x, {"drag": drag}, folds=5, seed=0)
        .errors["drag"]["relative_l2"]
        .mean()
        for one in (config, config.model_copy(update={"hints": hinted}))
    ]
    assert found[1] < 0.5 * found[0]


def test_an_artifact_keeps_them_and_queries_give_the_parameters_alone(plate, tmp_path):
    hinted = PhysicsHints(parameters=("k", "q"), derived={"rise": DerivedInput("q * k")})
    trained = plate.train("bayes", 30, hints=hinted)
    assert trained.emulator.branches[0].transform.scale.shape == (3,)
    trained.save(tmp_path / "model")
    again = type(trained).load(tmp_path / "model")
    x = plate.parameters(4, 9)
    for name, band in trained.predict(x).fields.items():
        np.testing.assert_array_equal(again.predict(x).fields[name].upper, band.upper)
