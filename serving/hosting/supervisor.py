"""The process that a user starts: brings champions onto the shelf and keeps workers serving them."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from fieldwright.serving.hosting.challenger_follower import ChallengerFollower
from fieldwright.serving.hosting.follower import Follower
from fieldwright.serving.hosting.model_card import registry_page
from fieldwright.serving.hosting.server import LOOK_SECONDS, Address, Server, say
from fieldwright.serving.hosting.worker_settings import Access, Options

EVERY_SECONDS = 1.0


class Supervisor:
    """Serves registered models until it is stopped.

    models: name to the tracking store that it is registered in.
    """

    def __init__(
        self, models: Mapping[str, str], address: Address, workers: int, access: Access, options: Options
    ) -> None:
        self._followers = {model: Follower(uri, model) for model, uri in models.items()}
        self._registry_pages = {model: registry_page(uri) for model, uri in models.items()}
        self._challengers = [
            ChallengerFollower(uri, model) for model, uri in models.items() if options.shadow > 0.0
        ]
        self._address = address
        self._workers = workers
        self._access, self._options = access, options

    def run(self, stop: threading.Event) -> None:
        """Serves until the event is set; raises ModelError where it cannot begin."""
        with self._address.listen() as listener:
            for follower in self._followers.values():
                follower.begin()
            shelves = {model: follower.shelf for model, follower in self._followers.items()}
            server = Server(
                listener, shelves, self._workers, self._access, self._options, self._registry_pages
            )
            try:
                self._exchange(server)
                versions = server.wait_until_ready(stop)
                if versions is not None:
                    served = " and ".join(f"'{model}' version {one}" for model, one in versions.items())
                    say(
                        f"Serving {served} at {self._address.url} "
                        "(GET /models says what, GET /docs.json how to ask)"
                    )
                # A registry that does not answer for long holds up neither the workers nor the end.
                threading.Thread(target=self._follow, args=(stop,), name="registry", daemon=True).start()
                while not stop.wait(LOOK_SECONDS):
                    server.look()
                    self._exchange(server)
            finally:
                server.stop()

    def _exchange(self, server: Server) -> None:
        """Tells workers what the registry wants, and followers what workers cannot serve."""
        for model, follower in self._followers.items():
            follower.failures = server.failures(model)
            server.tell(model, follower.state)

    def _follow(self, stop: threading.Event) -> None:
        """In one thread for all: MLflow keeps the store that it speaks to for the whole process."""
        while not stop.wait(EVERY_SECONDS):
            for follower in (*self._followers.values(), *self._challengers):
                follower.look()
