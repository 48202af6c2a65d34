"""The surrogate that a worker answers with, replaced while it runs whenever another version is promoted."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

from fieldwright.data.back_off import BackOff
from fieldwright.data.errors import FieldwrightError
from fieldwright.serving.families import load_shelved
from fieldwright.serving.hosting.champion_state import ChampionState
from fieldwright.serving.hosting.channel import Channel
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.served_model import ServedModel

EVERY_SECONDS = 1.0
logger = logging.getLogger("bentoml.fieldwright")


class Champion:
    """Follows the pointer of a shelf; `current` is swapped as a whole, so a request sees one version only.

    current: what to answer with; None until a version could be loaded. folder: from which it was loaded.
    failure: why the version that the pointer names is not the one served; empty when it is.
    registry_page: of the tracking server, empty where no browser can open it.
    """

    def __init__(self, shelf: Shelf, supervisor: Channel | None = None, registry_page: str = "") -> None:
        self.registry_page = registry_page
        self.current: ServedModel | None = None
        self.folder = shelf.folder
        self.failure = f"No model has been put into {shelf.folder} yet."
        self._failing_since = time.time()
        self._shelf = shelf
        self._supervisor = supervisor
        self._registry: ChampionState | None = None
        self._loaded = ""
        self._back_off = BackOff()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Loads what there is and follows the pointer from then on, in a thread of its own."""
        self.refresh()
        self._report()
        threading.Thread(target=self._follow, name="champion", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def state(self) -> ChampionState:
        """What is served, what the registry wants, and why they differ."""
        served = None if self.current is None else self.current.version
        registry = self._registry
        if registry is not None and registry.why:
            return ChampionState(served, registry.wanted, registry.why, registry.since)
        versions = self._shelf.versions()
        champion_version = registry.wanted if registry else (versions[0].version if versions else None)
        if self.failure:
            return ChampionState(served, champion_version, self.failure, self._failing_since)
        if served != champion_version:
            return ChampionState(
                served, champion_version, f"Version {champion_version} is being loaded.", time.time()
            )
        return ChampionState(served, champion_version)

    def refresh(self) -> None:
        """Loads the version that the pointer names, if it is another; on any failure keeps what is served.

        A version that does not load is tried again, at once when its files have changed, else less and less often.
        A worker that serves nothing yet falls back on the versions before, so that its start never depends on the
        newest one being sound.
        """
        versions = self._shelf.versions()
        if not versions:
            return
        mark = self._shelf.mark(versions[0])
        if not self._back_off.due(mark) or mark == self._loaded:
            return
        for shelved in versions if self.current is None else versions[:1]:
            try:
                served = load_shelved(shelved, self._shelf.path(shelved))
            # Whatever a damaged artifact makes fail, the version that is served must go on being served.
            except Exception as error:
                why = str(error) if isinstance(error, FieldwrightError) else repr(error)
                failure = f"Version {shelved.version} of '{shelved.model}' cannot be served: {why}"
                if shelved is versions[0]:
                    self._fail(failure, error)
                    self._back_off.failed(mark)
                continue
            self.current, self.folder = served, self._shelf.path(shelved)
            if shelved is versions[0]:
                self.failure, self._loaded = "", mark
                self._back_off.succeeded()
            logger.info("Serving '%s' version %s on %s", served.model, served.version, served.device)
            return

    def _fail(self, failure: str, error: Exception) -> None:
        """Says a failure once, however often it comes again."""
        if failure != self.failure:
            logger.error("%s", failure, exc_info=None if isinstance(error, FieldwrightError) else error)
            self._failing_since = time.time()
        self.failure = failure

    def _report(self) -> None:
        """Tells the supervisor what is served, and why the champion is not."""
        if self._supervisor is not None:
            served = None if self.current is None else self.current.version
            self._supervisor.send({"served": served, "failure": self.failure})

    def _follow(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
                before = (self.current, self.failure, self._back_off.failures)
                self.refresh()
                if before != (self.current, self.failure, self._back_off.failures):
                    self._report()
            except Exception:
                logger.exception("The pointer %s cannot be read", self._shelf.pointer)

    def _listen(self) -> None:
        """Waits for a second, or until the supervisor says something."""
        if self._supervisor is None:
            self._stopped.wait(EVERY_SECONDS)
            return
        for message in self._supervisor.receive(EVERY_SECONDS):
            self._registry = ChampionState(None, **message)
        if self._supervisor.closed:
            # Nobody is left who would end this worker, or replace it.
            os.kill(os.getpid(), signal.SIGTERM)
            self.stop()
