"""What requests cost is counted from what they ask for, and decides who waits for whom."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from fieldwright.data.errors import QueryError
from fieldwright.serving import limits
from fieldwright.serving.cost import Cost
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.fields.served import Served, load_served
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.torch_operations import FLOPS_PER_OPERATION, counted_operations
from fieldwright.surrogates.fields.surrogate import Surrogate

ROW = {"heat_flux": 2e4, "thickness": 4.0}
HOTTEST = [{"what": "max", "field": "temperature"}]
PLACE = [{"what": "point", "field": "temperature", "at": [0.3, 0.6]}]


@pytest.fixture(scope="module")
def served(champion: Champion) -> Served:
    assert isinstance(champion.current, Served)
    return champion.current


def operations(served: Served, **document: Any) -> float:
    return served.cost(served.reader.read({"parameters": ROW} | document)).operations


def test_the_same_model_costs_the_same_at_every_load(served: Served, surrogate: Surrogate, tmp_path: Path):
    surrogate.save(tmp_path / "again")
    again = load_served(Shelved("plate", "8", "8"), tmp_path / "again")
    for document in ({}, {"quantities": HOTTEST}, {"fields": ["displacement"]}):
        assert operations(again, **document) == operations(served, **document)


def test_a_cost_grows_with_all_that_is_asked(served: Served):
    one = operations(served, quantities=HOTTEST)
    assert one < operations(served)
    assert operations(served, fields=["temperature"], quantities=HOTTEST) > one
    # All but what is done once for a request grows with its queries.
    ten, hundred = (operations(served, quantities=HOTTEST, parameters=[ROW] * n) for n in (10, 100))
    assert hundred - ten == pytest.approx(90 * (ten - one) / 9)
    moved = [
        {"what": "mean", "field": "displacement", "component": component} for component in ("x", "magnitude")
    ]
    weights, whole = (operations(served, quantities=[quantity]) for quantity in moved)
    assert weights < whole, "what is read off latent coordinates is priced like what needs the field"


def test_times_count(served: Served):
    def at_times(times: int, **document: Any) -> Cost:
        query = served.reader.read({"parameters": ROW, "quantities": []} | document)
        return served.cost(replace(query, times=tuple(np.linspace(0.0, 20.0, times).tolist())))

    many = at_times(20_000, fields=["displacement"])
    assert many.values == 20_000 * 25 * 2
    assert not many.inline
    with pytest.raises(QueryError, match=r"times counted\. Got one query: 5000000 values\. Ask for fewer"):
        at_times(100_000, fields=["displacement"]).check("one query", "Ask for fewer")
    mean = [{"what": "mean", "field": "displacement", "component": "x"}]
    assert not at_times(300_000, quantities=mean).small


def test_many_queries_for_one_number_are_answered(post, served: Served):
    reply = post({"parameters": [ROW] * limits.MAX_QUERIES, "quantities": HOTTEST})
    assert reply.status_code == 200
    assert reply.json()["quantities"]["max(temperature)"]["shape"] == [limits.MAX_QUERIES]
    assert served.cost(served.reader.read({"parameters": ROW})).inline


def test_a_place_on_a_new_mesh_counts_its_triangulation(surrogate: Surrogate, tmp_path: Path):
    surrogate.save(tmp_path / "new")
    new = load_served(Shelved("plate", "9", "9"), tmp_path / "new")
    before = operations(new, quantities=PLACE)
    new.predict(new.reader.read({"parameters": ROW, "quantities": PLACE}))
    assert operations(new, quantities=PLACE) < before


def test_a_hundred_who_ask_at_once_for_one_number_are_all_answered(
    champion: Champion, monkeypatch: pytest.MonkeyPatch
):
    """None of them is answered in the event loop, and none before all of them wait."""
    monkeypatch.setattr("fieldwright.serving.cost.INLINE_OPERATIONS", 0)
    endpoint, free = Endpoint(champion), threading.Event()

    async def all_at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(endpoint.app())
        endpoint._small.submit(free.wait)
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint", timeout=None) as client:
            asked = [
                asyncio.ensure_future(
                    client.post("/predict", json={"parameters": ROW, "quantities": HOTTEST})
                )
                for _ in range(100)
            ]
            while endpoint._waiting[True] < 100 and not any(one.done() for one in asked):
                await asyncio.sleep(0)
            free.set()
            return await asyncio.gather(*asked)

    try:
        replies = asyncio.run(all_at_once())
    finally:
        free.set()
    assert [reply.status_code for reply in replies] == [200] * 100


def test_small_ones_do_not_wait_for_a_large_one(champion: Champion, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fieldwright.serving.cost.INLINE_OPERATIONS", 0)
    endpoint, free = Endpoint(champion), threading.Event()

    async def beside_a_large_one() -> httpx.Response:
        endpoint._large.submit(free.wait)
        transport = httpx.ASGITransport(endpoint.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint", timeout=None) as client:
            return await client.post("/predict", json={"parameters": ROW})

    try:
        assert asyncio.run(beside_a_large_one()).status_code == 200
    finally:
        free.set()


def test_networks_are_counted_by_their_products():
    first, second = torch.ones(7, 50), torch.ones(50, 30)
    assert counted_operations(lambda: first @ second) == 2 * 7 * 50 * 30 / FLOPS_PER_OPERATION
    x = torch.ones(7, 50, requires_grad=True)
    forward = counted_operations(lambda: torch.tanh(x @ second))
    backward = counted_operations(lambda: torch.autograd.grad(torch.tanh(x @ second).sum(), x))
    assert backward > 2.0 * forward * 0.9
