"""`fieldwright up` on PostgreSQL and an S3-compatible store, with Prefect's page in a real browser."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgresql_rows import rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workplace(
    tmp_path_factory: pytest.TempPathFactory,
    workplace_in: Callable[..., Any],
    study_in: Callable[..., Path],
    postgresql: str,
    s3_store: dict[str, str],
) -> Iterator[Any]:
    settings = s3_store | {
        "FIELDWRIGHT_DATABASE_URL": f"{postgresql}/place",
        "FIELDWRIGHT_ARTIFACTS": "s3://models/place",
    }
    place = workplace_in(tmp_path_factory.mktemp("servers"), settings)
    study = study_in(place.folder / "beam", n_runs=8)
    study.write_text(study.read_text().replace('[[candidates]]\nkind = "gp"\n', ""))
    assert place.command("schedule", str(study), "--cron", "* * * * *").returncode == 0
    place.start()
    yield place
    assert place.end() == 0


def test_a_scheduled_study_is_served_from_both(workplace: Any, postgresql: str) -> None:
    workplace.until(lambda: workplace.study("beam").get("champion") == "version 1")
    workplace.until_running("Prefect server", "Prefect worker", "MLflow server", "Endpoint")
    with urllib.request.urlopen(f"http://127.0.0.1:{workplace.endpoint}/models", timeout=30) as answer:
        assert "beam" in answer.read().decode()
    runs = rows(f"{postgresql}/place_prefect", "SELECT state_name FROM flow_run")
    assert ("Completed",) in runs
    assert rows(f"{postgresql}/place_mlflow", "SELECT alias FROM registered_model_aliases") == [("champion",)]
    assert not list(workplace.home.rglob("*.db"))
    assert not (workplace.home / "mlartifacts").exists()


def test_no_password_is_in_a_list_of_processes_or_a_log(workplace: Any) -> None:
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in workplace.processes()]
    assert len(lines) > 8
    assert [line for line in lines if "secret" in line] == []
    logs = [*(workplace.home / "workplace" / "logs").iterdir(), workplace.log]
    assert [log.name for log in logs if "user:secret" in log.read_text()] == []
    assert "secret" not in workplace.get("/state.json")


def test_prefects_page_connects_on_a_port_of_its_own(workplace: Any, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    assert workplace.prefect != 4200
    shown = subprocess.run(
        [
            *(
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={tmp_path / 'browser'}",
            ),
            *("--virtual-time-budget=60000", "--timeout=60000", "--dump-dom"),
            f"http://127.0.0.1:{workplace.prefect}/deployments",
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    # The name comes from the API alone.
    assert "beam" in shown.stdout, shown.stderr[-2000:]
    assert "Can't connect to Server API" not in shown.stdout
