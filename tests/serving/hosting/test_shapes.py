"""POST /predict to a model of varying shapes: distances or outlines in, fields out, or one sentence why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.physics.solvers.shapes import ellipse, placed
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.surrogates.shapes.distance import distance_of_outline

ROWS, COLUMNS, CELL = 12, 24, 0.25
SQUARE = [[2.0, 1.0], [2.8, 1.0], [2.8, 1.8], [2.0, 1.8]]
STATISTICS = ("mean", "std", "lower", "upper")


@pytest.fixture
def served(shapes, tmp_path: Path) -> Champion:
    """What a worker answers with that finds the model on its shelf."""
    shelf = Shelf(tmp_path)
    shelf.folder.mkdir(exist_ok=True)
    shapes.save(shelf.folder / "1-a")
    shelf.point_to(Shelved("circles", "1", "1-a"))
    champion = Champion(shelf)
    champion.refresh()
    assert champion.failure == ""
    return champion


def test_an_outline_is_answered_as_its_distance(served, ask, shapes):
    distance = distance_of_outline(np.array(SQUARE), shapes.grid)
    own = shapes.predict(distance[None]).fields["speed"]
    for body in ({"outline": SQUARE}, {"distance": distance.tolist()}):
        reply = ask(served, "POST", "/predict", json=body)
        assert reply.status_code == 200
        answer = reply.json()
        assert (answer["model"], answer["version"], answer["coverage"]) == ("circles", "1", 0.9)
        assert answer["fields"]["speed"]["unit"] == "m/s"
        for statistic in STATISTICS:
            np.testing.assert_allclose(
                answer["fields"]["speed"][statistic], getattr(own, statistic), atol=1e-9
            )
        assert answer["quantities"] == {}
        assert answer["inside"] in ([True], [False])


def test_several_shapes_and_whole_bands(served, ask):
    outlines = [SQUARE, placed(ellipse(1.0, 1.0, 40), (2.5, 1.4)).tolist()]
    one, whole = (
        ask(served, "POST", "/predict", json={"outline": outlines, "band": band}).json()
        for band in ("pointwise", "simultaneous")
    )
    assert one["fields"]["speed"]["shape"] == [2, ROWS * COLUMNS, 1]
    assert np.mean(whole["fields"]["speed"]["upper"]) > np.mean(one["fields"]["speed"]["upper"])
    assert one["fields"]["speed"]["mean"] == whole["fields"]["speed"]["mean"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"outline": [[-1.0, 1.0], [1.0, 1.0], [1.0, 1.8]]}, "must not touch the edge of the grid"),
        ({"distance": [[1.0] * COLUMNS] * (ROWS - 1)}, "12 rows of 24 values. Got the size 11 x 24"),
        ({"distance": [[None] * COLUMNS] * ROWS}, "something else than numbers"),
        ({"distance": [[1.0, 2.0], [3.0]]}, "lists of equal lengths"),
        ({"outline": [[1.0, 1.0], [2.0, 1.0]]}, "three points"),
        ({"outline": [[2.0, 1.0], [2.0, 1.2], [2.0, 1.6]]}, "must enclose an area"),
        ({"outline": [[2.0, 1.0], [2.01, 1.0], [2.01, 1.01]]}, "must be negative inside the shape"),
        ({}, "either as 'distance' or as 'outline'. Got nothing"),
        ({"outline": SQUARE, "distance": []}, "Got distance and outline"),
        ({"outlin": SQUARE}, "Perhaps 'outline' was meant"),
        ({"outline": SQUARE, "fields": ["sped"]}, "Perhaps 'speed' was meant"),
        (
            {"outline": SQUARE, "parameters": {"speed": 1.0}},
            'must be among nothing. Got "speed". Leave it out',
        ),
        ({"outline": [SQUARE] * 65}, "1 to 64 outlines"),
        ({"outline": "square"}, "must be a list of points"),
        ([], "must be a JSON object"),
    ],
)
def test_what_is_no_shape_is_answered_in_a_sentence(served, ask, body, says):
    reply = ask(served, "POST", "/predict", json=body)
    assert reply.status_code == 422
    assert says in reply.json()["error"]


def test_every_option_is_honoured_or_refused(check_options, served):
    table = {
        "outline": [([[1.5, 1.0], [2.8, 1.0], [2.8, 1.8]], ""), ([], "must be a list of points")],
        "distance": [([], "either as 'distance' or as 'outline'")],
        "parameters": [({"speed": 1.0}, "must be among nothing")],
        "units": [({"speed": "m"}, "must be among nothing")],
        "fields": [([], "")],
        "band": [("simultaneous", ""), ("wide", "'band' must be among")],
        "outside": [("ignore", "'outside' must be among")],
        "statistics": [(["mean"], ""), ([], "'statistics' must be a list of names")],
        "precision": [("single", ""), ("half", "'precision' must be among")],
        "quantities": [([], "The body's keys must be among")],
        "times": [([1.0], "The body's keys must be among")],
    }
    check_options(served, "/predict", table, json={"outline": SQUARE})


def test_questions_drawn_from_the_document_are_answered_in_its_words(check_interface, served):
    # Few outlines that are drawn at random enclose a shape within the grid; those of the document do.
    check_interface(served, {"/predict", "/mesh/{field}", "/models"}, 6, frozenset({"/predict"}))


def test_the_documents_examples_are_answered(served, ask):
    body = ask(served, "GET", "/docs.json").json()["paths"]["/predict"]["post"]["requestBody"]
    content = body["content"]["application/json"]
    examples = [one["value"] for one in content.get("examples", {}).values()]
    examples += [content["example"]] if "example" in content else []
    assert examples
    for example in examples:
        assert ask(served, "POST", "/predict", json=example).status_code == 200, example


def test_nan_is_refused_before_it_is_read(served, ask):
    headers = {"Content-Type": "application/json"}
    reply = ask(served, "POST", "/predict", content=b'{"distance": [[NaN]]}', headers=headers)
    assert reply.status_code == 400
    assert "NaN, which JSON does not have" in reply.json()["error"]


def test_the_interface_and_the_grid_are_told(served, ask):
    about = ask(served, "GET", "/models").json()["models"][0]
    assert about["geometry"]["shape"] == [ROWS, COLUMNS]
    assert about["geometry"]["descriptors"][0]["name"] == "area"
    document = ask(served, "GET", "/docs.json").json()
    assert "/gradients" not in document["paths"]
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert [one["$ref"].split("/")[-1] for one in content["schema"]["oneOf"]] == [
        "OutlineRequest",
        "DistanceRequest",
    ]
    properties = document["components"]["schemas"]["OutlineRequest"]["properties"]
    assert {"outline", "parameters", "units", "fields", "band", "outside"} <= set(properties)
    assert not {"quantities", "times"} & set(properties)
    assert ask(served, "POST", "/predict", json=content["example"]).status_code == 200
    assert np.shape(ask(served, "GET", "/mesh/speed").json()["points"]) == (ROWS * COLUMNS, 3)
    refused = ask(served, "POST", "/gradients", json={"outline": SQUARE})
    assert refused.status_code == 422
    assert (
        "must be asked of a model that answers it. Got 'circles', a model of shapes"
        in refused.json()["error"]
    )
