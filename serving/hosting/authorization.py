"""Who may ask: the API key of a request, what it allows, and how often."""

from __future__ import annotations

import time
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fieldwright.data.api_keys import ApiKey, KeyFile, digest_of, environment_key
from fieldwright.data.errors import AccessError
from fieldwright.serving.addresses import target_of
from fieldwright.serving.failures import failure_response
from fieldwright.serving.hosting.shared_rows import SharedRows
from fieldwright.serving.phrases import listed

OPEN = ("/livez", "/readyz", "/", "/page")
"""What keeps the endpoint running asks the first two, which say nothing but the version that is served. The page says
nothing of a model, and asks for a key itself."""
KEY = "fieldwright.key"
"""In the scope of a request, the key that has been found."""
REREAD_SECONDS = 1.0
MINUTE = 60.0


class Keys:
    """All keys by their digests, for the models of studies; a change of their file is seen within a second."""

    def __init__(self, file: KeyFile, *studies: str) -> None:
        self.studies = studies
        self._file = file
        self._mark: object = None
        self._next = 0.0
        self._keys: Mapping[str, ApiKey] = {}

    def find(self, key: str) -> ApiKey | None:
        """The entry of a key; None where it is unknown."""
        # A digest is looked up, so that how long it takes says nothing of any key.
        return self._current().get(digest_of(key))

    def _current(self) -> Mapping[str, ApiKey]:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + REREAD_SECONDS
            try:
                status = self._file.path.stat()
                mark: object = (status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
            except OSError:
                mark = None
            if mark != self._mark or not self._keys:
                self._mark = mark
                key_of_environment = environment_key()
                try:
                    keys = self._file.read()
                except AccessError:
                    keys = []  # a file that others can read or write gives nobody access
                self._keys = {
                    one.digest: one for one in (*keys, *((key_of_environment,) if key_of_environment else ()))
                }
        return self._keys


class RateLimits:
    """Requests of each key in this minute, counted over all workers.

    column: the first of RATE_COLUMNS numbers in the rows: per key the minute, and the requests in it.
    """

    def __init__(self, rows: SharedRows, column: int) -> None:
        self._rows, self._column = rows, column

    def seconds_to_wait(self, key: ApiKey) -> int:
        """Counts a request of the key; 0 where it may be answered now."""
        now = time.time()
        minute = float(now // MINUTE)
        minutes = self._column + 2 * key.slot
        requests = minutes + 1
        pairs = list(zip(self._rows.column(minutes), self._rows.column(requests), strict=True))
        if key.per_minute and sum(count for when, count in pairs if when == minute) >= key.per_minute:
            return int(MINUTE - now % MINUTE) + 1
        if pairs[self._rows.row][0] != minute:
            self._rows.put(requests, 0.0)
            self._rows.put(minutes, minute)
        self._rows.add(requests)
        return 0


class Authorization:
    """Refuses requests without a key (401), beyond what their key allows (403), and too many of them (429)."""

    def __init__(self, app: ASGIApp, keys: Keys | None, limits: RateLimits) -> None:
        self._app, self._keys, self._limits = app, keys, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._keys is None or scope["type"] != "http" or target_of(scope["path"]).route in OPEN:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(self._keys, scope)
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, keys: Keys, scope: Scope) -> Response | None:
        scheme, _, text = Headers(scope=scope).get("authorization", "").partition(" ")
        key = keys.find(text.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            got = "one that is not known" if text else "none"
            sentence = (
                f"A request must have an API key. Got {got}. Send the header 'Authorization: Bearer KEY'; "
                "`fieldwright keys add` makes one."
            )
            return failure_response(401, sentence, {"WWW-Authenticate": "Bearer"})
        target = target_of(scope["path"])
        studies = keys.studies if target.model is None else (target.model,)
        scope[KEY] = key
        if not any(key.allows(target.route, study) for study in studies):
            sentence = (
                f"The key '{key.name}' must allow what is asked. Got {target.route} of {listed(studies)}. "
                "Use another key, or have one made that allows it."
            )
            return failure_response(403, sentence)
        wait = self._limits.seconds_to_wait(key)
        if wait:
            sentence = (
                f"The key '{key.name}' may send {key.per_minute} requests in a minute. Got one more. "
                f"Send it again in {wait} s."
            )
            return failure_response(429, sentence, {"Retry-After": str(wait)})
        return None
