"""Requests are understood as they are meant, or refused with a sentence that names the thing."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import QueryError
from fieldwright.serving import limits
from fieldwright.serving.fields.query import QueryReader
from fieldwright.serving.schemas.openapi import specification
from fieldwright.surrogates.fields.description import Description, FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.quantities import Quantity, unit_of

DESCRIPTION = Description(
    name="plate",
    parameters=(
        ParameterInfo(name="heat_flux", unit="W/m2", minimum=1e4, maximum=5e4),
        ParameterInfo(name="thickness", unit="mm", minimum=2.0, maximum=8.0),
    ),
    fields=(
        FieldInfo(name="temperature", unit="K", n_points=250),
        FieldInfo(
            name="displacement", unit="mm", components=("x", "y"), times=(0.0, 10.0, 20.0), n_points=250
        ),
    ),
    kind="bayes",
    n_runs=20,
    coverage=0.9,
    errors={},
    seed=0,
    settings={},
)
READER = QueryReader(DESCRIPTION)
ROW = {"heat_flux": 2e4, "thickness": 3}


def read(**keys: Any):
    return READER.read({"parameters": ROW} | keys)


def test_parameters_are_ordered_as_in_the_study():
    query = READER.read({"parameters": [{"thickness": 3, "heat_flux": 2e4}, ROW]})
    np.testing.assert_array_equal(query.x, [[2e4, 3.0], [2e4, 3.0]])
    assert query.fields == ()


def test_an_integral_is_answered_where_the_field_has_a_measure_and_is_described_only_there():
    infos = tuple(info.model_copy(update={"measure": "area"}) for info in DESCRIPTION.fields[:1])
    measured = DESCRIPTION.model_copy(update={"fields": infos})
    asked = {"parameters": ROW, "quantities": [{"what": "integral", "field": "temperature"}]}
    (quantity,) = QueryReader(measured).read(asked).quantities
    assert unit_of(quantity, infos[0]) == "K * (mesh unit)^2"
    with pytest.raises(QueryError, match="An integral of 'temperature' must have the areas or volumes"):
        READER.read(asked)
    assert '"integral"' in described(measured)
    assert '"integral"' not in described(DESCRIPTION)


def described(description: Description) -> str:
    operations = QueryReader(description).interface()
    return json.dumps(specification("plate", "1", Description, operations))


def test_default_quantities_are_max_min_and_mean_of_each_field_and_component():
    labels = {quantity.label for quantity in read().quantities}
    assert {"max(temperature)", "min(temperature)", "mean(temperature)"} <= labels
    assert {"max(displacement.x)", "mean(displacement.y)", "max(displacement.magnitude)"} <= labels
    assert len(labels) == 3 + 3 * 3


def test_quantities_are_read():
    asked = [
        {"what": "point", "field": "temperature", "at": [0.1, 0]},
        {"what": "max", "field": "displacement", "component": "magnitude"},
    ]
    assert read(quantities=asked).quantities == (
        Quantity("point", "temperature", None, (0.1, 0.0)),
        Quantity("max", "displacement", "magnitude"),
    )


def test_every_label_of_an_answer_asks_for_the_same_again():
    quantities = (*read().quantities, Quantity("point", "displacement", "x", (0.1, -2e-5)))
    assert read(quantities=[one.label for one in quantities]).quantities == quantities
    assert read(quantities=[" mean( temperature ) "]).quantities == (Quantity("mean", "temperature"),)


def test_equal_quantities_are_one_and_equal_labels_are_refused():
    here = {"what": "point", "field": "temperature", "at": [0.12345678, 0.5]}
    there = here | {"at": [0.12345679, 0.5]}
    assert len(read(quantities=[here, here]).quantities) == 1
    with pytest.raises(QueryError, match="must differ in the labels"):
        read(quantities=[here, there])


@pytest.mark.parametrize("unit", ["W/m2", "W/m^2", "W/m²", "W / m**2"])
def test_a_unit_may_be_spelt_in_several_ways(unit: str):
    assert read(units={"heat_flux": unit}).x[0, 0] == 2e4
    assert READER.read({"parameters": ROW | {"heat_flux": {"value": 1.0, "unit": unit}}}).x[0, 0] == 1.0


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([ROW], r"must be a JSON object.*Send \{\"parameters\""),
        ({}, "'parameters' must be an object.*Got nothing.*'heat_flux' and 'thickness'"),
        ({"parameters": []}, r"Got \[\]"),
        ({"parameters": [ROW, 3]}, "list of one or more"),
        ({"parameters": {"heat_flux": 1.0}}, "none for 'thickness'. Add 'thickness'"),
        ({"parameters": ROW | {"heatflux": 1}}, "Got \"heatflux\". Perhaps 'heat_flux' was meant"),
        ({"parameters": ROW | {"zzz": 1}}, "Got \"zzz\". Choose from 'heat_flux' and 'thickness'"),
        ({"parameters": ROW | {"thickness": True}}, "'thickness' must be a finite number in 'mm'. Got true"),
        ({"parameters": ROW | {"thickness": "3"}}, 'Got "3".*without quotes'),
        ({"parameters": ROW | {"thickness": None}}, "'thickness' must be a finite number.*Got null"),
        ({"parameters": ROW | {"thickness": [3]}}, r"Got \[3\]"),
        ({"parameters": ROW | {"thickness": math.inf}}, "'thickness' must be a finite number.*Got infinity"),
        (
            {"parameters": ROW | {"thickness": {"unit": "mm"}}},
            "'thickness' must be a finite number.*Got nothing",
        ),
        ({"parameters": ROW | {"thickness": {"value": 3, "unit": "m"}}}, "given in 'mm'.*Got \"m\""),
        ({"parameters": ROW | {"thickness": {"wert": 3}}}, "The keys of parameter 'thickness'"),
        ({"parameters": ROW, "units": {"heat_flux": "kW/m2"}}, "given in 'W/m2'.*Got \"kW/m2\".*Convert"),
        ({"parameters": ROW, "units": {"heatflux": "W/m2"}}, "Perhaps 'heat_flux' was meant"),
        ({"parameters": ROW, "units": "SI"}, "'units' must be an object"),
        ({"parameters": ROW, "field": ["temperature"]}, "Got \"field\". Perhaps 'fields' was meant"),
        ({"parameters": ROW, "fields": "temperature"}, "'fields' must be a list"),
        ({"parameters": ROW, "fields": ["temprature"]}, "Perhaps 'temperature' was meant"),
        ({"parameters": ROW, "fields": [{}]}, "must name a field of the model"),
        ({"parameters": ROW, "quantities": {}}, "'quantities' must be a list"),
        ({"parameters": ROW, "quantities": [3]}, "A quantity must be an object or a label"),
        ({"parameters": ROW, "quantities": ["max"]}, "must be written as max, min, mean, integral or point"),
        (
            {"parameters": ROW, "quantities": ["max(stress)"]},
            "must be one of displacement, temperature.*'stress'",
        ),
        (
            {"parameters": ROW, "quantities": ["max(displacement)"]},
            "'displacement' must name one of its components x, y, magnitude",
        ),
        ({"parameters": ROW, "quantities": ["point(temperature)"]}, "must give its place by 'at'"),
        ({"parameters": ROW, "quantities": [{"field": "temperature"}]}, "'what' must be among.*Got nothing"),
        (
            {"parameters": ROW, "quantities": [{"what": "maximum", "field": "temperature"}]},
            "Perhaps 'max' was meant",
        ),
        ({"parameters": ROW, "quantities": [{"what": "max", "field": "stress"}]}, 'Got "stress"'),
        (
            {"parameters": ROW, "quantities": [{"what": "max", "field": "displacement"}]},
            "'displacement' must name one of its components x, y, magnitude",
        ),
        (
            {"parameters": ROW, "quantities": [{"what": "max", "field": "displacement", "component": 1}]},
            "must name one of its components.*Got 1",
        ),
        (
            {"parameters": ROW, "quantities": [{"what": "point", "field": "temperature"}]},
            "must give its place by 'at'",
        ),
        (
            {"parameters": ROW, "quantities": [{"what": "point", "field": "temperature", "at": ["a"]}]},
            "its place by 'at', a list of coordinates.*Got \"a\"",
        ),
        ({"parameters": ROW, "quantities": [{"what": "max", "field": "temperature", "on": 1}]}, 'Got "on"'),
    ],
)
def test_what_is_wrong_is_named(document: Any, says: str):
    with pytest.raises(QueryError) as caught:
        READER.read(document)
    assert re.search(says, str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ("all", "'times' must be a list of numbers. Got \"all\""),
        ([0.0, "end"], "'times' must be a list of numbers. Got \"end\""),
        ([0.0] * (limits.MAX_TIMES + 1), f"at most {limits.MAX_TIMES} times"),
    ],
    ids=["text", "text among numbers", "too many"],
)
def test_times_that_do_not_fit_are_named(times: Any, says: str):
    transient = DESCRIPTION.model_copy(update={"fields": DESCRIPTION.fields[1:]})
    with pytest.raises(QueryError, match=re.escape(says)):
        QueryReader(transient).read({"parameters": ROW, "times": times})


def test_too_many_queries_are_refused():
    with pytest.raises(QueryError, match="at most 10000 queries"):
        READER.read({"parameters": [ROW] * (limits.MAX_QUERIES + 1)})


def test_too_many_quantities_are_refused():
    with pytest.raises(QueryError, match=r"at most 64 objects or labels\. Got 65"):
        read(quantities=[{"what": "max", "field": "temperature"}] * (limits.MAX_QUANTITIES + 1))


def test_an_answer_has_a_largest_size():
    per_query = 250 + 250 * 2 * 3
    most = limits.MAX_FIELD_VALUES // per_query
    both = ["temperature", "displacement"]
    assert READER.read({"parameters": [ROW] * most, "fields": both}).field_values == most * per_query
    with pytest.raises(QueryError, match=f"Got {most + 1} queries for"):
        READER.read({"parameters": [ROW] * (most + 1), "fields": both})


def test_long_values_are_not_repeated_in_full():
    with pytest.raises(QueryError) as caught:
        READER.read({"parameters": ROW | {"thickness": "9" * 100_000}})
    assert len(str(caught.value)) < 300


words = st.sampled_from(
    [
        "parameters",
        "fields",
        "quantities",
        "units",
        "heat_flux",
        "thickness",
        "temperature",
        "displacement",
        "what",
        "field",
        "at",
        "max",
        "point",
        "component",
        "x",
        "value",
        "unit",
        "mm",
    ]
)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | words
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=25,
)


@given(documents | st.dictionaries(words, documents, max_size=4).map(lambda more: {"parameters": ROW} | more))
def test_any_document_is_read_or_refused(document: Any):
    with contextlib.suppress(QueryError):
        query = READER.read(document)
        assert query.x.shape[1] == 2
        assert np.isfinite(query.x).all()


@given(st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-9, 9)), min_size=1))
def test_numbers_arrive_as_they_were_sent(rows: list[tuple[float, int]]):
    sent = [{"thickness": thickness, "heat_flux": heat} for heat, thickness in rows]
    np.testing.assert_array_equal(READER.read({"parameters": sent}).x, np.array(rows, dtype=float))
