"""How the supervisor follows one registered model: its champion is brought onto the shelf whenever it is another."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from fieldwright.data.back_off import BackOff
from fieldwright.data.disk import fault
from fieldwright.data.errors import FieldwrightError, ModelError
from fieldwright.serving.hosting.champion_state import ChampionState
from fieldwright.serving.hosting.registry import NoChampion, Registry
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.surrogates.persistence.artifact import MANIFEST, check_artifact

FILES_SECONDS = 10.0
"""Between two looks for the files of the champion that is served."""
logger = logging.getLogger("fieldwright")


class Follower:
    """One model of one tracking store.

    state: what the registry wants. failures: why workers do not serve what lies on the shelf.
    """

    def __init__(self, tracking_uri: str, model: str) -> None:
        self.shelf = Shelf.of(model, tracking_uri)
        self.state = ChampionState(None, None)
        self.failures: set[str] = set()
        self._model = model
        self._registry = Registry(tracking_uri)
        self._back_off = BackOff()
        self._seen: tuple[Shelved, ChampionState] | None = None
        self._next_look = 0.0

    def begin(self) -> None:
        """Has the champion on the shelf; where it cannot be had, one of the versions before must be there.

        Raises ModelError.
        """
        champion = self._registry.champion(self._model)
        try:
            self._shelve(champion)
        except (FieldwrightError, OSError) as error:
            if not any(_is_whole(self.shelf.path(shelved)) for shelved in self.shelf.versions()):
                raise _unshelved(champion, error) from error
            self._differ(champion.version, str(_unshelved(champion, error)))
            self._back_off.failed(champion.folder)
        else:
            self.state = ChampionState(None, champion.version)

    def look(self) -> None:
        """Looks at the registry; whatever fails is looked at again the next time."""
        try:
            self._step()
        # Whatever a database, a server or a disk makes fail: it must be looked at again.
        except Exception as error:
            self._differ(self.state.wanted, f"The registry cannot be followed: {error!r}.")

    def _step(self) -> None:
        """Shelves the champion if it is another, or does not load; what goes wrong leaves the served version."""
        try:
            champion = self._registry.champion(self._model)
        except NoChampion as error:
            self._differ(None, str(error))
            return
        except FieldwrightError as error:
            self._differ(self.state.wanted, str(error))
            return
        shelved = self.shelf.versions()[:1] == [champion] and self.shelf.path(champion).exists()
        if shelved and not self.failures:
            self._look_for_files(champion)
            return
        if not self._back_off.due(champion.folder):
            return
        if not shelved:
            self.state = ChampionState(None, champion.version, *self._reason(champion))
        try:
            self._shelve(champion)
        except (FieldwrightError, OSError) as error:
            self._differ(champion.version, str(_unshelved(champion, error)))
            self._back_off.failed(champion.folder)
            return
        if self.failures:
            # The copy is whole: what the workers say of it stands, until its files are others.
            self._back_off.failed(champion.folder)
        self._agree(champion)

    def _look_for_files(self, champion: Shelved) -> None:
        """The champion is served; states it where the registry could not give it once more."""
        if self._seen == (champion, self.state) and time.monotonic() < self._next_look:
            return
        try:
            self._registry.refuse_missing(champion)
        except FieldwrightError as error:
            self._differ(champion.version, str(error))
        else:
            self._agree(champion)
        self._seen, self._next_look = (champion, self.state), time.monotonic() + FILES_SECONDS

    def _reason(self, champion: Shelved) -> tuple[str, float]:
        """Why and since when the champion is not served, while it is being fetched."""
        if self.state.why and self.state.wanted == champion.version:
            return self.state.why, self.state.since
        return f"Version {champion.version} of '{champion.model}' is being fetched.", time.time()

    def _shelve(self, champion: Shelved) -> None:
        """Brings the version onto the shelf and points the workers to it; a copy that is not as the registry has it
        is replaced."""

        present = self.shelf.path(champion)
        damaged = present.exists() and not _is_whole(present)

        def fetch(into: Path) -> Path | None:
            folder = self._registry.download(champion, into)
            check_artifact(folder)
            same = present.exists() and not damaged and _manifest(present) == _manifest(folder)
            return None if same else folder

        self.shelf.put(champion, fetch, again=damaged or bool(self.failures))
        if self.shelf.versions()[:1] != [champion]:
            self.shelf.point_to(champion)
            logger.info("Version %s of '%s' is the champion", champion.version, champion.model)

    def _agree(self, champion: Shelved) -> None:
        if self.state.why or self.state.wanted != champion.version:
            self.state = ChampionState(None, champion.version)

    def _differ(self, version: str | None, why: str) -> None:
        """States why the served version is not the wanted one; logged once, however long it lasts."""
        if why != self.state.why or version != self.state.wanted:
            lasting = self.state.why and version == self.state.wanted
            self.state = ChampionState(None, version, why, self.state.since if lasting else time.time())
            logger.error("The served version stays: %s", why)


def _is_whole(folder: Path) -> bool:
    try:
        check_artifact(folder)
    except (ModelError, OSError):
        return False
    return True


def _manifest(folder: Path) -> bytes:
    """Holds the checksums of all else."""
    return (folder / MANIFEST).read_bytes()


def _unshelved(champion: Shelved, error: Exception) -> ModelError:
    if isinstance(error, FieldwrightError):
        return ModelError(
            f"Version {champion.version} of '{champion.model}' cannot be served: {error.must}",
            error.got,
            error.do,
        )
    cause = fault(error, "the shelf", "writable") if isinstance(error, OSError) else None
    must, do = cause or ("it must find place on the shelf", "Look at that disk")
    return ModelError(
        f"Version {champion.version} of '{champion.model}' cannot be served: {must[:1].lower()}{must[1:]}",
        f"'{error}'",
        f"{do}; it is tried again by itself",
    )
