"""Small questions that arrive together are answered together, each as if it had come alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import numpy as np
import pytest

from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.fields.served import Served
from fieldwright.serving.hosting.champion import Champion

ROWS = [{"heat_flux": 1e4 + 1e3 * i, "thickness": 2.0 + 0.1 * i} for i in range(30)]
HOTTEST = [{"what": "max", "field": "temperature"}]


def together(champion: Champion, documents: list[dict]) -> list[httpx.Response]:
    """Asked all at once over one application."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(Endpoint(champion).app())
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", timeout=None
        ) as client:
            return await asyncio.gather(*(client.post("/predict", json=document) for document in documents))

    return asyncio.run(ask())


@pytest.fixture
def batches(champion: Champion, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of queries of each call of the model."""
    sizes: list[int] = []
    predict: Callable = Served.predict

    def counted(served, query):
        sizes.append(len(query.x))
        return predict(served, query)

    monkeypatch.setattr(Served, "predict", counted)
    return sizes


def test_each_has_the_answer_that_it_has_alone(champion: Champion, post, batches: list[int]):
    documents = [
        {"parameters": row, "band": band} | asked
        for row in ROWS
        for band in ("pointwise", "simultaneous")
        for asked in ({}, {"quantities": HOTTEST})
    ]
    replies = together(champion, documents)
    assert sum(batches) == len(documents)
    assert len(batches) < len(documents) / 2
    for document, reply in zip(documents, replies, strict=True):
        alone, answer = post(document).json(), reply.json()
        for label, band in alone["quantities"].items():
            for statistic in ("mean", "std", "lower", "upper"):
                np.testing.assert_allclose(
                    answer["quantities"][label][statistic], band[statistic], rtol=1e-9, atol=1e-12
                )
        np.testing.assert_allclose(answer["outside"], alone["outside"], rtol=1e-9)
        assert answer["why"] == alone["why"]


def test_one_that_is_refused_spoils_no_other(champion: Champion):
    far = {"heat_flux": 1e300, "thickness": 4.0}
    documents = [{"parameters": row} for row in (*ROWS[:5], far, *ROWS[5:10])]
    statuses = [reply.status_code for reply in together(champion, documents)]
    assert statuses == [200] * 5 + [422] + [200] * 5


def test_queries_outside_are_refused_where_that_is_asked_for(champion: Champion):
    far = {"heat_flux": 9e4, "thickness": 4.0}
    answered, refused, inside = together(
        champion,
        [
            {"parameters": far},
            {"parameters": far, "outside": "refuse"},
            {"parameters": ROWS[15], "outside": "refuse"},
        ],
    )
    assert (answered.status_code, refused.status_code, inside.status_code) == (200, 422, 200)
    assert answered.json()["inside"] == [False]
    assert "query 0 outside: 'heat_flux' = 90000 lies beyond its range" in refused.json()["error"]
