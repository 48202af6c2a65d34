"""Which entries are complete: those whose files have not changed for long enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fieldwright.flows.watching.listing import WatchedEntry


class Settling:
    """Compares one look with those before.

    Time is this machine's own between looks: the clock of a file server may differ.

    Parameters
    ----------
    seconds
        For which an entry must not have changed.
    log_seconds
        The same for one whose solver's log has not come to its end.
    log_is_open
        Whether the log of a run's folder shows a solver at work; asked for entries that have settled otherwise.
    """

    def __init__(self, seconds: float, log_seconds: float, log_is_open: Callable[[Path], bool]) -> None:
        self._seconds, self._log_seconds, self._log_is_open = seconds, log_seconds, log_is_open
        self._since: dict[str, tuple[str, float]] = {}

    def settled(self, entries: Mapping[str, WatchedEntry], now: float) -> dict[str, str]:
        """The complete entries, name to signature, of a look at the time `now` in seconds."""
        since = {}
        for name, entry in entries.items():
            signature, begin = self._since.get(name, ("", now))
            since[name] = (entry.signature, begin if signature == entry.signature else now)
        self._since = since
        return {
            name: entry.signature
            for name, entry in entries.items()
            if not entry.partial and self._is_complete(entry, now - since[name][1])
        }

    def _is_complete(self, entry: WatchedEntry, quiet: float) -> bool:
        if quiet < self._seconds:
            return False
        if entry.needed or quiet >= self._log_seconds:
            return True
        return not self._log_is_open(entry.path)
