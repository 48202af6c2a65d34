"""A client that is generated from the endpoint's own OpenAPI document asks it.

The generator cannot be installed beside the pinned packages, so it has an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

GENERATOR = "openapi-python-client==0.29.1"
ROW = {"heat_flux": 2e4, "thickness": 4.0}
ASK = """
import json, sys
from generated import Client
from generated.api.default import predict
from generated.models import Failure, PredictRequest
client = Client(base_url=sys.argv[1], timeout=60, httpx_args={"trust_env": False})
answer = predict.sync(client=client, body=PredictRequest.from_dict(json.loads(sys.argv[2])))
refusal = predict.sync(client=client, body=PredictRequest.from_dict(json.loads(sys.argv[3])))
assert isinstance(refusal, Failure), refusal
print(json.dumps([answer.to_dict(), refusal.to_dict()]))
"""


def run(*command: str | Path) -> subprocess.CompletedProcess:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PIP_CONSTRAINT")
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.slow
def test_a_generated_client_predicts_and_reads_refusals(client: httpx.Client, endpoint, tmp_path: Path):
    python = tmp_path / "venv" / "bin" / "python"
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").returncode == 0
    installed = run(python, "-m", "pip", "install", "--quiet", GENERATOR)
    if installed.returncode:
        pytest.skip(f"{GENERATOR} cannot be installed: {installed.stderr.strip().splitlines()[-1]}")
    document = tmp_path / "docs.json"
    document.write_bytes(client.get("/docs.json").content)
    generator = python.with_name("openapi-python-client")
    config = tmp_path / "config.yml"
    config.write_text("post_hooks: []\n")  # it would format the code by ruff
    options = [
        "--config",
        config,
        "--meta",
        "none",
        "--output-path",
        tmp_path / "generated",
        "--fail-on-warning",
    ]
    generation = run(generator, "generate", "--path", document, *options)
    assert generation.returncode == 0, generation.stdout + generation.stderr
    question = {"parameters": ROW, "quantities": [{"what": "max", "field": "temperature"}]}
    (tmp_path / "ask.py").write_text(ASK)
    overflow = {"parameters": ROW | {"heat_flux": 1e300}}
    asked = run(python, tmp_path / "ask.py", endpoint.url, json.dumps(question), json.dumps(overflow))
    assert asked.returncode == 0, asked.stderr
    answer, refusal = json.loads(asked.stdout)
    assert answer == client.post("/predict", json=question).json()
    assert refusal["error"] == client.post("/predict", json=overflow).json()["error"]
    assert refusal["request_id"]
