"""The process that a user starts: brings the champion onto the shelf and keeps workers serving it."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from fieldwright.data.errors import FieldwrightError, ModelError
from fieldwright.serving.hosting.back_off import BackOff
from fieldwright.serving.hosting.champion_state import ChampionState
from fieldwright.serving.hosting.registry import NoChampion, Registry
from fieldwright.serving.hosting.server import LOOK_SECONDS, Address, Server, say
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.serving.hosting.worker_settings import Access, Options
from fieldwright.surrogates.persistence.artifact import MANIFEST, check_artifact

EVERY_SECONDS = 1.0
FILES_SECONDS = 10.0
"""Between two looks for the files of the champion that is served."""
logger = logging.getLogger("fieldwright")


class Supervisor:
    """Serves one registered model of one tracking store until it is told to stop."""

    def __init__(
        self, tracking_uri: str, model: str, address: Address, workers: int, access: Access, options: Options
    ) -> None:
        self._model = model
        self._address = address
        self._workers = workers
        self._access, self._options = access, options
        self._registry = Registry(tracking_uri)
        self._shelf = Shelf.of(model, tracking_uri)
        self._back_off = BackOff()
        self._state = ChampionState(None, None)
        self._failures: set[str] = set()
        self._seen: tuple[Shelved, ChampionState] | None = None
        self._next_look = 0.0

    def run(self, stop: threading.Event) -> None:
        """Serves until the event is set; raises ModelError where it cannot begin."""
        with self._address.listen() as listener:
            self._begin()
            server = Server(listener, self._model, self._shelf, self._workers, self._access, self._options)
            try:
                server.tell(self._state)
                version = server.wait_until_ready(stop)
                if version is not None:
                    say(
                        f"Serving '{self._model}' version {version} at {self._address.url} "
                        "(GET /models says what, GET /docs.json how to ask)"
                    )
                # A registry that does not answer for long holds up neither the workers nor the end.
                threading.Thread(target=self._follow, args=(stop,), name="registry", daemon=True).start()
                while not stop.wait(LOOK_SECONDS):
                    server.look()
                    self._failures = server.failures
                    server.tell(self._state)
            finally:
                server.stop()

    def _begin(self) -> None:
        """Has the champion on the shelf; where it cannot be had, one of the versions before must be there."""
        champion = self._registry.champion(self._model)
        try:
            self._shelve(champion)
        except (FieldwrightError, OSError) as error:
            if not any(_is_whole(self._shelf.path(shelved)) for shelved in self._shelf.versions()):
                raise _unshelved(champion, error) from error
            self._differ(champion.version, str(_unshelved(champion, error)))
            self._back_off.failed(champion.folder)
        else:
            self._state = ChampionState(None, champion.version)

    def _follow(self, stop: threading.Event) -> None:
        while not stop.wait(EVERY_SECONDS):
            try:
                self._step()
            # Whatever a database, a server or a disk makes fail: it must be looked at again.
            except Exception as error:
                self._differ(self._state.wanted, f"The registry cannot be followed: {error!r}.")

    def _step(self) -> None:
        """Shelves the champion if it is another, or does not load; what goes wrong leaves the served version."""
        try:
            champion = self._registry.champion(self._model)
        except NoChampion as error:
            self._differ(None, str(error))
            return
        except FieldwrightError as error:
            self._differ(self._state.wanted, str(error))
            return
        shelved = self._shelf.versions()[:1] == [champion] and self._shelf.path(champion).exists()
        if shelved and not self._failures:
            self._look_for_files(champion)
            return
        if not self._back_off.due(champion.folder):
            return
        if not shelved:
            self._state = ChampionState(None, champion.version, *self._reason(champion))
        try:
            self._shelve(champion)
        except (FieldwrightError, OSError) as error:
            self._differ(champion.version, str(_unshelved(champion, error)))
            self._back_off.failed(champion.folder)
            return
        if self._failures:
            # The copy is whole: what the workers say of it stands, until its files are others.
            self._back_off.failed(champion.folder)
        self._agree(champion)

    def _look_for_files(self, champion: Shelved) -> None:
        """The champion is served; states it where the registry could not give it once more."""
        if self._seen == (champion, self._state) and time.monotonic() < self._next_look:
            return
        try:
            self._registry.refuse_missing(champion)
        except FieldwrightError as error:
            self._differ(champion.version, str(error))
        else:
            self._agree(champion)
        self._seen, self._next_look = (champion, self._state), time.monotonic() + FILES_SECONDS

    def _reason(self, champion: Shelved) -> tuple[str, float]:
        """Why and since when the champion is not served, while it is being fetched."""
        if self._state.why and self._state.wanted == champion.version:
            return self._state.why, self._state.since
        return f"Version {champion.version} of '{champion.model}' is being fetched.", time.time()

    def _shelve(self, champion: Shelved) -> None:
        """Brings the version onto the shelf and points the workers to it; a copy that is not as the registry has it
        is replaced."""

        present = self._shelf.path(champion)
        damaged = present.exists() and not _is_whole(present)

        def fetch(into: Path) -> Path | None:
            folder = self._registry.download(champion, into)
            check_artifact(folder)
            same = present.exists() and not damaged and _manifest(present) == _manifest(folder)
            return None if same else folder

        self._shelf.put(champion, fetch, again=damaged or bool(self._failures))
        if self._shelf.versions()[:1] != [champion]:
            self._shelf.point_to(champion)
            logger.info("Version %s of '%s' is the champion", champion.version, champion.model)

    def _agree(self, champion: Shelved) -> None:
        if self._state.why or self._state.wanted != champion.version:
            self._state = ChampionState(None, champion.version)

    def _differ(self, version: str | None, why: str) -> None:
        """States why the served version is not the wanted one; logged once, however long it lasts."""
        if why != self._state.why or version != self._state.wanted:
            lasting = self._state.why and version == self._state.wanted
            self._state = ChampionState(None, version, why, self._state.since if lasting else time.time())
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
    return ModelError(
        f"Version {champion.version} of '{champion.model}' cannot be served: it must find place on the shelf",
        f"'{error}'",
        "Make room on that disk; it is tried again by itself",
    )
