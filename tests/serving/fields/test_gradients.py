"""POST /gradients: the derivatives that the surrogate has, with units, or one sentence why not."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.serving.fields.gradients_answer import per
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.understanding.gradients import gradients

QUERY = {"heat_flux": 2e4, "thickness": 4.0}


@pytest.fixture
def differentiate(champion, ask):
    return lambda body: ask(champion, "POST", "/gradients", json=body)


def test_derivatives_are_the_surrogates_own(differentiate, surrogate: Surrogate):
    body = {
        "parameters": [QUERY, {"heat_flux": 3e4, "thickness": 5.0}],
        "quantities": [{"what": "max", "field": "displacement", "component": "x"}],
        "fields": ["temperature"],
    }
    answer = differentiate(body)
    assert answer.status_code == 200
    found = answer.json()
    assert found["model"] == "plate"
    assert found["inside"] == [True, True]
    own = gradients(
        surrogate,
        np.array([[2e4, 4.0], [3e4, 5.0]]),
        ["temperature"],
        [Quantity("max", "displacement", "x")],
    )
    largest = found["quantities"]["max(displacement.x)"]
    assert largest["heat_flux"]["unit"] == "mm/(W/m2)"
    assert largest["thickness"]["unit"] == "mm/mm"
    for j, name in enumerate(("heat_flux", "thickness")):
        np.testing.assert_allclose(largest[name]["values"], own.quantities["max(displacement.x)"][:, j])
        field = found["fields"]["temperature"][name]
        np.testing.assert_allclose(field["values"], own.fields["temperature"][:, j])
    # displacement x = t q a / 1e6, largest at a = 1.
    np.testing.assert_allclose(largest["heat_flux"]["values"][0], [0.0, 1e-5, 2e-5], atol=1e-7)


def test_without_quantities_all_defaults_are_answered(differentiate):
    found = differentiate({"parameters": QUERY}).json()
    assert "mean(temperature)" in found["quantities"]
    assert found["fields"] == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"parameters": {"heat_flux": 2e4}}, "none for 'thickness'"),
        ({"parameters": [QUERY] * 1001}, "at most 1000 queries"),
        ({"parameters": {"heat_flux": 1e300, "thickness": 4.0}}, "not finite"),
    ],
)
def test_refuses_in_one_sentence(differentiate, body, said):
    answer = differentiate(body)
    assert answer.status_code == 422
    assert said in answer.json()["error"]


def test_units_of_derivatives():
    assert [per("K", "W/m2"), per("Pa", "K"), per("", "m"), per("K", "")] == ["K/(W/m2)", "Pa/K", "1/m", "K"]
