"""A bento serves its model from an empty folder, by BentoML alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np

from fieldwright.serving.hosting.bento_build import build_bento
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate

SECONDS = 240.0


def test_a_bento_answers_as_the_model_does(surrogate: Surrogate, tmp_path: Path) -> None:
    surrogate.save(tmp_path / "artifact")
    bento = build_bento(tmp_path / "artifact", "plate", "3", tmp_path)
    assert bento == tmp_path / "plate-3"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"FIELDWRIGHT_HOME": str(tmp_path / "home"), "BENTOML_HOME": str(tmp_path / "bentoml")}
    command = [
        sys.executable,
        "-m",
        "bentoml",
        "serve",
        str(bento),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        command, cwd=empty, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, tmp_path / "log")
        query = {"heat_flux": 2e4, "thickness": 4.0}
        body = {"parameters": query, "quantities": [{"what": "max", "field": "temperature"}]}
        answer = httpx.post(f"{url}/predict", json=body, timeout=60.0).json()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        log.close()
    quantity = Quantity("max", "temperature")
    band = surrogate.predict(np.array([[2e4, 4.0]]), fields=(), quantities=[quantity]).quantities[
        quantity.label
    ]
    assert answer["version"] == "3"
    assert answer["inside"] == [True]
    for one in ("mean", "std", "lower", "upper"):
        np.testing.assert_array_equal(answer["quantities"][quantity.label][one], getattr(band, one))


def wait_until_ready(url: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=5.0).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError("The bento did not come up:\n" + log.read_text())
