"""Models of two families behind one endpoint: each is asked by its name, follows its own champion and is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import fieldwright as fw
from fieldwright.data.api_keys import KeyFile
from fieldwright.data.errors import ModelError
from fieldwright.serving.__main__ import models_of
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.authorization import Keys
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.champions import Champions
from fieldwright.serving.hosting.shelf import Shelf, Shelved

ROW = {"parameters": {"heat_flux": 2e4, "thickness": 4.0}}
POINT = {"points": [[0.5]], "parameters": {"a": 3.0}}


@pytest.fixture(scope="module")
def endpoint(store, promoted, solution, command, start) -> Iterator[Any]:
    solution.save(store.folder / "beam")
    store.promote(store.register(store.folder / "beam", "beam"), "beam")
    running = start([*command(), "--model", "beam"])
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(endpoint) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=endpoint.url, timeout=60, trust_env=False) as client:
        yield client


def test_each_model_answers_under_its_name(endpoint, client: httpx.Client):
    assert "Serving 'plate' version 1 and 'beam' version 1 at" in endpoint.announcement
    prediction = client.post("/models/plate/predict", json=ROW)
    assert (prediction.status_code, prediction.json()["model"]) == (200, "plate")
    assert client.post("/models/beam/solve", json=POINT).json()["equation"] == "second_order_bvp"
    assert client.get("/models/plate/mesh/temperature").status_code == 200
    with fw.Client(endpoint.url, model="plate") as one, fw.Client(endpoint.url, model="beam") as other:
        assert one.predict(ROW["parameters"], fields=["temperature"]).fields.temperature.sizes["point"] == 25
        assert other.solve([[0.5]], {"a": 3.0}).model == "beam"
        assert [about["model"] for about in other.models()] == ["beam"]


def test_a_request_that_names_no_model_is_told_of_all(client: httpx.Client):
    for path, body, sentence in (
        ("/predict", ROW, "Got /predict. Ask /models/plate/predict or /models/beam/predict"),
        ("/models/plates/predict", ROW, "Perhaps 'plate' was meant"),
    ):
        reply = client.post(path, json=body)
        assert reply.status_code == 404
        assert sentence in reply.json()["error"]
    reply = client.post("/models/beam/predict", json=ROW)
    assert reply.status_code == 422
    assert "Got 'beam', a solution of an equation" in reply.json()["error"]


def test_all_models_are_listed_described_and_ready(client: httpx.Client):
    document = client.get("/models").json()
    assert [about["model"] for about in document["models"]] == ["plate", "beam"]
    assert {name: state["served"] for name, state in document["champions"].items()} == {
        "plate": "1",
        "beam": "1",
    }
    assert client.get("/models/beam").json()["champion"]["served"] == "1"
    assert set(client.get("/readyz").json()["models"]) == {"plate", "beam"}
    assert client.get("/models/plate/readyz").json()["served"] == "1"
    assert "/models/beam/docs.json" in client.get("/docs.json").json()["info"]["description"]
    described = client.get("/models/beam/docs.json").json()
    assert described["servers"] == [{"url": "/models/beam"}]
    assert "/solve" in described["paths"]
    assert "/predict" not in described["paths"]


def test_each_model_follows_its_own_champion_and_is_counted(client: httpx.Client, store, promoted):
    client.post("/models/plate/predict", json=ROW)
    numbers = client.get("/metrics").text
    assert 'fieldwright_champion{model="plate",served="1",wanted="1"} 1.0' in numbers
    assert 'fieldwright_champion{model="beam",served="1",wanted="1"} 1.0' in numbers
    assert 'fieldwright_request_seconds_count{model="beam",route="/solve",version="1"}' in numbers
    counts = {
        name: float(next(line for line in numbers.splitlines() if line.startswith(start)).split()[-1])
        for name, start in (
            (name, f'fieldwright_queries_total{{model="{name}"}}') for name in ("plate", "beam")
        )
    }
    assert counts["plate"] > 0.0
    assert counts["beam"] > 0.0
    promoted.save(store.folder / "second")
    store.promote(store.register(store.folder / "second"))
    deadline = time.monotonic() + 60.0
    while client.post("/models/plate/predict", json=ROW).json()["version"] != "2":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert client.post("/models/beam/solve", json=POINT).json()["version"] == "1"


@pytest.fixture(scope="module")
def champions(champion: Champion, solution, tmp_path_factory: pytest.TempPathFactory) -> Champions:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    solution.save(shelf.folder / "1-a")
    shelf.point_to(Shelved("beam", "1", "1-a"))
    beam = Champion(shelf)
    beam.refresh()
    return Champions({"plate": champion, "beam": beam})


def test_a_key_for_one_study_asks_its_model_alone(champions: Champions, tmp_path: Path):
    file = KeyFile(tmp_path / "keys.json")
    key = file.add("optimiser", [], ["plate"], 0)
    app = Endpoint(champions, keys=Keys(file, *champions.names)).app()

    def send(method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                return await client.request(method, path, headers={"Authorization": f"Bearer {key}"}, **more)

        return asyncio.run(ask())

    assert send("POST", "/models/plate/predict", json=ROW).status_code == 200
    refused = send("POST", "/models/beam/solve", json=POINT)
    assert refused.status_code == 403
    assert "Got /solve of 'beam'" in refused.json()["error"]
    document = send("GET", "/models").json()
    assert [about["model"] for about in document["models"]] == ["plate"]
    assert list(document["champions"]) == ["plate"]


def test_a_model_that_is_not_loaded_leaves_the_others(
    champions: Champions, ask: Callable[..., Any], tmp_path: Path
):
    broken = Champions({**champions.by_name, "walls": Champion(Shelf(tmp_path))})
    assert ask(broken, "POST", "/models/plate/predict", json=ROW).status_code == 200
    assert ask(broken, "POST", "/models/walls/classify").status_code == 503
    assert ask(broken, "GET", "/readyz").status_code == 503
    assert ask(broken, "GET", "/models/plate/readyz").status_code == 200
    assert [about["model"] for about in ask(broken, "GET", "/models").json()["models"]] == ["plate", "beam"]


def test_stores_and_models_must_go_together():
    assert models_of(["a", "b"], ["sqlite:///x"]) == {"a": "sqlite:///x", "b": "sqlite:///x"}
    assert models_of(["a", "b"], ["x", "y"]) == {"a": "x", "b": "y"}
    with pytest.raises(ModelError, match="one tracking store for all models, or one for each"):
        models_of(["a", "b", "c"], ["x", "y"])
    with pytest.raises(ModelError, match="of different names"):
        models_of(["a", "a"], ["x", "y"])
