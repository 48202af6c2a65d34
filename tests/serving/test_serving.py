"""The endpoint as a user starts it: `python -m fieldwright.serving` over a real MLflow store, asked over HTTP."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import bentoml
import httpx
import numpy as np
import pandas as pd
import pytest
from bentoml.exceptions import BentoMLException

from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate

ROWS = [{"heat_flux": 2e4, "thickness": 4.0}, {"heat_flux": 4.5e4, "thickness": 7.0}]
X = np.array([[2e4, 4.0], [4.5e4, 7.0]])
HOTTEST = {"what": "max", "field": "temperature"}
LABEL = "max(temperature)"
TIMEOUT = 60.0
ROOT = Path(__file__).resolve().parents[2]


def version(client: httpx.Client) -> str:
    return client.get("/models").json()["models"][0]["version"]


def alive(pids: list[int]) -> list[int]:
    """Those processes that still run."""
    running = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                running.append(pid)
    return running


def wait_for(what, seconds: float = TIMEOUT) -> None:
    """Returns as soon as it holds; that it ever does is what is asserted."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def test_one_line_says_where_it_serves(endpoint):
    assert endpoint.announcement.startswith("Serving 'plate' version 1 at http://127.0.0.1:")


def test_the_page_s_snippets_run(endpoint, tmp_path: Path):
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    for language, interpreter in (("bash", ["bash", "-e", "-c"]), ("python", [sys.executable, "-c"])):
        (code,) = re.findall(rf"^```{language}\n(.*?)^```", page, re.M | re.S)
        code = code.replace("http://127.0.0.1:3000", endpoint.url)
        ended = subprocess.run(
            [*interpreter, code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
    assert "'max(temperature)': 'K'" in ended.stdout
    table = pd.read_csv(tmp_path / "hottest.csv")
    assert table["heat_flux [W/m2]"].tolist() == [2e4, 3e4]
    assert (table["max(temperature) lower [K]"] < table["max(temperature) [K]"]).all()


def test_it_answers_for_its_health(client: httpx.Client):
    assert [client.get(path).status_code for path in ("/livez", "/readyz")] == [200, 200]


def test_bentomls_own_client_asks_it(client: httpx.Client, endpoint, surrogate: Surrogate):
    assert client.get("/healthz").status_code == 200
    with bentoml.SyncHTTPClient(endpoint.url) as asking:
        assert set(asking.endpoints) == {"predict", "gradients", "sensitivities"}
        answer = asking.predict(parameters=ROWS, quantities=[HOTTEST])
        slopes = asking.gradients(parameters=ROWS[0], quantities=[HOTTEST])
        with pytest.raises(BentoMLException, match="Perhaps 'heat_flux' was meant"):
            asking.predict(parameters={"heat_flx": 1.0, "thickness": 4.0})
    own = surrogate.predict(X, (), [Quantity("max", "temperature")]).quantities[LABEL]
    np.testing.assert_allclose(answer["quantities"][LABEL]["mean"], own.mean, rtol=1e-12)
    assert set(slopes["quantities"][LABEL]) == {"heat_flux", "thickness"}


def test_the_numbers_are_those_of_the_surrogate_in_process(client: httpx.Client, surrogate: Surrogate):
    reply = client.post(
        "/predict", json={"parameters": ROWS, "fields": ["displacement"], "quantities": [HOTTEST]}
    )
    assert reply.status_code == 200
    expected = surrogate.predict(X, ["displacement"], [Quantity("max", "temperature")])
    answer = reply.json()
    for statistic in ("mean", "std", "lower", "upper"):
        np.testing.assert_allclose(
            answer["quantities"][LABEL][statistic],
            getattr(expected.quantities[LABEL], statistic),
            rtol=1e-12,
        )
        np.testing.assert_allclose(
            answer["fields"]["displacement"][statistic],
            getattr(expected.fields["displacement"], statistic),
            rtol=1e-9,
            atol=1e-12,
        )
    assert answer["inside"] == expected.inside.tolist()


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "says"),
    [
        ("POST", "/predict", b'{"parameters": {"heat_flux": 2e4}}', 422, "none for 'thickness'"),
        ("POST", "/predict", b'{"parameters": {"heat_flux": Infinity, "thickness": 4}}', 400, "Infinity"),
        ("GET", "/predict", None, 405, "must be asked with POST"),
        ("GET", "/nothing", None, 404, "There is no /nothing here"),
    ],
)
def test_refusals_are_one_sentence(client: httpx.Client, method, path, content, status, says):
    reply = client.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == status
    assert set(reply.json()) == {"error", "request_id"}
    assert says in reply.json()["error"]


def test_a_body_of_100_mb_is_refused_and_the_server_goes_on(client: httpx.Client):
    headers = {"Content-Type": "application/json"}
    reply = client.post("/predict", content=b" " * 100_000_000, headers=headers)
    assert reply.status_code == 413
    assert client.post("/predict", json={"parameters": ROWS}).status_code == 200


def test_a_client_that_goes_away_does_no_harm(client: httpx.Client, endpoint):
    host, port = endpoint.url.removeprefix("http://").split(":")
    for sent in (b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-", b"\x00\xff\r\n\r\n"):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(sent)
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
    assert client.post("/predict", json={"parameters": ROWS}).status_code == 200


def test_metrics_count_what_was_asked_and_keep_no_path_of_the_clients(client: httpx.Client):
    def count(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    queries, outside = (f'fieldwright_queries{name}_total{{model="plate"}}' for name in ("", "_outside"))
    before = count(queries), count(outside)
    far = {"heat_flux": 9e5, "thickness": 4.0}
    client.post("/predict", json={"parameters": [*ROWS, far]})
    assert (count(queries), count(outside)) == (before[0] + 3, before[1] + 1)
    assert count('fieldwright_requests_total{route="/predict",status="200"}') > 0
    assert "scanner" not in client.get("/metrics").text


def test_a_promotion_fails_no_request(
    client: httpx.Client,
    endpoint,
    store,
    surrogate: Surrogate,
    promoted: Surrogate,
    tmp_path: Path,
):
    promoted.save(tmp_path / "second")
    newer = store.register(tmp_path / "second")
    hottest = {
        name: float(one.predict(X[:1], (), [Quantity("max", "temperature")]).quantities[LABEL].mean[0])
        for name, one in (("1", surrogate), (newer, promoted))
    }
    answers: list[tuple[str, float]] = []
    failures: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=endpoint.url, timeout=TIMEOUT, trust_env=False) as asking:
            while not enough.is_set():
                reply = asking.post("/predict", json={"parameters": ROWS[0], "quantities": [HOTTEST]})
                if reply.status_code != 200:
                    failures.append(reply.text)
                    return
                answer = reply.json()
                answers.append((answer["version"], answer["quantities"][LABEL]["mean"][0]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(answers) > 20)
        store.promote(newer)
        wait_for(lambda: failures or [number for number, _ in answers[-8:]] == [newer] * 8)
    finally:
        enough.set()
        for thread in threads:
            thread.join(TIMEOUT)
    assert failures == []
    assert {number for number, _ in answers} == {"1", newer}
    for number, value in answers:
        assert value == pytest.approx(hottest[number], rel=1e-9), "a version answered with another's numbers"


def test_a_damaged_version_leaves_the_one_before(
    client: httpx.Client, endpoint, store, surrogate: Surrogate, tmp_path: Path
):
    before = version(client)
    surrogate.save(tmp_path / "damaged")
    arrays = tmp_path / "damaged" / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-100])
    damaged = store.register(tmp_path / "damaged")
    store.promote(damaged)
    says = f"Version {damaged} of 'plate' cannot be served"
    wait_for(lambda: says in client.get("/models").json().get("warning", ""))
    assert version(client) == before
    assert client.post("/predict", json={"parameters": ROWS}).json()["version"] == before
    store.promote(before)
    wait_for(lambda: "warning" not in client.get("/models").json())


def test_a_killed_worker_is_replaced(client: httpx.Client, endpoint):
    before = version(client)
    worker = endpoint.descendants()[-1]
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not alive([worker]))

    def answers_again() -> bool:
        try:
            return client.post("/predict", json={"parameters": ROWS}, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(answers_again)
    assert version(client) == before


def test_the_service_never_imports_mlflow():
    code = (
        "import sys, fieldwright.serving.service; from fieldwright.surrogates.families import FAMILIES; "
        "[family.model() for family in FAMILIES]; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "torch" in loaded.stdout.split()
    assert "mlflow" not in loaded.stdout.split()


def test_sigterm_leaves_no_process(endpoint):
    processes = endpoint.descendants()
    assert len(processes) >= 1
    assert endpoint.stop() == 0
    assert alive(processes) == []


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=600)


def test_without_a_champion_it_says_so_and_leaves(command):
    ended = run(command(model="beam"))
    assert ended.returncode == 2
    assert ended.stdout == ""
    sentences = ended.stderr.strip().splitlines()
    assert len(sentences) == 1, ended.stderr
    assert sentences[0].startswith("Model 'beam' must have a version with the alias 'champion'")


def test_a_taken_port_is_said(command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run(command(port=port))
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Port {port} of 127.0.0.1 must be free")
