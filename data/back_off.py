"""When to try something again that has failed: soon at first, then less and less often."""

from __future__ import annotations

import time

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 30.0


class BackOff:
    """Of one thing at a time; another one is due at once."""

    def __init__(self) -> None:
        self._thing = ""
        self._due = 0.0
        self.failures = 0

    def due(self, thing: str) -> bool:
        """Whether to try it now."""
        return thing != self._thing or time.monotonic() >= self._due

    def failed(self, thing: str) -> None:
        """It has failed; the wait doubles with every failure of the same thing."""
        self.failures = self.failures + 1 if thing == self._thing else 1
        self._thing = thing
        delay = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self.failures - 1, 10))
        self._due = time.monotonic() + delay

    def succeeded(self) -> None:
        """It has not failed: the next wait is short again."""
        self._thing, self.failures = "", 0
