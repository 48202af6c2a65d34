"""What a page draws and compares with: GET /surface and /runs, POST /sensitivities, asked in process."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from fieldwright.serving.fields.compact_surface import DrawnSurface, with_fewer_corners
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.understanding.sensitivity import sensitivity

HOTTEST = {"what": "max", "field": "temperature"}


def archive(reply: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    assert reply.status_code == 200, reply.text
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as read:
        arrays = dict(read)
    return json.loads(str(arrays.pop("about"))), arrays


def test_every_corner_of_the_surface_has_its_place_and_value(ask, champion, surrogate: Surrogate):
    reply = ask(champion, "GET", "/surface/temperature", headers={"Accept": "application/x-npz"})
    about, arrays = archive(reply)
    assert (about["version"], about["on"], about["axes"], about["joined"]) == (
        "7",
        "point",
        ["x", "y"],
        "cells",
    )
    np.testing.assert_array_equal(arrays["points"], surrogate.points("temperature")[arrays["values"]])
    corners = arrays["points"][arrays["triangles"]]
    sides = corners[:, 1:, :2] - corners[:, :1, :2]
    # The plate of side 1, seen from above.
    assert 0.5 * np.abs(np.linalg.det(sides)).sum() == pytest.approx(1.0)
    assert len(arrays["edges"]) == 2 * 4 * 5
    document = ask(champion, "GET", "/surface/temperature").json()
    np.testing.assert_array_equal(document["triangles"], arrays["triangles"])
    assert ask(champion, "GET", "/surface/stress").status_code == 422


def test_a_compact_surface_is_the_same_surface(ask, champion):
    headers = {"Accept": "application/x-npz"}
    plain = archive(ask(champion, "GET", "/surface/temperature", headers=headers))[1]
    about, coded = archive(ask(champion, "GET", "/surface/temperature?coding=compact", headers=headers))
    low, high = np.array(about["low"]), np.array(about["high"])
    steps = np.cumsum(coded["points"], axis=1, dtype=np.uint16).T
    np.testing.assert_allclose(low + (high - low) * steps / 65535, plain["points"], atol=1e-5)
    np.testing.assert_array_equal(np.cumsum(coded["values"]), plain["values"])
    first, second, third = coded["triangles"]
    first = np.cumsum(first)
    triangles = np.stack([first, first + second, first + third], axis=1)
    assert rows(np.sort(triangles, axis=1)) == rows(np.sort(plain["triangles"], axis=1))
    sides = [np.stack([triangles[:, j], triangles[:, (j + 1) % 3]], axis=1) for j in range(3)]
    edges = np.concatenate([one[coded["sides"] >> j & 1 == 1] for j, one in enumerate(sides)])
    edges = np.concatenate([edges, np.cumsum(coded["lines"], axis=1).T])
    assert rows(np.sort(edges, axis=1)) == rows(np.sort(plain["edges"], axis=1))


def rows(array: np.ndarray) -> list[list[int]]:
    return sorted(array.tolist())


def test_a_surface_of_fewer_corners_is_as_large_and_has_values_of_corners_that_were_there():
    side = 60
    places = np.stack([*np.mgrid[:side, :side], np.zeros((side, side))], axis=-1).reshape(-1, 3)
    corner = np.arange(side * side).reshape(side, side)[:-1, :-1].ravel()
    triangles = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + side], 1),
            np.stack([corner + 1, corner + side, corner + side + 1], 1),
        ]
    )
    none = np.empty((0, 2), dtype=np.int64)
    values = np.arange(len(places)) + 7
    whole = DrawnSurface(places, values, triangles, none, np.zeros(len(triangles), np.uint8), none)
    coarse = with_fewer_corners(whole, 1000)
    assert 400 < len(coarse.points) <= 1000
    np.testing.assert_array_equal(places[coarse.values - 7], coarse.points)
    corners = coarse.points[coarse.triangles]
    area = 0.5 * np.abs(np.linalg.det((corners[:, 1:] - corners[:, :1])[..., :2])).sum()
    assert area == pytest.approx((side - 1) ** 2, rel=0.01)
    assert with_fewer_corners(whole, 3600) is whole


def test_what_no_request_changes_is_compressed_and_not_sent_twice(ask, champion):
    path, accept = "/surface/temperature?coding=compact", {"Accept": "application/x-npz"}
    reply = ask(champion, "GET", path, headers=accept | {"Accept-Encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    plain = ask(champion, "GET", path, headers=accept | {"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    # httpx has decoded it.
    assert plain.content == reply.content
    assert reply.headers["vary"] == "Accept, Accept-Encoding"
    for other in ("/runs", "/mesh/temperature", path):
        tag = ask(champion, "GET", other, headers=accept).headers["etag"]
        again = ask(champion, "GET", other, headers=accept | {"If-None-Match": f'"x", {tag}'})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("coding=small", "'coding' must be one of 'plain' and 'compact'. Got \"small\""),
        ("corners=10", "'corners' must be a whole number of 1000 or more. Got \"10\""),
        ("corner=5000", "'corners' was meant"),
    ],
)
def test_options_of_a_surface_that_are_none_are_refused(ask, champion, options, sentence):
    reply = ask(champion, "GET", f"/surface/temperature?{options}")
    assert reply.status_code == 422
    assert sentence in reply.json()["error"]


def test_the_training_runs_are_told_with_what_was_simulated(ask, champion, surrogate: Surrogate):
    reply = ask(champion, "GET", "/runs")
    assert reply.status_code == 200
    document = reply.json()
    assert document["runs"] == 20
    heat, thickness = (
        np.array(document["parameters"][name]["values"]) for name in ("heat_flux", "thickness")
    )
    infos = surrogate.description.parameters
    assert (heat.min(), heat.max()) == (infos[0].minimum, infos[0].maximum)
    assert document["parameters"]["thickness"]["unit"] == "mm"
    # Largest at the corner (1, 1) of the plate that `train` solves.
    hottest = document["quantities"]["max(temperature)"]
    assert (hottest["unit"], hottest["times"]) == ("K", None)
    q = heat / 1e4
    np.testing.assert_allclose(hottest["values"], 300.0 + q + q**2 / thickness, rtol=1e-12)
    farthest = document["quantities"]["max(displacement.x)"]
    assert farthest["times"] == [0.0, 10.0, 20.0]
    np.testing.assert_allclose(farthest["values"], np.outer(q, [0.0, 0.1, 0.2]), atol=1e-12)
    table = ask(champion, "GET", "/runs", headers={"Accept": "text/csv"}).text.splitlines()
    assert table[0].startswith("heat_flux [W/m2],thickness [mm]")
    assert len(table) == 1 + 20 * 3


def test_the_scale_of_a_parameter_is_that_of_the_model(ask, champion, surrogate: Surrogate):
    found = ask(champion, "GET", "/runs").json()["parameters"]
    scales = {name: one["scale"] for name, one in found.items()}
    assert scales == surrogate.scales
    assert scales["heat_flux"] == "raw"


def test_shares_of_the_variance_are_those_of_the_surrogate(ask, champion, surrogate: Surrogate):
    question = {
        "quantities": [HOTTEST, {"what": "mean", "field": "displacement", "component": "x"}],
        "samples": 128,
    }
    reply = ask(champion, "POST", "/sensitivities", json=question)
    assert reply.status_code == 200, reply.text
    found = reply.json()["quantities"]
    quantities = [Quantity("max", "temperature"), Quantity("mean", "displacement", "x")]
    own = sensitivity(surrogate, quantities, n=128, seed=0)
    for quantity in quantities:
        for j, name in enumerate(("heat_flux", "thickness")):
            for share in ("first", "first_std", "total", "total_std"):
                values = found[quantity.label]["parameters"][name][share]
                np.testing.assert_allclose(values, getattr(own[quantity.label], share)[:, j])
    assert found["max(temperature)"]["times"] is None
    # The displacement x = t q a / 1e6 depends on the heat flux alone.
    by_heat = found["mean(displacement.x)"]["parameters"]["heat_flux"]["total"]
    assert by_heat[-1] == pytest.approx(1.0, abs=0.05)
    assert found["mean(displacement.x)"]["parameters"]["thickness"]["total"][-1] == pytest.approx(
        0.0, abs=0.01
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"samples": 100}, "'samples' must be among"),
        ({"parameters": {}}, "The body's keys must be among"),
        ({"quantities": [{"what": "max", "field": "stress"}]}, "must name a field of the model"),
    ],
)
def test_what_cannot_be_asked_of_sensitivities_is_refused(ask, champion, body, sentence):
    reply = ask(champion, "POST", "/sensitivities", json=body)
    assert reply.status_code == 422
    assert sentence in reply.json()["error"]
