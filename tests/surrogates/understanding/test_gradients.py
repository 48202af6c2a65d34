"""Gradients of fields and quantities, against differences of what the surrogate answers."""

import numpy as np
import pytest

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.physics_hints import DerivedInput, FieldHint, PhysicsHints
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.understanding.gradients import gradients
from fieldwright.surrogates.validation.cross_validation import cross_validate

QUANTITIES = [
    Quantity("max", "temperature"),
    Quantity("mean", "temperature"),
    Quantity("point", "temperature", at=(0.33, 0.61)),
    Quantity("max", "velocity", "magnitude"),
    Quantity("min", "velocity", "y"),
]


def differences(surrogate, x, j, step):
    moved = step * np.eye(2)[j]
    ahead, behind = (surrogate.predict(x + sign * moved, None, QUANTITIES) for sign in (1.0, -1.0))

    def slope(a, b):
        return {name: (a[name].mean - b[name].mean) / (2.0 * step) for name in a}

    return slope(ahead.fields, behind.fields), slope(ahead.quantities, behind.quantities)


@pytest.mark.parametrize("kind", ["bayes", "gp", "mlp", "pce", "rbf", "linear"])
def test_gradients_are_the_differences_of_the_answers(plate, kind):
    surrogate = plate.train(kind, n=30, folds=2)
    x = np.array([[0.81, 222.0], [1.37, 313.0], [1.93, 131.0]])
    found = gradients(surrogate, x, ["velocity", "temperature"], QUANTITIES)
    assert list(found.fields) == ["velocity", "temperature"]
    assert found.fields["temperature"].shape == (3, 2, 36, 1)
    assert found.fields["velocity"].shape == (3, 2, 3, 36, 2)
    assert found.quantities["mean(temperature)"].shape == (3, 2)
    assert found.quantities["max(velocity.magnitude)"].shape == (3, 2, 3)
    for j, step in enumerate((1e-4, 2e-2)):
        fields, quantities = differences(surrogate, x, j, step)
        for expected, got in ((fields, found.fields), (quantities, found.quantities)):
            for name in got:
                # A field that does not go with a parameter has a slope of nothing but round-off.
                size = np.abs(expected[name]).max() + (1e-1, 1e-3)[j]
                np.testing.assert_allclose(got[name][:, j], expected[name], atol=1e-4 * size, err_msg=name)


def test_gradients_are_those_of_the_physics(plate, surrogate):
    """temperature = 293 + q/100 sin(1.5 k a) + (k b)^2, so d/dq = sin(1.5 k a)/100."""
    x = np.array([[1.1, 250.0]])
    found = gradients(surrogate, x, ["temperature"]).fields["temperature"][0, :, :, 0]
    a, b = plate.points[:, 0], plate.points[:, 1]
    true = np.stack([2.5 * 1.5 * a * np.cos(1.65 * a) + 2.2 * b**2, np.sin(1.65 * a) / 100.0])
    for slope, expected in zip(found, true, strict=True):
        np.testing.assert_allclose(slope, expected, atol=0.01 * np.abs(expected).max())


@pytest.mark.parametrize(
    "settings",
    [
        {"inputs": ("log", "reciprocal"), "outputs": "raw"},
        {"inputs": "auto", "outputs": "auto"},
        {
            "outputs": "raw",
            "hints": PhysicsHints(
                ("k", "q"),
                {"peclet": DerivedInput("k ** 2 / q", replace=False)},
                {"temperature": FieldHint(reference=0.0, scale_by={"q": -1.0})},
            ),
        },
    ],
)
def test_scales_logarithms_and_derived_inputs_are_differentiated_too(plate, settings):
    x = plate.parameters(40, 3)
    values = {"temperature": (np.exp(2.0 * x[:, :1] * plate.points[:, 0]) / x[:, 1:])[..., None]}
    config = kind_config({"kind": "bayes"}).model_copy(update=settings)
    reductions = {"temperature": plate.reductions["temperature"]}
    held_out = cross_validate(config, reductions, x, values, folds=5, seed=0)
    surrogate = plate.train_on(config, x, values, held_out)
    at = np.array([[1.1, 250.0]])
    found = gradients(surrogate, at, ["temperature"]).fields["temperature"][0, :, :, 0]
    field = np.exp(2.2 * plate.points[:, 0]) / 250.0
    np.testing.assert_allclose(found[0], 2.0 * plate.points[:, 0] * field, atol=0.02 * field.max())
    np.testing.assert_allclose(found[1], -field / 250.0, atol=0.02 * field.max() / 250.0)


def test_refuses_what_the_surrogate_does_not_have(surrogate):
    with pytest.raises(QueryError, match=r"A field must be one of temperature, velocity\. Got 'pressure'"):
        gradients(surrogate, np.array([[1.0, 200.0]]), ["pressure"])
    with pytest.raises(QueryError, match=r"Queries must be a table \(q, 2\)"):
        gradients(surrogate, np.array([[1.0, 200.0, 3.0]]))
