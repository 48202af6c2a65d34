"""The history of versions in a tracking server, as two machines see it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fieldwright.flows.commands.version_changes import promote_version, roll_back
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.versions.version_history import VersionHistory
from fieldwright.flows.workflow import run_study

STUDY = """
name = "bar"
[runs]
folder = "runs"
pattern = "*.npz"
workers = 0
[parameters]
table = "parameters.csv"
columns = {{ load = {{}} }}
[fields]
u = {{}}
[reduction]
rank = 2
[validation]
folds = 4
[tracking]
uri = "{uri}"
[[candidates]]
kind = "rbf"
"""
PLACES = np.linspace(0.0, 1.0, 9)


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server with a store of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}"),
            *("--artifacts-destination", str(tmp_path / "files"), "--workers", "1"),
        ],
        env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 300.0
    try:
        while True:
            assert time.monotonic() < deadline, "the MLflow server did not come up"
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except (OSError, urllib.error.URLError):
                time.sleep(0.5)
        yield address
    finally:
        os.killpg(server.pid, 15)
        server.wait(60)


def add_runs(folder: Path, loads: list[float]) -> None:
    (folder / "runs").mkdir(exist_ok=True)
    rows = ["run,load"]
    for k, load in enumerate(loads):
        u = load * PLACES + 0.2 * np.sin(3.0 * load * PLACES)
        np.savez(folder / "runs" / f"run_{k:03d}.npz", points=np.stack([PLACES, 0.0 * PLACES], 1), u=u)
        rows.append(f"run_{k:03d}.npz,{load!r}")
    (folder / "parameters.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.slow
def test_a_promotion_of_one_machine_is_rolled_back_on_another(
    tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY.format(uri=uri))
    narrow, wide = np.linspace(1.0, 1.8, 12).tolist(), np.linspace(2.0, 4.0, 10).tolist()
    add_runs(tmp_path, narrow)
    assert run_study(str(path)).promoted
    add_runs(tmp_path, [*narrow, *wide])
    second = run_study(str(path))
    assert second.promoted, second.why

    # Another machine has nothing of it but the address of the server.
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path / "elsewhere"))
    study = Study.load(path)
    assert roll_back(study, "seen from elsewhere").version == "1"
    assert promote_version(study, "2", "and back").before == "1"
    tracking = Tracking.of(study)
    events = VersionHistory(tracking).events()
    assert [(one.kind, one.version) for one in events] == [
        ("promoted", "1"),
        ("promoted", "2"),
        ("rolled back", "1"),
        ("promoted", "2"),
    ]
    champion = tracking.registry.champion()
    assert champion is not None
    assert "and back" in champion.tags["became_champion"]
