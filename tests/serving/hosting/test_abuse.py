"""The endpoint under a flood, slow and silent clients and the death of a worker: it refuses, and stays healthy.

One endpoint serves all of these tests, which follow one another.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fieldwright.data.prediction_log import read_predictions
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.serving.limits import BODY_SECONDS, MAX_BODY_BYTES, MAX_QUERIES, MAX_WAITING

ROW = {"heat_flux": 2e4, "thickness": 4.0}
SMALL = json.dumps({"parameters": ROW}).encode()
MAXIMUM = [{"what": "max", "field": "temperature"}]
LARGE = json.dumps({"parameters": [ROW] * 1000, "quantities": MAXIMUM}).encode()
TIMEOUT = 120.0
WORKERS = 2
FLOOD = 10 * WORKERS * MAX_WAITING
STALLED_SECONDS = 2.0
Answers = list[tuple[int, bytes]]


def wait_for(what: Callable[[], object], seconds: float = TIMEOUT) -> None:
    """Returns as soon as it holds; that it ever does is what is asserted."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


def request(path: str, body: bytes, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}"
    return f"{head}\r\n\r\n".encode() + body


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def endpoint(command, start, home: Path) -> Iterator:
    options = ["--workers", str(WORKERS), "--stalled-seconds", str(STALLED_SECONDS)]
    options += ["--log-format", "json", "--log-requests", "--log-predictions", "0.5"]
    running = start(command("plate", None, home, *options))
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def address(endpoint) -> tuple[str, int]:
    host, port = endpoint.url.removeprefix("http://").split(":")
    return host, int(port)


def numbers(endpoint) -> dict[str, float]:
    text = httpx.get(f"{endpoint.url}/metrics", timeout=TIMEOUT, trust_env=False).text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def is_healthy(endpoint) -> bool:
    try:
        with httpx.Client(base_url=endpoint.url, timeout=TIMEOUT, trust_env=False) as client:
            headers = {"Content-Type": "application/json"}
            statuses = [client.post("/predict", content=SMALL, headers=headers).status_code for _ in range(4)]
            return statuses == [200] * 4 and client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


async def answer_of(address: tuple[str, int], content: bytes) -> tuple[int, bytes]:
    """Status and head of the answer; status 0 where the connection ends without one."""
    try:
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(content)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        finally:
            writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return 0, b""
    return int(head.split()[1]), head


def test_a_flood_is_answered_or_refused_and_resets_nobody(endpoint, address):
    refused = 'fieldwright_refusals_total{reason="queue_full"}'
    before = numbers(endpoint).get(refused, 0.0)

    async def flood() -> Answers:
        content = request("/gradients", LARGE)
        return await asyncio.wait_for(
            asyncio.gather(*(answer_of(address, content) for _ in range(FLOOD))), 4 * TIMEOUT
        )

    answers = asyncio.run(flood())
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) <= {200, 503}, statuses
    assert statuses[200] > 0
    assert all(b"\r\nretry-after: 1\r\n" in head for status, head in answers if status == 503)
    assert len({head.split(b"x-request-id: ")[1][:32] for _, head in answers}) == FLOOD
    after = numbers(endpoint)
    assert after.get(refused, 0.0) - before == statuses[503]
    assert after['fieldwright_queue_length{size="large"}'] == 0.0
    assert is_healthy(endpoint)


def test_a_million_queries_in_one_body_are_refused(endpoint, address):
    row = json.dumps(ROW).encode()
    head = request("/predict", b'{"parameters": [', length=1_000_000 * (len(row) + 1) + 16)
    assert asyncio.run(answer_of(address, head))[0] == 413
    # As many as fit into a body: of those that are none, and of whole ones.
    for one, says in (({}, "must name all of"), (ROW, str(MAX_QUERIES))):
        document = {"parameters": [one] * ((MAX_BODY_BYTES - 100) // (len(json.dumps(one)) + 2))}
        with httpx.Client(base_url=endpoint.url, timeout=TIMEOUT, trust_env=False) as client:
            reply = client.post(
                "/predict", content=json.dumps(document), headers={"Content-Type": "application/json"}
            )
        assert reply.status_code == 422
        assert says in reply.json()["error"]
    assert is_healthy(endpoint)


def test_what_is_no_http_is_refused_with_an_id_and_counted(endpoint, address):
    def refusals() -> list[float]:
        values = numbers(endpoint)
        reasons = ("malformed", "headers_too_large")
        return [values.get(f'fieldwright_refusals_total{{reason="{reason}"}}', 0.0) for reason in reasons]

    before = refusals()
    for content, status in ((b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431)):
        with socket.create_connection(address, timeout=TIMEOUT) as connection:
            connection.sendall(content)
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert f"x-request-id: {json.loads(body)['request_id']}".encode() in head
    assert refusals() == [number + 1.0 for number in before]


@pytest.mark.slow
def test_slow_bodies_hold_up_nobody_and_are_cut_off(endpoint, address):
    connections = [socket.create_connection(address, timeout=TIMEOUT) for _ in range(50)]
    try:
        for connection in connections:
            connection.sendall(request("/predict", SMALL[:5], len(SMALL)))
        assert is_healthy(endpoint)
        for connection in connections[:25]:
            connection.sendall(SMALL[5:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        # One byte now and then does not make it last.
        end = threading.Event()
        slow = connections[25]

        def drip() -> None:
            while not end.wait(1.0):
                slow.send(b" ")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        answer = slow.recv(65536)
        end.set()
        thread.join()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert f"must arrive within {BODY_SECONDS:g} s" in answer.decode()
        assert all(connection.recv(65536).startswith(b"HTTP/1.1 408 ") for connection in connections[26:])
    finally:
        for connection in connections:
            connection.close()


def test_a_killed_worker_takes_no_other_with_it(endpoint, address):
    workers = endpoint.descendants()
    assert len(workers) == WORKERS
    ended = threading.Event()
    statuses: Counter[int] = Counter()

    async def ask() -> None:
        while not ended.is_set():
            status, _ = await answer_of(address, request("/predict", SMALL))
            statuses[status] += 1

    async def load() -> None:
        await asyncio.gather(*(ask() for _ in range(16)))

    thread = threading.Thread(target=asyncio.run, args=(load(),))
    thread.start()
    wait_for(lambda: statuses[200] > 100)
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: workers[0] not in endpoint.descendants())
    answered = statuses[200]
    # By the other one, and by the two of them.
    wait_for(lambda: statuses[200] > answered + 100)
    wait_for(lambda: len(endpoint.descendants()) == WORKERS)
    ended.set()
    thread.join(TIMEOUT)
    assert set(statuses) <= {0, 200}, statuses
    # No more than those connections that the dead worker had.
    assert statuses[0] <= 16, statuses
    assert is_healthy(endpoint)


def test_a_client_that_never_reads_is_cut_off_and_the_end_does_not_wait_for_it(endpoint, address):
    fields = {"parameters": [ROW] * 1000, "quantities": [], "fields": ["displacement", "temperature"]}
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    silent.settimeout(TIMEOUT)
    silent.connect(address)
    silent.sendall(request("/predict", json.dumps(fields).encode()))
    received = silent.recv(1024)
    assert received.startswith(b"HTTP/1.1 200 ")
    length = int(received.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    processes = endpoint.descendants()
    assert endpoint.stop() == 0
    assert [pid for pid in processes if Path(f"/proc/{pid}").exists()] == []
    size = len(received)
    try:
        while part := silent.recv(2**20):
            size += len(part)
    except ConnectionResetError:
        pass
    assert size < length
    silent.close()


def test_what_it_wrote_meanwhile_is_whole(endpoint, home: Path):
    """Each line of its log is JSON, with the ids of requests, and the log of predictions is there."""
    documents = [json.loads(line) for line in endpoint.log if line]
    requests = [one for one in documents if "route" in one]
    assert {one["status"] for one in requests} >= {200, 413, 422}
    assert all(one["request_id"] for one in requests)
    assert {one["version"] for one in requests if one["status"] == 200 and one["route"] == "/predict"} == {
        "1"
    }
    assert not any(str(ROW["heat_flux"]) in line for line in endpoint.log)
    table = read_predictions(home / "predictions" / "plate")
    assert set(table["parameters.heat_flux"]) == {ROW["heat_flux"]}
    assert table["inside"].all()


def test_an_answer_that_takes_too_long_is_a_504(champion):
    # Of 0 s, since a short time may pass unseen on a busy machine: an answer that is there by then is given.
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Endpoint(champion, options=Options(answer_seconds=0.0)).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
            headers = {"Content-Type": "application/json"}
            return await client.post("/gradients", content=LARGE, headers=headers)

    reply = asyncio.run(ask())
    assert reply.status_code == 504
    assert "must be computed within 0 s" in reply.json()["error"]
