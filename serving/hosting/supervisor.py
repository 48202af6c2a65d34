"""The process that a user starts: brings the champion onto the shelf and keeps BentoML serving it."""

from __future__ import annotations

import logging
import time

from fieldwright.data.errors import FieldwrightError
from fieldwright.serving.hosting.registry import Registry
from fieldwright.serving.hosting.server import Address, Server
from fieldwright.serving.hosting.shelf import Shelf

EVERY_SECONDS = 1.0
logger = logging.getLogger("fieldwright")


class Supervisor:
    """Serves one registered model of one tracking store until it is told to stop."""

    def __init__(self, tracking_uri: str, model: str, address: Address, workers: int) -> None:
        self._model = model
        self._address = address
        self._workers = workers
        self._registry = Registry(tracking_uri)
        self._shelf = Shelf.of(model)
        self._reported = ""

    def run(self) -> None:
        """Serves until KeyboardInterrupt or SystemExit; raises ModelError where it cannot begin or go on."""
        self._shelve_champion()
        while True:
            server = Server(self._model, self._address, self._workers)
            try:
                version = server.wait_until_ready()
                print(
                    f"Serving '{self._model}' version {version} at {self._address.url} "
                    "(GET /models says what, GET /docs.json how to ask)",
                    flush=True,
                )
                while server.exit_code is None:
                    time.sleep(EVERY_SECONDS)
                    self._follow()
            finally:
                server.stop()
            logger.error("BentoML ended by itself with code %s and is started again", server.exit_code)

    def _shelve_champion(self) -> None:
        """Brings the version that carries the alias now onto the shelf and points the workers to it."""
        champion = self._registry.champion(self._model)
        if self._shelf.versions()[:1] == [champion] and self._shelf.path(champion).exists():
            return
        self._shelf.put(champion, lambda into: self._registry.download(champion, into))
        self._shelf.point_to(champion)
        logger.info("Version %s of '%s' is the champion", champion.version, champion.model)

    def _follow(self) -> None:
        """Shelves a new champion; what goes wrong is logged once and leaves the served version in place."""
        try:
            self._shelve_champion()
            self._reported = ""
        except (FieldwrightError, OSError) as error:
            if str(error) != self._reported:
                self._reported = str(error)
                logger.error("The served version stays: %s", error)
