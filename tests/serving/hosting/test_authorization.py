"""API keys: kept as hashes, asked for, limited to what they allow, and never said."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from fieldwright.data.api_keys import MAX_KEYS, VARIABLE, KeyFile
from fieldwright.data.errors import AccessError
from fieldwright.serving.__main__ import main
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.authorization import Keys
from fieldwright.serving.hosting.shared_rows import SharedRows, shared_memory
from fieldwright.serving.metrics import N_COLUMNS, Metrics

ROW = {"parameters": {"heat_flux": 2e4, "thickness": 4.0}}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "home"


@pytest.fixture
def send(champion):
    """send(method, path, key, worker): an answer of one of two workers that share their numbers."""
    memory = shared_memory(2, N_COLUMNS)
    workers = [
        Endpoint(champion, Metrics(SharedRows(memory, 2, N_COLUMNS, row)), keys=Keys(KeyFile(), "plate"))
        for row in range(2)
    ]
    os.close(memory)
    apps = [worker.app() for worker in workers]

    def send(method: str, path: str, key: str = "", worker: int = 0) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(apps[worker])
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                headers = {"Authorization": f"Bearer {key}"} if key else {}
                return await client.request(
                    method, path, headers=headers, json=ROW if method == "POST" else None
                )

        return asyncio.run(ask())

    return send


def test_a_key_is_kept_as_a_hash_that_its_owner_alone_reads(own_home: Path):
    key = KeyFile().add("one", ["/predict"], [], 5)
    path = own_home / "api_keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert key not in path.read_text()
    assert len(key) > 40
    assert [path.name for path in own_home.iterdir()] == ["api_keys.json"]
    (entry,) = KeyFile().read()
    assert (entry.name, entry.routes, entry.studies, entry.per_minute) == ("one", ("/predict",), (), 5)
    assert KeyFile().add("two", [], [], 0) != key
    assert {entry.slot for entry in KeyFile().read()} == {1, 2}
    with pytest.raises(AccessError, match=r"must have a name of its own. Got 'one'"):
        KeyFile().add("one", [], [], 0)
    KeyFile().revoke("one")
    assert [entry.name for entry in KeyFile().read()] == ["two"]
    with pytest.raises(AccessError, match=r"must be there. Got 'one'. There is 'two'"):
        KeyFile().revoke("one")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_reach_is_refused_and_opens_nothing(own_home: Path, send, mode: int):
    key = KeyFile().add("one", [], [], 0)
    (own_home / "api_keys.json").chmod(mode)
    with pytest.raises(AccessError, match=f"of mode {mode:04o}. chmod 600"):
        KeyFile().read()
    assert send("GET", "/models", key).status_code == 401


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"name": "a"}]', "null"])
def test_a_damaged_file_opens_nothing(own_home: Path, send, content: str):
    key = KeyFile().add("one", [], [], 0)
    (own_home / "api_keys.json").write_text(content)
    assert send("GET", "/models", key).status_code == 401


def test_without_a_known_key_all_but_health_is_refused(send, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    key = KeyFile().add("one", [], [], 0)
    for path in ("/models", "/metrics", "/docs.json", "/docs", "/nothing"):
        for wrong in ("", "fw_guess", key[:-1], key.upper()):
            reply = send("GET", path, wrong)
            assert reply.status_code == 401
            assert reply.headers["www-authenticate"] == "Bearer"
            assert set(reply.json()) == {"error", "request_id"}
            assert not wrong or wrong not in reply.text
    assert send("POST", "/predict").status_code == 401
    assert send("GET", "/readyz").status_code == 200
    assert send("POST", "/predict", key).status_code == 200
    assert send("GET", "/nothing", key).status_code == 404
    assert key not in caplog.text


def test_a_key_allows_its_routes_and_studies_alone(send):
    models = KeyFile().add("models", ["/models"], [], 0)
    plate = KeyFile().add("plate", [], ["plate"], 0)
    beam = KeyFile().add("beam", [], ["beam"], 0)
    assert send("GET", "/models", models).status_code == 200
    for key, name in ((models, "models"), (beam, "beam")):
        reply = send("POST", "/predict", key)
        assert reply.status_code == 403
        assert f"The key '{name}' must allow what is asked. Got /predict of 'plate'" in reply.json()["error"]
    assert send("POST", "/predict", plate).status_code == 200


def test_the_rate_of_a_key_holds_over_all_workers(send, monkeypatch: pytest.MonkeyPatch):
    now = 1_000_000_000.0
    monkeypatch.setattr("fieldwright.serving.hosting.authorization.time.time", lambda: now)
    limited, free = KeyFile().add("limited", [], [], 4), KeyFile().add("free", [], [], 0)
    replies = [send("GET", "/models", limited, worker=number % 2) for number in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 4 + [429] * 2
    wait = int(replies[-1].headers["retry-after"])
    assert 1 <= wait <= 60
    assert f"Send it again in {wait} s" in replies[-1].json()["error"]
    assert send("GET", "/models", free).status_code == 200
    now += wait
    assert send("GET", "/models", limited).status_code == 200


def test_a_revoked_key_is_refused_while_the_endpoint_runs(send, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fieldwright.serving.hosting.authorization.REREAD_SECONDS", 0.0)
    key = KeyFile().add("one", [], [], 0)
    KeyFile().add("two", [], [], 0)
    assert send("GET", "/models", key).status_code == 200
    KeyFile().revoke("one")
    assert send("GET", "/models", key).status_code == 401


def test_the_key_of_the_environment_may_ask_anything(send, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "a key of a container")
    assert send("POST", "/predict", "a key of a container").status_code == 200


def test_a_key_beyond_the_last_counter_is_refused():
    KeyFile().path.parent.mkdir(parents=True)
    full = [
        {"name": str(slot), "digest": "", "slot": slot, "routes": [], "studies": []}
        for slot in range(MAX_KEYS)
    ]
    KeyFile().path.write_text(json.dumps(full))
    KeyFile().path.chmod(0o600)
    with pytest.raises(AccessError, match=f"fewer than {MAX_KEYS} keys"):
        KeyFile().add("one more", [], [], 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "0.0.0.0"], r"as any does on 0\.0\.0\.0, must have one. Got none. .*--no-auth"),
        (["--auth"], r"An endpoint that asks for API keys must have one. Got none"),
        (["--tls-cert", "a.pem"], r"must have a certificate and its key. Got one of them"),
        (["--tls-cert", "a.pem", "--tls-key", "b.pem"], r"must be files in PEM.*No such file"),
    ],
)
def test_it_refuses_to_start_open_by_oversight(options, says, capsys: pytest.CaptureFixture[str], tmp_path):
    arguments = ["--tracking-uri", "sqlite:///nowhere.db", "--model", "plate", "--port", "1"]
    assert main([*arguments, "--home", str(tmp_path), *options]) == 2
    sentences = capsys.readouterr().err.strip().splitlines()
    assert len(sentences) == 1
    assert re.search(says, sentences[0])


def test_https_with_keys_as_a_user_starts_it(command, start, tmp_path: Path, own_home: Path):
    certificate, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    make += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(private), "-out", str(certificate)]
    subprocess.run(make, check=True, capture_output=True)
    key = KeyFile().add("one", [], [], 0)
    running = start(
        command("plate", None, own_home, "--auth", "--tls-cert", str(certificate), "--tls-key", str(private))
    )
    try:
        assert running.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=certificate)
        with httpx.Client(base_url=running.url, timeout=60, trust_env=False, verify=context) as client:
            assert client.post("/predict", json=ROW).status_code == 401
            headers = {"Authorization": f"Bearer {key}"}
            assert client.post("/predict", json=ROW, headers=headers).status_code == 200
        plain = running.url.replace("https", "http")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{plain}/models", trust_env=False, timeout=60)
        assert running.stop() == 0
    finally:
        running.process.kill()
    assert key not in "".join(running.log)
