"""The surrogate that a worker answers with, replaced while it runs whenever another version is promoted."""

from __future__ import annotations

import logging
import threading

from fieldwright.data.errors import FieldwrightError
from fieldwright.serving.families import load_shelved
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.served_model import ServedModel

EVERY_SECONDS = 1.0
logger = logging.getLogger("bentoml.fieldwright")


class Champion:
    """Follows the pointer of a shelf; `current` is swapped as a whole, so a request sees one version only.

    current: what to answer with; None until a version could be loaded.
    failure: why the version that the pointer names is not the one served; empty when it is.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.current: ServedModel | None = None
        self.failure = f"No model has been put into {shelf.folder} yet."
        self._shelf = shelf
        self._tried = ""
        self._stopped = threading.Event()

    def start(self) -> None:
        """Loads what there is and follows the pointer from then on, in a thread of its own."""
        self.refresh()
        threading.Thread(target=self._follow, name="champion", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def refresh(self) -> None:
        """Loads the version that the pointer names, if it is another; on any failure keeps what is served.

        A worker that serves nothing yet falls back on the versions before, so that its start never depends
        on the newest one being sound.
        """
        versions = self._shelf.versions()
        if not versions or versions[0].folder == self._tried:
            return
        self._tried = versions[0].folder
        for shelved in versions if self.current is None else versions[:1]:
            try:
                served = load_shelved(shelved, self._shelf.path(shelved))
            # Whatever a damaged artifact makes fail, the version that is served must go on being served.
            except Exception as error:
                why = str(error) if isinstance(error, FieldwrightError) else repr(error)
                failure = f"Version {shelved.version} of '{shelved.model}' cannot be served: {why}"
                logger.error("%s", failure, exc_info=error)
                if shelved is versions[0]:
                    self.failure = failure
                continue
            self.current = served
            if shelved is versions[0]:
                self.failure = ""
            logger.info("Serving '%s' version %s on %s", served.model, served.version, served.device)
            return

    def _follow(self) -> None:
        while not self._stopped.wait(EVERY_SECONDS):
            try:
                self.refresh()
            except Exception:
                logger.exception("The pointer %s cannot be read", self._shelf.pointer)
