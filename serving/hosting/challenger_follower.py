"""How the supervisor follows the challenger of a registered model: it lies on the shelf beside the champion."""

from __future__ import annotations

import logging
from pathlib import Path

from fieldwright.data.back_off import BackOff
from fieldwright.data.errors import FieldwrightError
from fieldwright.serving.hosting.registry import CHALLENGER, NoChampion, Registry
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.surrogates.persistence.artifact import check_artifact

logger = logging.getLogger("fieldwright")


class ChallengerFollower:
    """One model of one tracking store. Whatever fails is tried again later: no answer depends on a challenger."""

    def __init__(self, tracking_uri: str, model: str) -> None:
        self._shelf = Shelf.of(model, tracking_uri).of_challenger()
        self._model = model
        self._registry = Registry(tracking_uri)
        self._back_off = BackOff()

    def look(self) -> None:
        """Looks at the registry, and takes the challenger from the shelf where there is none any more."""
        thing = "registry"
        if not self._back_off.due(thing):
            return
        try:
            try:
                version = self._registry.aliased(self._model, CHALLENGER)
            except NoChampion:
                self._shelf.pointer.unlink(missing_ok=True)
                return
            if self._shelf.versions()[:1] == [version] and self._shelf.path(version).exists():
                return

            def fetch(into: Path) -> Path:
                folder = self._registry.download(version, into)
                check_artifact(folder)
                return folder

            self._shelf.put(version, fetch)
            self._shelf.point_to(version)
            logger.info("Version %s of '%s' is the challenger", version.version, version.model)
            self._back_off.succeeded()
        except (FieldwrightError, OSError) as error:
            if not self._back_off.failures:
                logger.error("The challenger of '%s' is not asked: %s", self._model, error)
            self._back_off.failed(thing)
