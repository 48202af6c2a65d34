"""What the endpoint answers, asked in process: the surrogate's own numbers, or a 4xx that names the thing."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import QueryError
from serving import blocks, limits
from serving.answer import predict
from serving.blocks import predict_in_blocks
from serving.champion import Champion
from serving.endpoint import Endpoint
from serving.query import QueryReader
from serving.shelf import Shelf, Shelved
from surrogates.surrogate import Surrogate

ROW = {"heat_flux": 2e4, "thickness": 4.0}
ROWS = [ROW, {"heat_flux": 4e4, "thickness": 2.5}, {"heat_flux": 9e4, "thickness": 4.0}]
X = np.array([[row["heat_flux"], row["thickness"]] for row in ROWS])
STATISTICS = ("mean", "std", "lower", "upper")


@pytest.fixture(scope="module")
def champion(surrogate: Surrogate, tmp_path_factory: pytest.TempPathFactory) -> Champion:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    entry = Shelved("plate", "7", "7")

    def save(into: Path) -> Path:
        surrogate.save(into / "surrogate")
        return into / "surrogate"

    shelf.put(entry, save)
    shelf.point_to(entry)
    champion = Champion(shelf)
    champion.refresh()
    return champion


def ask(champion: Champion, method: str, path: str, **request: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(Endpoint(champion).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


@pytest.fixture(scope="module")
def post(champion: Champion) -> Callable[..., httpx.Response]:
    def post(document: Any, **more: Any) -> httpx.Response:
        return ask(champion, "POST", "/predict", json=document, **more)

    return post


def refusal(reply: httpx.Response, status: int) -> str:
    """The sentence of a refusal, which is all that its body holds."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    assert list(reply.json()) == ["error"]
    return reply.json()["error"]


def test_fields_and_quantities_are_the_surrogates_own(post, surrogate: Surrogate):
    reply = post({"parameters": ROWS, "fields": ["displacement", "temperature"]})
    assert reply.status_code == 200
    answer = reply.json()
    quantities = QueryReader(surrogate.description).default_quantities
    expected = surrogate.predict(X, ["displacement", "temperature"], quantities)
    assert (answer["model"], answer["version"], answer["coverage"]) == ("plate", "7", 0.9)
    assert answer["inside"] == expected.inside.tolist() == [True, True, False]
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
        for statistic in STATISTICS:
            np.testing.assert_array_equal(
                archive[f"fields/temperature/{statistic}"], answer["fields"]["temperature"][statistic]
            )
            np.testing.assert_array_equal(
                archive[f"quantities/max(temperature)/{statistic}"],
                answer["quantities"]["max(temperature)"][statistic],
            )


def test_blocks_change_no_number(surrogate: Surrogate, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(3)
    rows = [{"heat_flux": rng.uniform(1e4, 5e4), "thickness": rng.uniform(2, 8)} for _ in range(11)]
    query = QueryReader(surrogate.description).read({"parameters": rows, "fields": ["displacement"]})
    whole = surrogate.predict(query.x, query.fields, query.quantities)
    # 25 temperatures and 150 displacements per query: four queries a block.
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 4 * 175)
    parts = predict_in_blocks(surrogate, query)
    np.testing.assert_array_equal(parts.inside, whole.inside)
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


def test_the_model_is_described(champion: Champion, surrogate: Surrogate):
    reply = ask(champion, "GET", "/models")
    assert reply.status_code == 200
    (about,) = reply.json()["models"]
    assert (about["model"], about["version"], about["device"]) == ("plate", "7", "cpu")
    heat_flux = surrogate.description.parameters[0]
    assert about["parameters"][0] == heat_flux.model_dump()
    assert about["fields"][1]["components"] == ["x", "y"]
    assert about["errors"]["temperature"] == surrogate.description.errors["temperature"]
    assert "warning" not in reply.json()


def test_the_mesh_of_a_field_is_told(champion: Champion, surrogate: Surrogate):
    points = surrogate.points("temperature")
    document = ask(champion, "GET", "/mesh/temperature").json()
    np.testing.assert_array_equal(document["points"], points)
    assert (document["version"], document["on"]) == ("7", "point")
    np.testing.assert_array_equal(document["cells"]["quad"], surrogate.cells["quad"])
    reply = ask(champion, "GET", "/mesh/temperature", headers={"Accept": "application/x-npz"})
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["points"], points)
        np.testing.assert_array_equal(archive["cells/quad"], surrogate.cells["quad"])
    assert "'stress'" in refusal(ask(champion, "GET", "/mesh/stress"), 422)


def test_the_interface_describes_itself(champion: Champion):
    document = ask(champion, "GET", "/docs.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    reply = ask(champion, "POST", "/predict", json=body["example"])
    assert reply.status_code == 200
    page = ask(champion, "GET", "/")
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text.replace("<!doctype html>", "").replace("</html>", "")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"parameters": ', "valid JSON"),
        (b"", "valid JSON"),
        (b"\xff\xfe", "valid JSON"),
        (b'{"parameters": {"heat_flux": NaN, "thickness": 4}}', "Got NaN, which JSON does not have"),
        (b'{"parameters": {"heat_flux": 1, "thickness": -Infinity}}', "Got Infinity, which JSON"),
        (b'{"parameters": {"heat_flux": 1e400, "thickness": 4}}', "infinity"),
        (b"[" * 100_000, "valid JSON"),
    ],
)
def test_broken_json_is_a_400(champion: Champion, content: bytes, says: str):
    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/predict", content=content, headers=headers)
    assert says in refusal(reply, 400)


def test_a_query_that_makes_no_sense_is_a_422(post):
    sentence = refusal(post({"parameters": {"heat_flx": 1.0, "thickness": 4}}), 422)
    assert sentence.endswith("Got \"heat_flx\". Perhaps 'heat_flux' was meant.")
    outside = {"what": "point", "field": "temperature", "at": [3.0, 0.5]}
    assert "must lie on the mesh" in refusal(post({"parameters": ROW, "quantities": [outside]}), 422)


def test_numbers_that_overflow_the_model_are_refused(post):
    sentence = refusal(post({"parameters": {"heat_flux": 1e300, "thickness": 4}}), 422)
    assert "not finite in query 0" in sentence


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/pickle"]
)
def test_other_content_types_are_a_415(champion: Champion, content_type: str):
    reply = ask(champion, "POST", "/predict", content=b"{}", headers={"Content-Type": content_type})
    assert "Content-Type: application/json" in refusal(reply, 415)


def test_a_charset_is_no_other_content_type(champion: Champion):
    headers = {"Content-Type": "application/json; charset=utf-8"}
    content = orjson.dumps({"parameters": ROW})
    assert ask(champion, "POST", "/predict", content=content, headers=headers).status_code == 200


def test_a_compressed_body_is_a_415(champion: Champion):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    reply = ask(champion, "POST", "/predict", content=b"{}", headers=headers)
    assert "must not be compressed" in refusal(reply, 415)


def test_a_body_that_says_it_is_too_large_is_not_read(champion: Champion):
    headers = {"Content-Type": "application/json", "Content-Length": str(limits.MAX_BODY_BYTES + 1)}

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    reply = ask(champion, "POST", "/predict", content=never(), headers=headers)
    assert f"at most {limits.MAX_BODY_BYTES} bytes" in refusal(reply, 413)


def test_a_body_that_turns_out_too_large_is_a_413(champion: Champion):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 2**20
            yield b" " * 2**20

    headers = {"Content-Type": "application/json"}
    assert "bytes" in refusal(ask(champion, "POST", "/predict", content=endless(), headers=headers), 413)
    assert sent <= limits.MAX_BODY_BYTES + 2**20


def test_a_body_that_does_not_arrive_is_a_408(champion: Champion, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("serving.body.BODY_SECONDS", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield b'{"parameters"'
        await asyncio.sleep(30)

    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/predict", content=stalled(), headers=headers)
    assert "13 bytes of it" in refusal(reply, 408)


def test_a_wrong_method_is_a_405(champion: Champion):
    reply = ask(champion, "GET", "/predict")
    assert refusal(reply, 405) == "/predict must be asked with POST. Got GET."
    assert reply.headers["allow"] == "POST"
    sentence = refusal(ask(champion, "DELETE", "/models"), 405)
    assert sentence == "/models must be asked with GET or HEAD. Got DELETE."


def test_an_unknown_path_is_a_404(champion: Champion):
    assert "POST /predict, GET /models" in refusal(ask(champion, "GET", "/prediction"), 404)


def test_without_a_model_the_reason_is_a_503(tmp_path: Path):
    empty = Champion(Shelf(tmp_path))
    for method, path in (("GET", "/models"), ("GET", "/docs.json")):
        assert "No model has been put into" in refusal(ask(empty, method, path), 503)
    assert "No model" in refusal(ask(empty, "POST", "/predict", json={"parameters": ROW}), 503)


def test_a_defect_is_a_500_without_its_traceback(champion: Champion, caplog: pytest.LogCaptureFixture):
    broken = Champion(Shelf(Path("nowhere")))
    assert champion.current is not None
    broken.current = replace(champion.current, surrogate=None)  # pyright: ignore[reportArgumentType]
    sentence = refusal(ask(broken, "GET", "/models"), 500)
    assert "NoneType" not in sentence
    reference = sentence.split()[-1].rstrip(".")
    assert any(reference in record.message and record.exc_info for record in caplog.records)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_body_makes_it_fail(champion: Champion, content: bytes):
    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/predict", content=content, headers=headers)
    assert reply.status_code in (400, 422)


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


def test_what_would_take_too_long_is_refused_at_once(champion: Champion):
    assert champion.current is not None
    slow = replace(champion.current, seconds_per_query=1.0)
    assert len(slow.read({"parameters": [ROW] * 10}).x) == 10
    with pytest.raises(QueryError, match="Got 100 queries for an estimated 100 s"):
        slow.read({"parameters": [ROW] * 100})


def test_predictions_that_are_not_finite_are_no_answer(champion: Champion):
    assert champion.current is not None
    query = champion.current.reader.read({"parameters": {"heat_flux": 1e300, "thickness": 4.0}})
    with pytest.raises(QueryError, match="where the model can still compute"):
        predict(champion.current, query)
