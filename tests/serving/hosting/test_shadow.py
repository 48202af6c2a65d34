"""The challenger beside the champion: asked on request, recorded, and in nobody's way, whatever it does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from fieldwright.data.prediction_log import predictions_folder, read_predictions
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.fields.served import Served
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.serving.metrics import Metrics
from fieldwright.serving.observation.prediction_writer import PredictionWriter
from fieldwright.serving.observation.shadow import MOST_WAITING, Shadow
from fieldwright.surrogates.fields.surrogate import Surrogate

ROWS = [{"heat_flux": 2e4, "thickness": 4.0}, {"heat_flux": 5e4, "thickness": 5.0}]
HOTTEST = {"what": "max", "field": "temperature"}
LABEL = "max(temperature)"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def shelf(promoted: Surrogate, tmp_path: Path) -> Shelf:
    """Where version 8, which predicts 100 K more, lies as the challenger."""
    shelf = Shelf(tmp_path / "shelf").of_challenger()

    def save(into: Path) -> Path:
        promoted.save(into / "surrogate")
        return into / "surrogate"

    entry = Shelved("plate", "8", "8")
    shelf.put(entry, save)
    shelf.point_to(entry)
    return shelf


Ask = Callable[..., list[httpx.Response]]


@pytest.fixture
def ask(champion: Champion) -> Ask:
    def ask(metrics: Metrics, shadow: Shadow, *documents: dict[str, Any]) -> list[httpx.Response]:
        async def send() -> list[httpx.Response]:
            app = Endpoint(champion, metrics, predictions=shadow._predictions, shadow=shadow).app()
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                return [await client.post("/predict", json=document) for document in documents]

        return asyncio.run(send())

    return ask


def made(shelf: Shelf, share: float = 1.0) -> tuple[Metrics, PredictionWriter, Shadow]:
    metrics = Metrics(models=("plate",))
    writer = PredictionWriter(0.0, metrics.rows)
    return metrics, writer, Shadow(share, {"plate": shelf}, metrics, writer)


def drained(shadow: Shadow) -> None:
    while shadow._waiting:
        shadow.answer(shadow._waiting.popleft())


def number(metrics: Metrics, champion: Champion, name: str) -> float:
    lines = metrics.exposition(champion.state()).decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_both_answers_stand_in_the_log_as_pairs_and_in_the_numbers(
    shelf: Shelf, ask: Ask, champion: Champion, promoted: Surrogate
) -> None:
    metrics, writer, shadow = made(shelf)
    shadow.refresh()
    (reply,) = ask(metrics, shadow, {"parameters": ROWS, "quantities": [HOTTEST]})
    assert reply.json()["version"] == "7"
    drained(shadow)
    writer.write()
    table = read_predictions(predictions_folder("plate"))
    assert table["version"].tolist() == ["7", "7", "8", "8"]
    assert table["pair"].tolist() == 2 * [f"{reply.headers['x-request-id']}/{row}" for row in range(2)]
    means = table[f"quantities.{LABEL}.mean"].to_numpy()
    assert means[:2] == pytest.approx(reply.json()["quantities"][LABEL]["mean"])
    assert means[2:] - means[:2] == pytest.approx([100.0, 100.0], rel=0.05)
    assert number(metrics, champion, 'fieldwright_shadow_queries_total{model="plate"}') == 2
    assert number(metrics, champion, 'fieldwright_shadow_outside_band_total{model="plate"}') == 2
    assert number(metrics, champion, 'fieldwright_shadow_difference_count{model="plate"}') == 2
    assert number(metrics, champion, 'fieldwright_shadow_failures_total{model="plate"}') == 0


def test_without_a_share_or_a_challenger_nothing_is_asked(shelf: Shelf, ask: Ask, champion: Champion) -> None:
    metrics, _, shadow = made(shelf, share=0.0)
    shadow.refresh()
    ask(metrics, shadow, {"parameters": ROWS, "quantities": [HOTTEST]})
    assert not shadow._waiting
    metrics, _, shadow = made(shelf)
    shelf.pointer.unlink()
    shadow.refresh()
    ask(metrics, shadow, {"parameters": ROWS, "quantities": [HOTTEST]})
    drained(shadow)
    assert number(metrics, champion, "fieldwright_shadow_queries_total") == 0


def test_a_challenger_that_fails_or_does_not_load_fails_no_answer(
    shelf: Shelf, ask: Ask, champion: Champion, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics, writer, shadow = made(shelf)
    shadow.refresh()

    def broken(self: Served, query: object) -> object:
        raise RuntimeError("broken")

    question = {"parameters": ROWS, "quantities": [HOTTEST]}
    (reply,) = ask(metrics, shadow, question)
    with monkeypatch.context() as patch:
        patch.setattr(Served, "predict", broken)
        drained(shadow)
    writer.write()
    assert reply.status_code == 200
    assert number(metrics, champion, "fieldwright_shadow_failures_total") == 2
    assert not predictions_folder("plate").exists() or read_predictions(predictions_folder("plate")).empty

    arrays = shelf.path(shelf.versions()[0]) / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-8])
    metrics, _, shadow = made(shelf)
    shadow.refresh()
    (reply,) = ask(metrics, shadow, question)
    drained(shadow)
    assert reply.status_code == 200
    assert number(metrics, champion, "fieldwright_shadow_queries_total") == 0


def test_a_slow_challenger_delays_no_answer_and_what_is_too_much_is_dropped(
    shelf: Shelf, ask: Ask, champion: Champion, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics, _, shadow = made(shelf)
    shadow.refresh()
    challenger = shadow._challengers["plate"]
    asked = []

    class Slow:
        version, description = challenger.version, challenger.description

        def predict(self, query: object) -> object:
            asked.append(query)
            time.sleep(60.0)
            raise AssertionError("nobody waits so long")

    monkeypatch.setattr(shadow, "refresh", lambda: None)
    shadow._challengers["plate"] = Slow()
    shadow.start()
    question = {"parameters": ROWS, "quantities": [HOTTEST]}
    replies = ask(metrics, shadow, *[question] * (MOST_WAITING + 20))
    shadow.stop()
    assert {reply.status_code for reply in replies} == {200}
    assert len(asked) == 1
    assert len(shadow._waiting) == MOST_WAITING


def test_parameters_in_another_order_are_asked_by_name(shelf: Shelf, ask: Ask) -> None:
    metrics, _, shadow = made(shelf)
    shadow.refresh()
    ask(metrics, shadow, {"parameters": ROWS, "quantities": [HOTTEST]})
    challenger = shadow._challengers["plate"]
    queries = []

    class Turned:
        version = "9"
        description = challenger.description.model_copy(
            update={"parameters": tuple(reversed(challenger.description.parameters))}
        )

        def predict(self, query: Any) -> object:
            queries.append(query)
            return challenger.predict(replace(query, x=query.x[:, ::-1]))

    shadow._challengers["plate"] = Turned()
    drained(shadow)
    (query,) = queries
    assert np.array_equal(query.x, [[row["thickness"], row["heat_flux"]] for row in ROWS])


@pytest.mark.slow
def test_a_running_endpoint_asks_the_challenger_of_the_registry(
    command, start, store, promoted: Surrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    promoted.save(tmp_path / "second")
    newer = store.register(tmp_path / "second")
    client = MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)
    client.set_registered_model_alias("plate", "challenger", newer)
    home = tmp_path / "home"
    endpoint = start(command("plate", None, home, "--shadow", "1.0"))

    def numbers() -> dict[str, float]:
        lines = httpx.get(f"{endpoint.url}/metrics", timeout=60).text.splitlines()
        return {
            line.split("{")[0]: float(line.split()[-1])
            for line in lines
            if line.startswith("fieldwright_shadow_")
        }

    try:
        deadline = time.monotonic() + 120.0
        while numbers().get("fieldwright_shadow_queries_total", 0.0) < 1.0:
            assert time.monotonic() < deadline, "".join(endpoint.log)
            reply = httpx.post(
                f"{endpoint.url}/predict", json={"parameters": ROWS, "quantities": [HOTTEST]}, timeout=60
            )
            assert (reply.status_code, reply.json()["version"]) == (200, "1")
            time.sleep(0.2)
        # One that is a challenger no more is asked no more.
        client.delete_registered_model_alias("plate", "challenger")
        shelf = home / "served" / "plate"
        while list(shelf.glob("challenger-*.json")):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        assert endpoint.stop() == 0
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(home))
    table = read_predictions(predictions_folder("plate"))
    assert set(table["version"]) == {"1", newer}
    assert (table.groupby("pair").size() == 2).all()
