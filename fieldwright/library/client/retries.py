"""When a question is asked again: none changes anything at the endpoint, so that each may be."""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx

AGAIN = (429, 503)
FIRST_SECONDS, LONGEST_SECONDS = 0.25, 30.0


@dataclass(frozen=True)
class Retries:
    """most: how often a question is asked again."""

    most: int

    def wait(self, attempt: int, outcome: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds to wait before it is asked again after so many attempts; None where it is not."""
        if attempt >= self.most:
            return None
        # Clients that were refused together must not come again together.
        pause = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0**attempt) * random.uniform(0.5, 1.0)
        if isinstance(outcome, httpx.TransportError):
            # What took too long once takes as long again.
            late = isinstance(outcome, httpx.ReadTimeout | httpx.WriteTimeout)
            return None if late or isinstance(outcome, httpx.UnsupportedProtocol) else pause
        if outcome.status_code not in AGAIN:
            return None
        seconds = outcome.headers.get("retry-after", "")
        return float(seconds) if seconds.isdecimal() else pause
