from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.regressors import kind_config


def test_predicts_fields_of_the_described_shape_and_accuracy(plate, surrogate):
    x = plate.parameters(50, 9)
    prediction = surrogate.predict(x)
    for name, true in plate.fields(x).items():
        band = prediction.fields[name]
        assert band.mean.shape == band.std.shape == band.lower.shape == band.upper.shape == true.shape
        spread = np.linalg.norm(true - true.mean(axis=0))
        assert np.linalg.norm(band.mean - true) < 0.02 * spread
        assert (band.lower < band.mean).all()
        assert (band.mean < band.upper).all()
        assert (band.std > 0.0).all()
    assert prediction.inside.all()
    assert prediction.coverage == 0.9


def test_answers_only_what_is_asked(surrogate, plate):
    x = plate.parameters(3, 9)
    assert list(surrogate.predict(x, fields=["velocity"]).fields) == ["velocity"]
    nothing = surrogate.predict(x, fields=())
    assert nothing.fields == {}
    assert nothing.inside.shape == (3,)


def test_where_a_query_lies_does_not_depend_on_what_is_asked(surrogate, plate):
    x = np.vstack([plate.parameters(5, 9), [[5.0, 300.0]]])
    every, nothing = surrogate.predict(x), surrogate.predict(x, fields=())
    np.testing.assert_array_equal(every.outside, nothing.outside)
    assert every.inside.tolist() == [True] * 5 + [False]
    assert every.outside[-1] > 1.0
    assert every.why[:5] == (None,) * 5
    assert "'k' = 5 lies beyond its range" in every.why[-1]


def test_quantities_agree_with_the_fields_they_are_read_off(plate, surrogate):
    x = plate.parameters(6, 9)
    asked = [quantity for info in plate.infos for quantity in default_quantities(info)]
    assert [quantity.label for quantity in asked] == [
        *("max(temperature)", "min(temperature)", "mean(temperature)"),
        *("max(velocity.x)", "min(velocity.x)", "mean(velocity.x)"),
        *("max(velocity.y)", "min(velocity.y)", "mean(velocity.y)"),
        *("max(velocity.magnitude)", "min(velocity.magnitude)", "mean(velocity.magnitude)"),
    ]
    prediction = surrogate.predict(x, quantities=asked)
    temperature, velocity = (prediction.fields[name].mean for name in ("temperature", "velocity"))
    np.testing.assert_allclose(prediction.quantities["max(temperature)"].mean, temperature.max(axis=(1, 2)))
    area = plate.weights["velocity"] / plate.weights["velocity"].sum()
    np.testing.assert_allclose(prediction.quantities["mean(velocity.y)"].mean, velocity[..., 1] @ area)
    magnitude = prediction.quantities["min(velocity.magnitude)"]
    np.testing.assert_allclose(magnitude.mean, np.linalg.norm(velocity, axis=-1).min(axis=-1))
    assert magnitude.lower.shape == (6, 3)
    alone = surrogate.predict(x, fields=(), quantities=asked)
    for label, band in prediction.quantities.items():
        np.testing.assert_array_equal(band.upper, alone.quantities[label].upper)


def test_a_point_on_a_node_has_the_nodes_band(plate, surrogate):
    x, node = plate.parameters(4, 9), 14
    at = tuple(plate.points[node, :2].tolist())
    prediction = surrogate.predict(
        x, quantities=[Quantity("point", "temperature", at=at), Quantity("point", "velocity", "x", at)]
    )
    label = f"point(temperature, {at[0]:g}, {at[1]:g})"
    for part in ("mean", "std", "lower", "upper"):
        field = getattr(prediction.fields["temperature"], part)[:, node, 0]
        np.testing.assert_allclose(getattr(prediction.quantities[label], part), field, rtol=1e-9)
    assert list(prediction.quantities)[1].startswith("point(velocity.x, ")


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        (Quantity("max", "pressure"), "A field must be one of temperature, velocity. Got 'pressure'"),
        (Quantity("max", "velocity"), "one of its components x, y, magnitude. Got no component"),
        (Quantity("max", "temperature", "x"), "must name no component. Got 'x'"),
        (Quantity("max", "temperature", "magnitude"), "must name no component"),
        (Quantity("point", "temperature"), "must give its place by 'at'"),
        (
            Quantity("mean", "temperature", at=(0.5, 0.5)),
            "must give its place by 'at', and no other quantity may",
        ),
        (Quantity("point", "temperature", at=(1.5, 0.5)), "must lie on the mesh"),
    ],
)
def test_refuses_quantities_that_cannot_be(surrogate, plate, quantity, said):
    with pytest.raises(QueryError, match=said):
        surrogate.predict(plate.parameters(1, 0), fields=(), quantities=[quantity])


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.ones((2, 3)), r"table \(q, 2\) of k, q. Got the shape \(2, 3\)"),
        (np.ones(2), r"Got the shape \(2,\)"),
        (np.array([[1.0, np.nan]]), "finite number"),
    ],
)
def test_refuses_queries_of_another_shape_or_not_finite(surrogate, x, said):
    with pytest.raises(QueryError, match=said):
        surrogate.predict(x)


def test_says_what_it_is_and_how_good(surrogate, plate):
    description = surrogate.description
    x = plate.parameters(40, 0)
    assert description.kind == "bayes"
    assert description.n_runs == 40
    assert [p.name for p in description.parameters] == ["k", "q"]
    assert description.parameters[1].minimum == x[:, 1].min()
    assert description.parameters[1].maximum == x[:, 1].max()
    assert 0.0 < description.errors["temperature"]["relative_l2.median"] < 0.01
    assert description.settings["candidate"]["kind"] == "bayes"
    assert Description.model_validate_json(description.model_dump_json()) == description


def test_flags_queries_outside_the_runs_where_a_polynomial_goes_astray():
    """Known case: sqrt(x) sin(x) with noise 0.2 on [0, 10], shown up to x = 11."""
    from fieldwright.surrogates.fields.description import ParameterInfo
    from fieldwright.surrogates.fields.surrogate import Surrogate
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.validation.cross_validation import cross_validate

    def curve(x: np.ndarray) -> np.ndarray:
        return np.sqrt(x) * np.sin(x)

    rng = np.random.default_rng(0)
    x = np.linspace(0.0, 10.0, 30)[:, None]
    targets = {"y": (curve(x) + 0.2 * rng.normal(size=x.shape))[..., None]}
    config = kind_config({"kind": "bayes", "degree": 9, "max_degree": 9})
    reductions = {"y": reduction_config({"kind": "svd", "rank": 1})}
    trained = Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name="x")],
        fields=[FieldInfo(name="y", n_points=1)],
        points={"y": np.zeros((1, 3))},
        cross_validation=cross_validate(config, reductions, x, targets, folds=10, seed=0),
        seed=0,
        name="curve",
    )
    within = np.linspace(0.0, 10.0, 101)[:, None]
    prediction = trained.predict(np.vstack([within, [[11.0]]]))
    error = prediction.fields["y"].mean[:, 0, 0] - curve(np.append(within[:, 0], 11.0))
    assert np.sqrt(np.mean(error[:-1] ** 2)) < 0.25
    assert prediction.inside[:-1].all()
    assert not prediction.inside[-1]
    assert abs(error[-1]) > 1.0
    assert prediction.fields["y"].std[-1, 0, 0] > 4.0 * prediction.fields["y"].std[:-1].max()


def test_refuses_a_description_that_does_not_fit_the_arrays(plate):
    config = kind_config({"kind": "bayes"})
    x = plate.parameters(10, 0)
    targets = {"temperature": plate.fields(x)["temperature"][:, :5]}
    with pytest.raises(ModelError, match=r"'temperature' must have the described shape \(10, 36, 1\)"):
        plate.train_on(config, x, targets, plate.held_out(config, 10))


def test_a_table_has_a_column_for_each_time_of_a_transient_quantity(plate, surrogate):
    x = plate.parameters(3, 9)
    table = surrogate.tabulate({"k": x[:, 0], "q": x[:, 1]})
    assert {column.shape for column in table.values()} == {(3,)}
    quantity = Quantity("max", "velocity", "magnitude")
    band = surrogate.predict(x, fields=(), quantities=[quantity]).quantities[quantity.label]
    for k, time in enumerate(plate.times):
        np.testing.assert_array_equal(table[f"max(velocity.magnitude) at {time:g}"], band.mean[:, k])
        np.testing.assert_array_equal(table[f"max(velocity.magnitude) at {time:g}:upper"], band.upper[:, k])
    assert "max(temperature):lower" in table
