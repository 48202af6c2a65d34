"""What the tests of the endpoint share: trained models, the endpoint in this process or running, and checks of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from fieldwright.serving import endpoint as http
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.surrogates.fields.surrogate import Surrogate

pytest.register_assert_rewrite("tests.serving.interface_checks")
from tests.serving.interface_checks import check_interface, check_options
from tests.serving.running_endpoint import client, command, endpoint, start, store
from tests.serving.trained_models import MODEL, promoted, shapes, solution, surrogate

AS_USUAL = Options()


@pytest.fixture(scope="session")
def champion(surrogate: Surrogate, tmp_path_factory: pytest.TempPathFactory) -> Champion:
    """Version 7 of the surrogate, loaded from a shelf."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    entry = Shelved(MODEL, "7", "7")

    def save(into: Path) -> Path:
        surrogate.save(into / "surrogate")
        return into / "surrogate"

    shelf.put(entry, save)
    shelf.point_to(entry)
    champion = Champion(shelf)
    champion.refresh()
    return champion


@pytest.fixture(scope="session")
def ask() -> Callable[..., httpx.Response]:
    """Asks the endpoint's application in this process."""

    def ask(
        champion: Champion, method: str, path: str, options: Options = AS_USUAL, **request: Any
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(http.Endpoint(champion, options=options).app())
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    return ask


@pytest.fixture(scope="session")
def post(champion: Champion, ask: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    """Asks for a prediction."""
    return lambda document, **more: ask(champion, "POST", "/predict", json=document, **more)


@contextmanager
def listening_on_loopback(app: Any, port: int = 0, delay: float = 0.0) -> Iterator[str]:
    """An application on a port of loopback, by default a free one; delay: seconds before it listens."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", ws="none"))

    def serve() -> None:
        time.sleep(delay)
        server.run()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        while not delay and not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port or server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def listening() -> Callable[..., AbstractContextManager[str]]:
    """Has an application listen, in a thread of this process, and gives its URL."""
    return listening_on_loopback
