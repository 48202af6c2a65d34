"""`fieldwright open`: the page of a study's champion in the browser."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Callable
from urllib.parse import quote

import httpx
from rich.console import Console

from fieldwright.data.errors import ModelError
from fieldwright.flows.commands.selected_version import selected_version
from fieldwright.flows.commands.serve import serve_forever
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking

LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 0.3
ANSWER_SECONDS = 5.0


def open_page(study: StudyFile, port: int, browser: bool, console: Console) -> int:
    """Opens the page of an endpoint that serves the study already, else serves it here until stopped.

    Returns the exit status; raises FieldwrightError where there is no champion, or another program has the port.
    """
    address = f"http://{LOOPBACK}:{port}"
    models = served_models(address)
    if models is not None:
        if study.name not in models:
            raise ModelError(
                f"The endpoint at {address} must serve '{study.name}'",
                ", ".join(f"'{model}'" for model in models) or "no model whose name it tells",
                "Choose another port by --port",
            )
        _show(page_link(address, study.name, len(models)), browser, console)
        return 0
    selected_version(Tracking.of(study), None, "served")
    ended = threading.Event()
    opener = threading.Thread(
        target=_show_when_ready,
        args=(address, study.name, ended, lambda link: _show(link, browser, console)),
        daemon=True,
    )
    opener.start()
    try:
        return serve_forever([study], LOOPBACK, port, 1, ())
    finally:
        ended.set()


def page_link(address: str, model: str, models: int) -> str:
    """The address of the page of one of so many models of an endpoint."""
    return f"{address}/" if models == 1 else f"{address}/#model={quote(model)}"


def served_models(address: str) -> list[str] | None:
    """The names of the models of an endpoint, None where nothing listens; raises ModelError for another program."""
    try:
        reply = httpx.get(f"{address}/models", timeout=ANSWER_SECONDS)
    except httpx.TransportError:
        return None
    try:
        return [str(one["model"]) for one in reply.json()["models"]]
    except (ValueError, KeyError, TypeError):
        raise ModelError(
            f"What listens at {address} must be an endpoint of Fieldwright",
            f"an answer of status {reply.status_code} to GET /models",
            "Choose another port by --port",
        ) from None


def _show(link: str, browser: bool, console: Console) -> None:
    console.print(f"Page: {link}", markup=False, soft_wrap=True)
    if browser and not webbrowser.open(link):
        console.print("There is no browser to be started: open the link by hand.")


def _show_when_ready(address: str, model: str, ended: threading.Event, show: Callable[[str], None]) -> None:
    """Waits for the endpoint that this process has started."""
    while not ended.is_set():
        if served_models(address) == [model]:
            show(page_link(address, model, 1))
            return
        time.sleep(LOOK_SECONDS)
