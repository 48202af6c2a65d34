"""What the endpoint answers, asked in process: the numbers of the surrogate itself, and its description."""

from __future__ import annotations

import asyncio
import io
import json

import httpx
import numpy as np
import pytest

from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.fields.query import QueryReader
from fieldwright.serving.fields.served import answer_of
from fieldwright.serving.hosting.champion import Champion
from fieldwright.surrogates.fields.answers import blocks
from fieldwright.surrogates.fields.surrogate import Surrogate

ROW = {"heat_flux": 2e4, "thickness": 4.0}
ROWS = [ROW, {"heat_flux": 4e4, "thickness": 2.5}, {"heat_flux": 9e4, "thickness": 4.0}]
X = np.array([[row["heat_flux"], row["thickness"]] for row in ROWS])
STATISTICS = ("mean", "std", "lower", "upper")


def test_fields_and_quantities_are_the_surrogates_own(post, surrogate: Surrogate):
    reply = post({"parameters": ROWS, "fields": ["displacement", "temperature"]})
    assert reply.status_code == 200
    answer = reply.json()
    quantities = QueryReader(surrogate.description).default_quantities
    expected = surrogate.predict(X, ["displacement", "temperature"], quantities)
    assert (answer["model"], answer["version"], answer["coverage"]) == ("plate", "7", 0.9)
    assert answer["inside"] == expected.inside.tolist() == [True, True, False]
    assert answer["outside"] == expected.outside.tolist()
    assert answer["why"][:2] == [None, None]
    assert "'heat_flux' = 90000 lies beyond its range" in answer["why"][2]
    assert answer["band"] == "pointwise"
    assert answer["fields"].keys() == expected.fields.keys()
    assert answer["quantities"].keys() == expected.quantities.keys()
    for group, bands in (("fields", expected.fields), ("quantities", expected.quantities)):
        for name, band in bands.items():
            assert answer[group][name]["shape"] == list(band.mean.shape)
            for statistic in STATISTICS:
                np.testing.assert_array_equal(answer[group][name][statistic], getattr(band, statistic))
    assert (
        answer["fields"]["displacement"] | {"unit": "mm", "times": [0.0, 10.0, 20.0]}
        == (answer["fields"]["displacement"])
    )
    assert answer["fields"]["displacement"]["shape"] == [3, 3, 25, 2]
    assert answer["quantities"]["max(temperature)"]["unit"] == "K"


def test_one_query_is_the_first_of_many(post):
    asked = {"quantities": [{"what": "point", "field": "temperature", "at": [0.3, 0.6]}]}
    one, many = post({"parameters": ROW} | asked).json(), post({"parameters": ROWS} | asked).json()
    label = "point(temperature, 0.3, 0.6)"
    assert one["quantities"][label]["shape"] == [1]
    assert one["quantities"][label]["mean"][0] == pytest.approx(
        many["quantities"][label]["mean"][0], rel=1e-12
    )


def test_simultaneous_bands_are_answered_where_they_are_asked_for(post, surrogate: Surrogate):
    document = {"parameters": ROWS, "fields": ["displacement"]}
    answer = post(document | {"band": "simultaneous"}).json()
    assert answer["band"] == "simultaneous"
    expected = surrogate.predict(X, ["displacement"], simultaneous=True).fields["displacement"]
    np.testing.assert_array_equal(answer["fields"]["displacement"]["upper"], expected.upper)
    assert (expected.upper > surrogate.predict(X).fields["displacement"].upper).any()


def test_another_band_is_refused(post):
    reply = post({"parameters": ROW, "band": "simultanous"})
    assert reply.status_code == 422
    assert "'band' must be among 'pointwise' and 'simultaneous'" in reply.json()["error"]
    assert "Perhaps 'simultaneous' was meant" in reply.json()["error"]


def test_no_quantities_may_be_asked_for(post):
    answer = post({"parameters": ROW, "quantities": []}).json()
    assert answer["quantities"] == answer["fields"] == {}
    assert answer["inside"] == [True]


def test_the_archive_holds_the_same_numbers(post):
    document = {"parameters": ROWS, "fields": ["temperature"]}
    reply = post(document, headers={"Accept": "application/x-npz"})
    assert reply.headers["content-type"] == "application/x-npz"
    answer = post(document).json()
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        about = json.loads(str(archive["about"]))
        assert about["version"] == "7"
        assert about["fields"]["temperature"]["unit"] == "K"
        np.testing.assert_array_equal(archive["inside"], answer["inside"])
        np.testing.assert_array_equal(archive["outside"], answer["outside"])
        assert about["why"] == answer["why"]
        for statistic in STATISTICS:
            np.testing.assert_array_equal(
                archive[f"fields/temperature/{statistic}"], answer["fields"]["temperature"][statistic]
            )
            np.testing.assert_array_equal(
                archive[f"quantities/max(temperature)/{statistic}"],
                answer["quantities"]["max(temperature)"][statistic],
            )


def test_times_are_of_transient_fields_and_change_nothing_of_steady_ones(ask, champion):
    body = {
        "parameters": {"heat_flux": 2e4, "thickness": 4.0},
        "fields": ["temperature", "displacement"],
        "quantities": ["max(temperature)", "max(displacement.x)"],
    }
    trained = ask(champion, "POST", "/predict", json=body).json()
    asked = ask(champion, "POST", "/predict", json=body | {"times": [20.0, 5.0]}).json()
    assert asked["fields"]["temperature"] == trained["fields"]["temperature"]
    assert asked["quantities"]["max(temperature)"] == trained["quantities"]["max(temperature)"]
    for answer, before in (
        (asked["fields"]["displacement"], trained["fields"]["displacement"]),
        (asked["quantities"]["max(displacement.x)"], trained["quantities"]["max(displacement.x)"]),
    ):
        assert answer["times"] == [20.0, 5.0]
        # The trained times are 0, 10 and 20.
        np.testing.assert_allclose(np.array(answer["mean"])[:, 0], np.array(before["mean"])[:, 2], rtol=1e-12)
    only = body | {"fields": ["temperature"], "quantities": ["max(temperature)"], "times": [5.0]}
    steady = ask(champion, "POST", "/predict", json=only).json()
    assert steady["fields"]["temperature"] == trained["fields"]["temperature"]
    table = ask(
        champion,
        "POST",
        "/predict",
        json=body | {"times": [20.0, 5.0], "fields": []},
        headers={"Accept": "text/csv"},
    )
    assert table.status_code == 200, table.text
    assert table.text.count("\n") > 1


@pytest.mark.parametrize("times", [None, [19.6, 5e-324, 11.3]])
def test_a_query_so_far_off_that_numbers_overflow_is_answered_or_refused(ask, champion, times):
    body = {
        "parameters": {"heat_flux": 7.4e307, "thickness": 415.0},
        "fields": ["displacement", "temperature"],
    }
    reply = ask(champion, "POST", "/predict", json=body | ({} if times is None else {"times": times}))
    assert reply.status_code in (200, 422), reply.text
    if reply.status_code == 200:
        assert reply.json()["inside"] == [False]


def test_blocks_change_no_number(surrogate: Surrogate, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(3)
    rows = [{"heat_flux": rng.uniform(1e4, 5e4), "thickness": rng.uniform(2, 8)} for _ in range(11)]
    query = QueryReader(surrogate.description).read({"parameters": rows, "fields": ["displacement"]})
    whole = surrogate.predict(query.x, query.fields, query.quantities)
    # 25 temperatures and 150 displacements per query: four queries a block.
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 4 * 175)
    parts = answer_of(surrogate, query)
    np.testing.assert_array_equal(parts.inside, whole.inside)
    np.testing.assert_allclose(parts.outside, whole.outside)
    assert parts.why == whole.why
    for statistic in STATISTICS:
        for name in whole.quantities:
            np.testing.assert_allclose(
                getattr(parts.quantities[name], statistic),
                getattr(whole.quantities[name], statistic),
                rtol=1e-10,
                atol=1e-12,
            )
        np.testing.assert_allclose(
            getattr(parts.fields["displacement"], statistic),
            getattr(whole.fields["displacement"], statistic),
            rtol=1e-10,
            atol=1e-12,
        )


def test_the_model_is_described(ask, champion: Champion, surrogate: Surrogate):
    reply = ask(champion, "GET", "/models")
    assert reply.status_code == 200
    (about,) = reply.json()["models"]
    assert (about["model"], about["version"], about["device"]) == ("plate", "7", "cpu")
    heat_flux = surrogate.description.parameters[0]
    assert about["parameters"][0] == heat_flux.model_dump()
    assert about["fields"][1]["components"] == ["x", "y"]
    assert about["errors"]["temperature"] == surrogate.description.errors["temperature"]
    assert "warning" not in reply.json()


def test_the_mesh_of_a_field_is_told(ask, champion: Champion, surrogate: Surrogate):
    points = surrogate.points("temperature")
    document = ask(champion, "GET", "/mesh/temperature").json()
    np.testing.assert_array_equal(document["points"], points)
    assert (document["version"], document["on"]) == ("7", "point")
    np.testing.assert_array_equal(document["cells"]["quad"], surrogate.cells["quad"])
    reply = ask(champion, "GET", "/mesh/temperature", headers={"Accept": "application/x-npz"})
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["points"], points)
        np.testing.assert_array_equal(archive["cells/quad"], surrogate.cells["quad"])


def test_the_interface_describes_itself(ask, champion: Champion):
    document = ask(champion, "GET", "/docs.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    reply = ask(champion, "POST", "/predict", json=body["example"])
    assert reply.status_code == 200
    page = ask(champion, "GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text.replace("<!doctype html>", "").replace("</html>", "")


def test_a_small_question_is_answered_while_a_large_one_is_computed(champion: Champion):
    order: list[int] = []

    async def both() -> None:
        transport = httpx.ASGITransport(Endpoint(champion).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint", timeout=60) as client:

            async def count(queries: int) -> None:
                reply = await client.post("/predict", json={"parameters": [ROW] * queries})
                order.append(len(reply.json()["inside"]))

            # The large one is taken up first; were it computed in the event loop, it would also end first.
            await asyncio.gather(count(10_000), count(1))

    asyncio.run(both())
    assert order == [1, 10_000]
