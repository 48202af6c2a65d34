"""The Python client: what it asks of an endpoint on loopback, what it makes of answers, and when it asks again."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

import fieldwright as fw
from fieldwright.data.api_keys import KeyFile
from fieldwright.library.client.failures import AccessRefused, EndpointUnavailable, QuestionRefused
from fieldwright.library.client.retries import Retries
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.authorization import Keys
from fieldwright.serving.hosting.champion import Champion
from fieldwright.surrogates.fields.surrogate import Surrogate

ROWS = [{"heat_flux": 2e4, "thickness": 4.0}, {"heat_flux": 9e4, "thickness": 4.0}]
TABLE = pd.DataFrame(ROWS)


@pytest.fixture(scope="module")
def url(champion: Champion, listening) -> Iterator[str]:
    with listening(Endpoint(champion).app()) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[fw.Client]:
    with fw.Client(url) as client:
        yield client


def asynchronously(url: str, ask: Callable[[fw.AsyncClient], Any]) -> Any:
    async def run() -> Any:
        async with fw.AsyncClient(url) as client:
            return await ask(client)

    return asyncio.run(run())


def test_both_clients_have_the_same_methods():
    for name, method in inspect.getmembers(fw.Client, inspect.isfunction):
        if not name.startswith("_"):
            other = getattr(fw.AsyncClient, name)
            assert inspect.signature(other) == inspect.signature(method)
            assert inspect.getdoc(other) == inspect.getdoc(method)


@pytest.mark.parametrize("parameters", [ROWS, TABLE, TABLE.astype(int)], ids=["list", "table", "integers"])
def test_a_prediction_is_a_table_and_a_dataset(
    url: str, client: fw.Client, surrogate: Surrogate, parameters: Any
):
    question: dict[str, Any] = {
        "fields": ["temperature", "displacement"],
        "quantities": ["max(temperature)", {"what": "point", "field": "temperature", "at": [0.5, 0.25]}],
    }
    answer = client.predict(parameters, **question)
    truth = surrogate.predict(TABLE.to_numpy(), ["temperature", "displacement"])
    assert answer.quantities.attrs["units"] == {"max(temperature)": "K", "point(temperature, 0.5, 0.25)": "K"}
    assert list(answer.quantities["max(temperature)"]) == ["mean", "std", "lower", "upper"]
    np.testing.assert_allclose(
        answer.quantities["max(temperature)", "mean"], truth.fields["temperature"].mean.max(axis=(1, 2))
    )
    displacement = answer.fields.displacement
    assert displacement.dims == ("statistic", "query", "time", "point", "displacement_component")
    assert displacement.attrs["units"] == "mm"
    upper = displacement.sel(statistic="upper", time=20.0, displacement_component="y")
    np.testing.assert_allclose(upper, truth.fields["displacement"].upper[:, 2, :, 1], rtol=1e-6)
    np.testing.assert_array_equal(answer.fields.point_x, surrogate.points("temperature")[:, 0])
    assert answer.fields.temperature.dims == ("statistic", "query", "point")
    assert answer.inside.tolist() == [True, False]
    assert answer.why[0] is None
    assert "'heat_flux' = 90000" in str(answer.why[1])
    assert (answer.model, answer.version, answer.coverage) == ("plate", "7", 0.9)
    same = asynchronously(url, lambda client: client.predict(parameters, **question))
    pd.testing.assert_frame_equal(same.quantities, answer.quantities)
    assert same.fields.identical(answer.fields)


def test_numbers_of_transient_fields_have_a_row_for_each_time(client: fw.Client):
    quantities = ["max(temperature)", "mean(displacement.x)"]
    table = client.predict(TABLE, quantities=quantities).quantities
    assert table.index.names == ["query", "time"]
    assert table.loc[1].index.tolist() == [0.0, 10.0, 20.0]
    assert table.loc[(0, 0.0), ("mean(displacement.x)", "mean")] == pytest.approx(0.0, abs=1e-9)
    assert table["max(temperature)", "mean"].nunique() == 2
    slopes = client.gradients(ROWS[0], quantities=quantities, fields=["displacement"])
    assert slopes.quantities.loc[(0, 20.0), ("mean(displacement.x)", "heat_flux")] > 0.0
    assert slopes.quantities.attrs["units"]["max(temperature)", "thickness"] == "K/mm"
    axes = ("parameter", "query", "time", "point", "displacement_component")
    assert slopes.fields.displacement.dims == axes
    assert slopes.fields.parameter.values.tolist() == ["heat_flux", "thickness"]


def test_questions_run_side_by_side(url: str, client: fw.Client):
    async def many(asking: fw.AsyncClient) -> list[Any]:
        return await asyncio.gather(
            *(asking.predict(row) for row in ROWS * 5), asking.models(), asking.ready()
        )

    *answers, models, ready = asynchronously(url, many)
    assert [answer.inside.tolist() for answer in answers] == [[True], [False]] * 5
    assert models == client.models()
    assert models[0]["model"] == "plate"
    assert ready is client.ready() is True


def test_refusals_are_errors_with_the_sentence_of_the_endpoint(url: str, client: fw.Client):
    with pytest.raises(QuestionRefused, match="Got query 1 outside: 'heat_flux' = 90000") as refused:
        client.predict(TABLE, outside="refuse")
    assert isinstance(refused.value, fw.FieldwrightError)
    assert (refused.value.status, bool(refused.value.request_id)) == (422, True)
    with pytest.raises(QuestionRefused, match="Perhaps 'heat_flux' was meant"):
        asynchronously(url, lambda client: client.predict({"heat_flx": 2e4, "thickness": 4.0}))
    with pytest.raises(QuestionRefused, match="must be asked of a model that answers it"):
        client.solve([[0.5]])
    with pytest.raises(QuestionRefused, match="A quantity must be written as max, min, mean"):
        client.predict(ROWS[0], quantities=["max temperature"])


def test_a_quantity_is_named_by_its_label_or_by_its_parts(client: fw.Client):
    parts = {"what": "max", "field": "displacement", "component": "magnitude"}
    by_parts = client.predict(ROWS[0], quantities=[parts]).quantities
    by_label = client.predict(ROWS[0], quantities=["max(displacement.magnitude)"]).quantities
    pd.testing.assert_frame_equal(by_label, by_parts)


def test_an_api_key_is_sent(champion: Champion, tmp_path: Path, listening):
    file = KeyFile(tmp_path / "keys.json")
    key = file.add("optimiser", ["/predict", "/mesh"], [], 0)
    with listening(Endpoint(champion, keys=Keys(file, "plate")).app()) as url:
        with fw.Client(url, key) as client:
            assert client.predict(ROWS, fields=["temperature"]).version == "7"
            with pytest.raises(AccessRefused, match="The key 'optimiser' must allow"):
                client.models()
        with fw.Client(url) as client, pytest.raises(AccessRefused, match="must have an API key"):
            client.predict(ROWS)


def test_a_lost_connection_is_tried_again(champion: Champion, free_port: int, listening):
    with listening(Endpoint(champion).app(), free_port, delay=0.4) as url:
        with fw.Client(url, retries=0) as client:
            assert client.ready() is False
            with pytest.raises(EndpointUnavailable, match=f"An endpoint must answer at {url}"):
                client.predict(ROWS)
        with fw.Client(url) as client:
            assert client.predict(ROWS).version == "7"


@pytest.fixture
def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_what_the_endpoint_says_of_waiting_is_honoured():
    retries = Retries(3)
    assert retries.wait(0, httpx.Response(429, headers={"Retry-After": "17"})) == 17.0
    pauses = [retries.wait(attempt, httpx.Response(503)) for attempt in range(4)]
    assert pauses[3] is None
    assert all(pause is not None and 0.0 < pause <= 1.0 for pause in pauses[:3])
    for final in (httpx.Response(422), httpx.Response(500), httpx.ReadTimeout("late")):
        assert retries.wait(0, final) is None


def test_the_client_needs_neither_torch_nor_mlflow():
    code = (
        "import sys, fieldwright as fw; fw.Client('http://127.0.0.1:1').close(); fw.AsyncClient;"
        "print([name for name in ('torch', 'mlflow', 'bentoml', 'sklearn') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
