"""What the endpoint refuses, asked in process: each time one sentence that names the thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import QueryError
from fieldwright.serving import body, limits
from fieldwright.serving.cost import Cost
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf

ROW = {"heat_flux": 2e4, "thickness": 4.0}


def refusal(reply: httpx.Response, status: int) -> str:
    """The sentence of a refusal, which is all that its body holds."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    assert set(reply.json()) == {"error", "request_id"}
    return reply.json()["error"]


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
        (b'{"parameters": {"heat_flux": 1, "thickness": 4, "heat_flux": 2}}', 'Got "heat_flux" twice'),
        (b'{"band": "a:b", "fields": [], "f\\u0069elds": []}', 'Got "fields" twice'),
    ],
)
def test_broken_json_is_a_400(ask, champion: Champion, content: bytes, says: str):
    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/predict", content=content, headers=headers)
    assert says in refusal(reply, 400)


def test_colons_and_escapes_are_no_repeated_keys(ask, champion: Champion):
    content = rb'{"parameters": {"heat_flux": 2e4, "thickness": 4}, "band": "a:\u003a:"}'
    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/predict", content=content, headers=headers)
    assert 'Got "a:::"' in refusal(reply, 422)


def test_a_query_that_makes_no_sense_is_a_422(post):
    sentence = refusal(post({"parameters": {"heat_flx": 1.0, "thickness": 4}}), 422)
    assert sentence.endswith("Got \"heat_flx\". Perhaps 'heat_flux' was meant.")
    outside = {"what": "point", "field": "temperature", "at": [3.0, 0.5]}
    assert "must lie on the mesh" in refusal(post({"parameters": ROW, "quantities": [outside]}), 422)


def test_a_field_that_is_not_there_has_no_mesh(ask, champion: Champion):
    assert "'stress'" in refusal(ask(champion, "GET", "/mesh/stress"), 422)


def test_numbers_that_overflow_the_model_are_refused(post):
    sentence = refusal(post({"parameters": {"heat_flux": 1e300, "thickness": 4}}), 422)
    assert "not finite in query 0" in sentence


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/pickle"]
)
def test_other_content_types_are_a_415(ask, champion: Champion, content_type: str):
    reply = ask(champion, "POST", "/predict", content=b"{}", headers={"Content-Type": content_type})
    assert "Content-Type: application/json" in refusal(reply, 415)


def test_a_charset_is_no_other_content_type(ask, champion: Champion):
    headers = {"Content-Type": "application/json; charset=utf-8"}
    content = orjson.dumps({"parameters": ROW})
    assert ask(champion, "POST", "/predict", content=content, headers=headers).status_code == 200


def test_a_compressed_body_is_a_415(ask, champion: Champion):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    reply = ask(champion, "POST", "/predict", content=b"{}", headers=headers)
    assert "must not be compressed" in refusal(reply, 415)


def test_a_body_that_says_it_is_too_large_is_not_read(ask, champion: Champion):
    headers = {"Content-Type": "application/json", "Content-Length": str(limits.MAX_BODY_BYTES + 1)}

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    reply = ask(champion, "POST", "/predict", content=never(), headers=headers)
    assert f"at most {limits.MAX_BODY_BYTES} bytes" in refusal(reply, 413)


def test_a_body_that_turns_out_too_large_is_a_413(ask, champion: Champion):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 2**20
            yield b" " * 2**20

    headers = {"Content-Type": "application/json"}
    assert "bytes" in refusal(ask(champion, "POST", "/predict", content=endless(), headers=headers), 413)
    assert sent <= limits.MAX_BODY_BYTES + 2**20


def test_a_body_that_does_not_arrive_is_a_408(ask, champion: Champion, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(body, "JSON_BODY", replace(body.JSON_BODY, seconds=0.05))

    async def stalled() -> AsyncIterator[bytes]:
        yield b'{"parameters"'
        await asyncio.sleep(30)

    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/predict", content=stalled(), headers=headers)
    assert "13 bytes of it" in refusal(reply, 408)


def test_a_wrong_method_is_a_405(ask, champion: Champion):
    reply = ask(champion, "GET", "/predict")
    assert refusal(reply, 405) == "/predict must be asked with POST. Got GET."
    assert reply.headers["allow"] == "POST"
    sentence = refusal(ask(champion, "DELETE", "/models"), 405)
    assert sentence == "/models must be asked with GET or HEAD. Got DELETE."


def test_an_unknown_path_is_a_404(ask, champion: Champion):
    sentence = refusal(ask(champion, "GET", "/prediction"), 404)
    assert all(route in sentence for route in ("POST /predict", "POST /segment", "GET /models"))


def test_without_a_model_the_reason_is_a_503(ask, tmp_path: Path):
    empty = Champion(Shelf(tmp_path))
    for method, path in (("GET", "/models"), ("GET", "/docs.json")):
        assert "No model has been put into" in refusal(ask(empty, method, path), 503)
    assert "No model" in refusal(ask(empty, "POST", "/predict", json={"parameters": ROW}), 503)


def test_a_defect_is_a_500_without_its_traceback(ask, champion: Champion, caplog: pytest.LogCaptureFixture):
    broken = Champion(Shelf(Path("nowhere")))
    assert champion.current is not None
    broken.current = replace(champion.current, surrogate=None)  # pyright: ignore[reportArgumentType]
    sentence = refusal(ask(broken, "GET", "/models"), 500)
    assert "NoneType" not in sentence
    reference = sentence.split()[-1].rstrip(".")
    assert any(reference in record.message and record.exc_info for record in caplog.records)


@settings(max_examples=30)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_body_makes_it_fail(ask, champion: Champion, content: bytes):
    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/predict", content=content, headers=headers)
    assert reply.status_code in (400, 422)


def test_what_would_take_too_long_is_refused_at_once(champion: Champion):
    assert champion.current is not None
    slow = replace(champion.current, cost=lambda query: Cost(1e9 * len(query.x)))
    assert len(slow.read({"parameters": [ROW] * 10}).x) == 10
    with pytest.raises(QueryError, match=r"Got 100 queries for 12 quantities and 0 fields: some 1\.0e\+11"):
        slow.read({"parameters": [ROW] * 100})
