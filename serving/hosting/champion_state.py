"""Which version is served, which one the registry wants, and why they differ."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class ChampionState:
    """As a worker knows it.

    served, wanted: versions; None where nothing is served, where the registry has no champion.
    why: one sentence, empty while the served version is the wanted one.
    since: seconds since the epoch at which they began to differ; 0 while they do not.
    """

    served: str | None
    wanted: str | None
    why: str = ""
    since: float = 0.0

    def stale_seconds(self) -> float:
        """For how long the served version has not been the wanted one."""
        return max(0.0, time.time() - self.since) if self.why else 0.0

    def document(self) -> dict[str, Any]:
        """For JSON."""
        since = datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds") if self.why else None
        return {"served": self.served, "wanted": self.wanted, "since": since, "why": self.why or None}
