"""Every option of every route of fields is honoured or refused, and so is the header Accept."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from starlette.requests import Request

from fieldwright.serving.forms.accept import JSON, NPZ, NUMBERS, accepted_type
from fieldwright.serving.forms.json_form import write_json
from fieldwright.serving.forms.reply import Reply
from fieldwright.serving.refusal import Refused

ROW = {"heat_flux": 2e4, "thickness": 4.0}
QUESTION = {
    "parameters": [([ROW, ROW], ""), ({"heat_flux": 2e4}, "none for 'thickness'")],
    "fields": [(["temperature"], ""), (["stress"], 'Got "stress"')],
    "quantities": [([], ""), ([{"what": "max"}], "must name a field of the model")],
    "units": [({"heat_flux": "kW/m2"}, "must be given in 'W/m2'")],
    "tims": [([1.0], "The body's keys must be among")],
}


@pytest.mark.parametrize(
    ("path", "others"),
    [
        (
            "/predict",
            {
                "band": [("simultaneous", ""), (None, "'band' must be among")],
                "times": [([5.0], ""), ([50.0], "must lie in the trained range")],
                "history": [({}, "trained to forecast can use a 'history'")],
                "outside": [("ignore", "'outside' must be among 'refuse' and 'answer'")],
                "statistics": [
                    (["median"], "'statistics' must be among"),
                    ("mean", "'statistics' must be a list of names"),
                ],
                "precision": [("half", "'precision' must be among 'double' and 'single'")],
            },
        ),
        (
            "/gradients",
            {
                "band": [("simultaneous", "Gradients have no band")],
                "times": [([5.0], "Gradients are answered at the times of the training")],
                "history": [({}, "answered from parameters alone")],
                "outside": [("refuse", "answered wherever they can be computed")],
                "statistics": [(["mean"], "The body's keys must be among")],
                "precision": [("single", "The body's keys must be among")],
            },
        ),
    ],
)
def test_every_option_is_honoured_or_refused(check_options, champion, path, others):
    check_options(champion, path, QUESTION | others, json={"parameters": ROW})


@pytest.mark.parametrize(
    "path", ["/predict?band=simultaneous", "/gradients?x", "/models?all=1", "/mesh/temperature?a"]
)
def test_nothing_is_read_behind_a_question_mark(ask, champion, path):
    method = "GET" if path.startswith("/m") else "POST"
    reply = ask(champion, method, path, json={"parameters": ROW})
    assert reply.status_code == 422
    assert "has no options behind '?'" in reply.json()["error"]


def test_fields_come_in_the_statistics_and_the_precision_that_are_asked_for(ask, champion):
    body = {"parameters": ROW, "fields": ["temperature"], "quantities": ["max(temperature)"]}
    whole = ask(champion, "POST", "/predict", json=body).json()
    asked = body | {"statistics": ["upper", "mean"], "precision": "single"}
    part = ask(champion, "POST", "/predict", json=asked).json()
    assert part["quantities"] == whole["quantities"]
    assert {"mean", "std", "lower", "upper"} & set(part["fields"]["temperature"]) == {"mean", "upper"}
    reply = ask(champion, "POST", "/predict", json=asked, headers={"Accept": NPZ})
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        upper = archive["fields/temperature/upper"]
        assert "fields/temperature/std" not in archive
    assert upper.dtype == np.float32
    np.testing.assert_allclose(upper, whole["fields"]["temperature"]["upper"], rtol=1e-7)


@pytest.mark.parametrize("path", ["/models", "/docs.json", "/mesh/temperature"])
def test_what_is_read_comes_in_an_accepted_form(ask, champion, path):
    assert ask(champion, "GET", path, headers={"Accept": "image/png"}).status_code == 406
    assert ask(champion, "GET", path, headers={"Accept": "text/html, */*;q=0.1"}).status_code == 200


def test_gradients_come_as_an_archive_too(ask, champion):
    body = {"parameters": [ROW, ROW], "fields": ["temperature"]}
    answer = ask(champion, "POST", "/gradients", json=body).json()
    reply = ask(champion, "POST", "/gradients", json=body, headers={"Accept": NPZ})
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        values = archive["fields/temperature/thickness/values"]
    np.testing.assert_array_equal(values, answer["fields"]["temperature"]["thickness"]["values"])
    assert values.shape == (2, 25, 1)


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/x-npz", NPZ),
        ("application/x-npz, */*", NPZ),
        ("application/x-npz;q=0.5, application/json", JSON),
        ("application/json;q=0.2, application/x-npz;q=0.3", NPZ),
        ("Application/JSON ; Q=1", JSON),
        ("application/json;q=0, */*", NPZ),
        ("application/json;q=0, application/x-npz;q=0, */*", None),
        ("application/*", JSON),
        ("text/*", None),
        ("application/x-npz-old", None),
    ],
)
def test_accept_is_understood_as_http_says(header, media_type):
    request = Request({"type": "http", "headers": [(b"accept", header.encode())]})
    if media_type is not None:
        assert accepted_type(request, NUMBERS) == media_type
        return
    with pytest.raises(Refused, match="must allow application/json or application/x-npz") as refused:
        accepted_type(request, NUMBERS)
    assert refused.value.status == 406


def test_large_arrays_are_written_as_small_ones():
    rng = np.random.default_rng(0)
    for array in (rng.random(10_001), rng.random((3, 5000)), rng.random((2, 4, 3000))[:, ::2]):
        reply = Reply({"a": {}}, {("a", "b"): array})
        np.testing.assert_array_equal(json.loads(write_json(reply))["a"]["b"], array)
