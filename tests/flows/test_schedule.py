"""A schedule that really fires: `fieldwright schedule` with its own Prefect server, every minute."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking

FIELDWRIGHT = Path(sys.executable).with_name("fieldwright")
PATIENCE_SECONDS = 240.0


def test_a_cron_of_every_minute_runs_the_study(
    make_study: Callable[..., Path], own_home: Path, tmp_path: Path
) -> None:
    path = make_study(n_runs=8)
    path.write_text(path.read_text().replace('[[candidates]]\nkind = "gp"\n', ""))
    environment = os.environ | {"FIELDWRIGHT_HOME": str(own_home), "PREFECT_HOME": str(tmp_path / "prefect")}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [FIELDWRIGHT, "schedule", str(path), "--cron", "* * * * *"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=tmp_path,
        )
        try:
            champion = None
            end = time.monotonic() + PATIENCE_SECONDS
            while champion is None and time.monotonic() < end and process.poll() is None:
                time.sleep(2)
                if (own_home / "mlflow.db").exists():
                    champion = Tracking(Study.load(path).tracking.uri, "beam").champion()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    said = (tmp_path / "log").read_text()
    assert champion is not None, said
    assert champion.version == "1"
    assert "Prefect server at http://127.0.0.1:" in said
