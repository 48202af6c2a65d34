"""The OpenAPI document: made of the models that requests are read by, and true of what is answered."""

from __future__ import annotations

import pytest


def test_questions_drawn_from_the_document_are_answered_in_its_words(check_interface, champion):
    check_interface(
        champion,
        {"/predict", "/gradients", "/sensitivities", "/mesh/{field}", "/surface/{field}", "/runs", "/models"},
        examples=15,
    )


def test_the_document_tells_version_units_ranges_limits_and_failures(ask, champion, surrogate):
    document = ask(champion, "GET", "/docs.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == champion.current.version == "7"
    operations = [method for path in document["paths"].values() for method in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    predict = document["paths"]["/predict"]["post"]
    refusals = {
        "400",
        "401",
        "403",
        "406",
        "408",
        "413",
        "415",
        "421",
        "422",
        "429",
        "431",
        "500",
        "503",
        "504",
    }
    assert set(predict["responses"]) == {"200", *refusals}
    failures = [predict["responses"][status]["content"]["application/json"]["schema"] for status in refusals]
    assert failures == [{"$ref": "#/components/schemas/Failure"}] * len(failures)
    ready = document["paths"]["/readyz"]["get"]["responses"]
    assert ready["503"]["content"] == ready["200"]["content"]
    assert "401" not in ready
    schemas = document["components"]["schemas"]
    heat_flux = schemas["Parameters"]["properties"]["heat_flux"]
    info = surrogate.description.parameters[0]
    assert (heat_flux["x-unit"], heat_flux["x-range"]) == ("W/m2", [info.minimum, info.maximum])
    thickness = schemas["Parameters"]["properties"]["thickness"]
    assert {"type": "number", "exclusiveMinimum": 0} in thickness["anyOf"]
    assert heat_flux["examples"] == [(info.minimum + info.maximum) / 2]
    assert schemas["PredictRequest"]["properties"]["parameters"]["oneOf"][1]["maxItems"] == 10_000
    assert schemas["VectorQuantity"]["properties"]["component"]["enum"] == ["x", "y", "magnitude"]
    assert schemas["VectorPoint"]["required"] == ["what", "field", "component", "at"]


@pytest.mark.parametrize("path", ["/predict", "/gradients", "/sensitivities"])
def test_the_example_of_each_question_is_answered(ask, champion, path):
    document = ask(champion, "GET", "/docs.json").json()
    example = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert ask(champion, "POST", path, json=example).status_code == 200
