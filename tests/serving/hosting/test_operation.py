"""The endpoint in operation: two workers share the work, a disk fills, a champion goes, the end is in order.

One endpoint serves all of these tests, which follow one another.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fieldwright.serving.hosting.http_protocol import HEADER_SECONDS, MAX_HEADER_BYTES

ROW = {"parameters": {"heat_flux": 2e4, "thickness": 4.0}}
TIMEOUT = 120.0
CANNOT_MOUNT = "a disk that is full needs a small file system, and none can be mounted here"
LISTENING, ESTABLISHED = "0A", "01"


def wait_for(what: Callable[[], object], seconds: float = TIMEOUT) -> None:
    """Returns as soon as it holds; that it ever does is what is asserted."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """A home, and whether it is a file system of its own, of 8 MiB."""
    home = tmp_path_factory.mktemp("small")
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(home)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield home, mounted
    if mounted:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


@pytest.fixture(scope="module")
def endpoint(command, start, small_home) -> Iterator:
    running = start(command("plate", None, small_home[0], "--workers", "2"))
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def address(endpoint) -> tuple[str, int]:
    host, port = endpoint.url.removeprefix("http://").split(":")
    return host, int(port)


def sockets_of(pids: list[int], state: str) -> list[tuple[int, int]]:
    """Process and local port of every TCP socket of the processes that is in a state."""
    ports = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == state:
                ports[f"socket:[{fields[9]}]"] = int(fields[1].rpartition(":")[2], 16)
    links = []
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                links.append((pid, os.readlink(descriptor)))
            except OSError:
                continue
    return [(pid, ports[link]) for pid, link in links if link in ports]


def metrics(client: httpx.Client) -> dict[str, float]:
    lines = [line for line in client.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_nothing_listens_but_the_port_that_is_served(endpoint, address):
    pids = [endpoint.process.pid, *endpoint.descendants()]
    listening = sockets_of(pids, LISTENING)
    assert {port for _, port in listening} == {address[1]}


def test_both_workers_hold_connections_that_are_kept_alive(endpoint, address):
    clients = [httpx.Client(base_url=endpoint.url, timeout=TIMEOUT, trust_env=False) for _ in range(8)]
    try:
        assert [client.post("/predict", json=ROW).status_code for client in clients] == [200] * 8
        held = sockets_of(endpoint.descendants(), ESTABLISHED)
    finally:
        for client in clients:
            client.close()
    workers = [pid for pid, port in held if port == address[1]]
    split = sorted(workers.count(pid) for pid in set(workers))
    assert len(split) == 2, split
    assert split[0] >= 2, split


def test_both_workers_count_into_the_same_numbers(endpoint):
    def queries() -> float:
        with httpx.Client(base_url=endpoint.url, timeout=TIMEOUT, trust_env=False) as client:
            return metrics(client)['fieldwright_queries_total{model="plate"}']

    before = queries()
    for _ in range(6):
        with httpx.Client(base_url=endpoint.url, timeout=TIMEOUT, trust_env=False) as client:
            client.post("/predict", json=ROW)
    assert [queries() - before for _ in range(4)] == [6.0] * 4


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Host": "["}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "LOCALHOST", "Origin": "http://127.0.0.1:9"}, 200),
    ],
)
def test_other_names_and_other_sites_are_refused(client: httpx.Client, headers, status):
    for path in ("/models", "/metrics", "/readyz"):
        reply = client.get(path, headers=headers)
        assert reply.status_code == status
        assert "access-control-allow-origin" not in reply.headers
        if status != 200:
            assert set(reply.json()) == {"error", "request_id"}
            assert "--allowed-hosts" in reply.json()["error"]


def test_headers_without_end_in_size_are_refused(address):
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET /models HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012
            for _ in range(1000):
                connection.sendall(b"x" * MAX_HEADER_BYTES)
                time.sleep(0.01)


def test_a_champion_that_is_taken_away_is_said_everywhere(client: httpx.Client, store):
    from mlflow import MlflowClient

    assert client.get("/readyz").json() == {"served": "1", "wanted": "1", "since": None, "why": None}
    assert metrics(client)['fieldwright_champion{model="plate",served="1",wanted="1"}'] == 1.0
    MlflowClient(store.uri, store.uri).delete_registered_model_alias("plate", "champion")
    wait_for(lambda: "warning" in client.get("/models").json())
    document = client.get("/models").json()
    assert "must have a version with the alias 'champion'" in document["warning"]
    assert document["champion"] | {"since": None, "why": None} == {
        "served": "1",
        "wanted": None,
        "since": None,
        "why": None,
    }
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["why"] == document["warning"]
    assert ready.json()["since"] is not None
    assert metrics(client)['fieldwright_champion{model="plate",served="1",wanted=""}'] == 0.0
    wait_for(lambda: metrics(client)['fieldwright_champion_stale_seconds{model="plate"}'] > 0.0)
    store.promote("1")
    wait_for(lambda: client.get("/readyz").json()["why"] is None)


@pytest.mark.slow
def test_a_champion_whose_files_are_gone_is_said(client: httpx.Client, store):
    artifacts = store.folder / "mlartifacts"
    artifacts.rename(store.folder / "away")
    wait_for(lambda: "must be in the registry" in (client.get("/readyz").json()["why"] or ""))
    assert client.get("/readyz").json()["served"] == "1"
    assert client.post("/predict", json=ROW).status_code == 200
    (store.folder / "away").rename(artifacts)
    wait_for(lambda: client.get("/readyz").json()["why"] is None)


def test_a_damaged_copy_is_fetched_again(client: httpx.Client, endpoint, small_home):
    arrays = next((small_home[0] / "served" / "plate").rglob("arrays.safetensors"))
    content = arrays.read_bytes()
    arrays.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    worker = endpoint.descendants()[-1]
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: arrays.exists() and arrays.read_bytes() == content)
    wait_for(lambda: len(endpoint.descendants()) == 2)
    wait_for(lambda: all(client.get("/readyz").json()["why"] is None for _ in range(8)))


def test_files_that_are_mended_in_the_registry_are_taken_up(client: httpx.Client, store, promoted, tmp_path):
    promoted.save(tmp_path / "mended")
    version = store.register(tmp_path / "mended")
    arrays = max(
        store.folder.rglob("mlartifacts/**/arrays.safetensors"), key=lambda path: path.stat().st_ctime_ns
    )
    content = arrays.read_bytes()
    arrays.write_bytes(content[:-1])
    store.promote(version)
    wait_for(lambda: "does not match its checksum" in client.get("/models").json().get("warning", ""))
    assert client.get("/models").json()["champion"]["served"] == "1"
    arrays.write_bytes(content)
    wait_for(lambda: client.get("/models").json()["champion"]["served"] == version)
    store.promote("1")
    wait_for(lambda: client.post("/predict", json=ROW).json()["version"] == "1")


@pytest.mark.slow
def test_a_full_disk_stops_no_answer(client: httpx.Client, endpoint, store, promoted, small_home, tmp_path):
    home, mounted = small_home
    if not mounted:
        pytest.skip(CANNOT_MOUNT)
    promoted.save(tmp_path / "second")
    version = store.register(tmp_path / "second")
    ballast = home / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):  # noqa: PT012
        while True:
            file.write(bytes(4096))
    store.promote(version)
    wait_for(lambda: "No space left" in client.get("/models").json().get("warning", ""))
    workers = endpoint.descendants()
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    wait_for(lambda: len(endpoint.descendants()) == 2 and not set(workers) & set(endpoint.descendants()))
    with httpx.Client(base_url=endpoint.url, timeout=TIMEOUT, trust_env=False) as anew:
        assert anew.post("/predict", json=ROW).json()["version"] == "1"
        assert anew.get("/readyz").json()["wanted"] == version
        assert anew.get("/metrics").status_code == 200
        ballast.unlink()
        wait_for(lambda: anew.get("/models").json()["champion"]["served"] == version)
        wait_for(lambda: "warning" not in anew.get("/models").json())
    assert any("No space left" in line for line in endpoint.log)


def test_headers_without_end_in_time_are_cut_off(address):
    with socket.create_connection(address) as connection:
        connection.settimeout(TIMEOUT)
        opened = time.monotonic()
        connection.sendall(b"GET /models HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert f"must arrive within {HEADER_SECONDS:g} s" in answer.decode()
        assert connection.recv(65536) == b""
        assert time.monotonic() - opened > HEADER_SECONDS / 2


def test_the_end_waits_for_an_answer_that_is_under_way(endpoint, address):
    processes = endpoint.descendants()
    body = json.dumps(ROW).encode()
    head = (
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(address) as connection:
        connection.settimeout(TIMEOUT)
        connection.sendall(head.encode() + body[:5])
        # Once a second request of another connection has its answer, the first has been taken too.
        assert httpx.get(f"{endpoint.url}/models", timeout=TIMEOUT, trust_env=False).status_code == 200
        time.sleep(0.5)
        ended: list[int] = []
        end = threading.Thread(target=lambda: ended.append(endpoint.stop()))
        end.start()
        wait_for(
            lambda: not sockets_of([pid for pid in processes if Path(f"/proc/{pid}/fd").exists()], LISTENING)
        )
        connection.sendall(body[5:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    end.join(TIMEOUT)
    assert ended == [0]
    assert [pid for pid in processes if Path(f"/proc/{pid}").exists()] == []
