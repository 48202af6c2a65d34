"""Keeps a study running by cron, with Prefect."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from fieldwright.data.environment import home
from fieldwright.data.errors import StudyError
from fieldwright.flows.study.file import StudyFile

SERVER_START_SECONDS = 180.0


def keep_running(study: StudyFile, cron: str, console: Console) -> None:
    """Runs the study at every tick of `cron` until interrupted; raises StudyError if it is no cron expression."""
    _check_cron(cron)
    # Runs are processes of their own, wherever Prefect starts them: they must find the same working folder.
    os.environ["FIELDWRIGHT_HOME"] = str(home())
    with _server(console):
        # Imported after the server's address is set: Prefect reads its settings once.
        from prefect.types.entrypoint import EntrypointType

        from fieldwright.flows.workflow import run_study

        console.print(f"'{study.name}' runs at '{cron}' (UTC). Ctrl-C ends it.")
        run_study.serve(
            name=study.name,
            cron=cron,
            parameters={"study_path": str(study.path)},
            entrypoint_type=EntrypointType.MODULE_PATH,
            # A run that takes longer than the interval is not overtaken by the next one. The limit is this
            # process's own: one kept by the server would never be freed by a run that was killed.
            limit=1,
            print_starting_message=False,
        )


def _check_cron(cron: str) -> None:
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    try:
        CronSim(cron, datetime.now(UTC))
    except CronSimError as error:
        raise StudyError(
            "The cron expression must have five fields (minute hour day month weekday)",
            f"'{cron}' ({error})",
            'Write, for every night at two, --cron "0 2 * * *"',
        ) from None


@contextmanager
def _server(console: Console) -> Iterator[None]:
    """The Prefect server of the user's profile, or one of our own on loopback: without one no cron ever fires."""
    from prefect.settings import get_current_settings

    if get_current_settings().api.url:
        yield
        return
    port = 4200 if _free(4200) else _any_free_port()
    url = f"http://127.0.0.1:{port}"
    console.print(f"Starting a Prefect server at {url}")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_healthy(f"{url}/api/health", process)
        os.environ["PREFECT_API_URL"] = f"{url}/api"
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: f"{url}/api"}):
            yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_healthy(url: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + SERVER_START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise StudyError(
        f"A Prefect server must start within {SERVER_START_SECONDS:.0f} s",
        f"no answer from {url}",
        "Start one by `prefect server start` and set PREFECT_API_URL to it",
    )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
